//! A blob on an emulated board: what it costs, and whether the bytes are the host's.

use crate::board::{self, Board, BuildError, Firmware, Kind, LogError};
use crate::measure::cost::m4;
use crate::measure::elf::{ElfError, Image};
use crate::measure::emulate::{
    self, Core, EmulateError, Emulator, Machine, Phase, Region, Run, RunOptions,
};
use crate::measure::sim::{self, Blob, Inputs};
use crate::report::{BenchReport, Flash, Layer, Provenance, Total};
use std::path::PathBuf;
use tiivis_runtime::bench::{Batch, batch_offset};
use tiivis_runtime::blob::Step;

/// Why a model could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// No firmware.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The firmware's file is not what it should be.
    #[error("the firmware's ELF file cannot be used: {0}")]
    Elf(#[from] ElfError),
    /// The run failed.
    #[error(transparent)]
    Emulate(#[from] EmulateError),
    /// The device's log cannot be read, or tells of a failure.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The firmware gave up without a word.
    #[error("the firmware `{}` ended with exit code {code} and did not say why", firmware.display())]
    ExitCode {
        /// Its file.
        firmware: PathBuf,
        /// The code.
        code: u32,
    },
    /// Nothing emulates the board.
    #[error("board `{board}` cannot be emulated by {emulator}: `tiivis boards` says what can")]
    NotEmulated {
        /// The board.
        board: String,
        /// What was asked for.
        emulator: Emulator,
    },
    /// The run was not the one that was expected.
    #[error(
        "the firmware on `{board}` was to report {expected}, found {found}: this is a bug in Tiivis, please report it"
    )]
    Protocol {
        /// The board.
        board: String,
        /// What was missing.
        expected: String,
        /// What came.
        found: String,
    },
    /// Outputs differ.
    #[error(
        "`{board}` and the host simulation differ: sample {sample}, output {output}, byte {byte}: {device} on the \
         device, {host} on the host: this is a bug in Tiivis, please report it"
    )]
    Differs {
        /// The board.
        board: String,
        /// First sample that differs.
        sample: usize,
        /// Its output.
        output: usize,
        /// The first byte.
        byte: usize,
        /// On the device.
        device: i8,
        /// On the host.
        host: i8,
    },
    /// The model is too large for 32-bit addresses.
    #[error("model and samples do not fit the board's address space: give fewer samples")]
    TooLarge,
}

/// A measurement.
pub struct Measured {
    /// The figures.
    pub report: BenchReport,
    /// Firmware, model and samples as one image.
    pub image: Image,
}

/// Runs `blob` on an emulated board over every sample, checks each output against the host
/// simulation, and counts the first sample's inference: in total without the per-layer hook, then
/// by layer with it. `progress` hears what is being done.
pub fn bench(
    board: &Board,
    blob: &Blob,
    inputs: &Inputs,
    emulator: Emulator,
    progress: &mut dyn FnMut(&str),
) -> Result<Measured, BenchError> {
    let machine = machine(board, emulator)?;
    progress("building the firmware");
    let firmware = board::build(board, Kind::Bench, progress)?;
    let layers_firmware = board::build(board, Kind::Layers, progress)?;

    progress("running the model");
    let image = image(board, &firmware, blob, inputs)?;
    let run = execute(&firmware, emulator, &machine, &image)?;
    let found = board::decode(&firmware.elf_bytes, &run.stdout)?.results()?;
    compare(board, blob, inputs, &found.outputs)?;

    progress("counting the layers");
    let layers_image = self::image(board, &layers_firmware, blob, &inputs.first(1))?;
    let layers_run = execute(&layers_firmware, emulator, &machine, &layers_image)?;

    let model = m4::Model::new(&image);
    let [_, inference, ..] = &run.phases[..] else {
        return Err(unexpected(
            board,
            "two marks",
            &format!("{} phases", run.phases.len()),
        ));
    };
    let cost = model.cost(inference);
    let (layers, layers_instructions) = layers(board, blob, &layers_image, &layers_run)?;
    let difference = |a: u64, b: u64| {
        i64::try_from(a).unwrap_or(i64::MAX) - i64::try_from(b).unwrap_or(i64::MAX)
    };
    let weights_bytes = length(blob.bytes());
    let report = BenchReport {
        board: board.id.clone(),
        emulator: emulator.to_string(),
        provenance: Provenance {
            instructions: format!("counted ({emulator})"),
            cycles: m4::PROVENANCE.to_owned(),
        },
        total: Total {
            macs: layers.iter().map(|layer| layer.macs).sum(),
            instructions: cost.instructions,
            cycles: cost.cycles,
            hook_instructions: difference(layers_instructions, cost.instructions),
        },
        layers,
        arena_bytes: blob.model().program().arena_bytes.into(),
        stack_bytes: found.stack_bytes.into(),
        flash: Flash {
            code_bytes: firmware.code_bytes.into(),
            weights_bytes,
            total_bytes: u64::from(firmware.code_bytes) + weights_bytes,
        },
        samples: inputs.samples,
        identical: inputs.samples,
        clock_hz: board.clock_hz.into(),
    };
    Ok(Measured { report, image })
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).expect("lengths fit 64 bits")
}

fn unexpected(board: &Board, expected: &str, found: &str) -> BenchError {
    BenchError::Protocol {
        board: board.id.clone(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

/// The board as the emulators know it.
fn machine(board: &Board, emulator: Emulator) -> Result<Machine, BenchError> {
    let known = board.emulator.as_ref().is_some_and(|known| match emulator {
        Emulator::InProcess => known.in_process,
        Emulator::Qemu => known.qemu_machine.is_some(),
    });
    if !known {
        return Err(BenchError::NotEmulated {
            board: board.id.clone(),
            emulator,
        });
    }
    Ok(Machine {
        flash: Region {
            origin: board.flash.start,
            len: board.flash.bytes,
        },
        ram: Region {
            origin: board.ram.start,
            len: board.ram.bytes,
        },
        qemu_machine: board
            .emulator
            .as_ref()
            .and_then(|known| known.qemu_machine.clone()),
        core: match board.core {
            board::Core::CortexM4 => Core::M4F,
        },
    })
}

/// Firmware, blob and samples as one image.
fn image(
    board: &Board,
    firmware: &Firmware,
    blob: &Blob,
    inputs: &Inputs,
) -> Result<Image, BenchError> {
    let mut image = Image::parse(&firmware.elf_bytes)?;
    let address = board.model_address();
    let len = u32::try_from(blob.bytes().len()).map_err(|_| BenchError::TooLarge)?;
    let offset = batch_offset(len).ok_or(BenchError::TooLarge)?;
    image.add_segment(address, blob.bytes().to_vec())?;
    image.add_segment(
        address.checked_add(offset).ok_or(BenchError::TooLarge)?,
        batch(inputs)?,
    )?;
    Ok(image)
}

/// The samples as the firmware reads them: sample by sample, each with all inputs in order.
fn batch(inputs: &Inputs) -> Result<Vec<u8>, BenchError> {
    let lens: Vec<_> = inputs
        .values
        .iter()
        .map(|values| values.len() / inputs.samples.max(1))
        .collect();
    let count = u32::try_from(inputs.samples).map_err(|_| BenchError::TooLarge)?;
    let sample_bytes =
        u32::try_from(lens.iter().sum::<usize>()).map_err(|_| BenchError::TooLarge)?;
    let mut bytes = Batch::header(count, sample_bytes).to_vec();
    for sample in 0..inputs.samples {
        for (values, &len) in inputs.values.iter().zip(&lens) {
            bytes.extend(
                values[sample * len..][..len]
                    .iter()
                    .map(|value| value.cast_unsigned()),
            );
        }
    }
    Ok(bytes)
}

fn execute(
    firmware: &Firmware,
    emulator: Emulator,
    machine: &Machine,
    image: &Image,
) -> Result<Run, BenchError> {
    let run = emulate::run(emulator, image, machine, RunOptions::default())?;
    // A firmware that gives up logs why, which says more than its exit code.
    if run.exit_code != 0 {
        board::decode(&firmware.elf_bytes, &run.stdout)?.results()?;
        return Err(BenchError::ExitCode {
            firmware: firmware.path.clone(),
            code: run.exit_code,
        });
    }
    Ok(run)
}

/// Compares what the device reported, per sample and output, with the host simulation.
fn compare(
    board: &Board,
    blob: &Blob,
    inputs: &Inputs,
    device: &[Vec<Vec<i8>>],
) -> Result<(), BenchError> {
    let model = blob.model();
    let host = sim::run(&model, inputs, &|_| ());
    if device.len() != inputs.samples {
        let expected = format!("{} samples", inputs.samples);
        return Err(unexpected(
            board,
            &expected,
            &format!("{} samples", device.len()),
        ));
    }
    for (sample, outputs) in device.iter().enumerate() {
        for (output, host) in host.iter().enumerate() {
            let len = host.len() / inputs.samples;
            let host = &host[sample * len..][..len];
            let device = outputs.get(output).map_or(&[][..], Vec::as_slice);
            if host.len() != device.len() {
                let expected = format!("{} bytes of output {output}", host.len());
                return Err(unexpected(
                    board,
                    &expected,
                    &format!("{} bytes", device.len()),
                ));
            }
            if let Some(byte) = (0..len).find(|&byte| host[byte] != device[byte]) {
                return Err(BenchError::Differs {
                    board: board.id.clone(),
                    sample,
                    output,
                    byte,
                    device: device[byte],
                    host: host[byte],
                });
            }
        }
    }
    Ok(())
}

/// The layers' costs, and the instructions of the whole pass.
///
/// Phases of the `layers` firmware: 0 before the run, 1 from the call to the first step, then one a
/// step, then one behind the run.
fn layers(
    board: &Board,
    blob: &Blob,
    image: &Image,
    run: &Run,
) -> Result<(Vec<Layer>, u64), BenchError> {
    let blob_model = blob.model();
    let steps: Vec<Step> = blob_model.steps().collect();
    let names: Vec<_> = blob_model.layer_names().collect();
    let Some(phases) = run.phases.get(1..steps.len() + 2) else {
        let found = format!("{} phases", run.phases.len());
        return Err(unexpected(
            board,
            &format!("{} phases", steps.len() + 3),
            &found,
        ));
    };
    let model = m4::Model::new(image);
    let mut layers: Vec<(u32, Layer)> = Vec::new();
    for (step, phase) in steps.iter().zip(&phases[1..]) {
        let cost = model.cost(phase);
        let name = usize::try_from(step.layer)
            .ok()
            .and_then(|layer| names.get(layer));
        let layer = Layer {
            name: name.map_or_else(|| format!("layer {}", step.layer), |&name| name.to_owned()),
            op: step.op.name().to_owned(),
            macs: step.op.macs(),
            instructions: cost.instructions,
            cycles: cost.cycles,
        };
        match layers.last_mut() {
            // A layer may take several steps.
            Some((number, last)) if *number == step.layer => add(last, &layer),
            _ => layers.push((step.layer, layer)),
        }
    }
    let instructions = phases.iter().map(Phase::instructions).sum();
    Ok((
        layers.into_iter().map(|(_, layer)| layer).collect(),
        instructions,
    ))
}

fn add(sum: &mut Layer, more: &Layer) {
    if sum.op != more.op {
        sum.op = format!("{} + {}", sum.op, more.op);
    }
    sum.macs += more.macs;
    sum.instructions += more.instructions;
    sum.cycles.low += more.cycles.low;
    sum.cycles.mid += more.cycles.mid;
    sum.cycles.high += more.cycles.high;
}
