//! A blob on an emulated board: what it costs, and whether the bytes are the host's.

mod error;
mod kernels;
mod layers;
mod listen;

pub use error::BenchError;
pub use kernels::check_kernels;
pub use listen::listen;

use crate::board::{self, Board, Firmware, Kind};
use crate::elf::Image;
use crate::measure::cost::m4;
use crate::measure::emulate::{self, Core, Emulator, Machine, Region, Run, RunOptions};
use crate::measure::sim::{self, Blob, Inputs};
use crate::report::{BenchReport, Flash, Provenance, Total};
use layers::layers;

/// A measurement: of a model, a [`BenchReport`], or of its front-end, a
/// [`ListenReport`](crate::report::ListenReport).
pub struct Measured<R> {
    /// The figures.
    pub report: R,
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
) -> Result<Measured<BenchReport>, BenchError> {
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
        flash: flash(&firmware, blob),
        samples: inputs.samples,
        identical: inputs.samples,
        clock_hz: board.clock_hz.into(),
    };
    Ok(Measured { report, image })
}

/// Runs `blob` on an emulated board over every sample; per sample, the bytes of every output.
///
/// # Errors
/// See [`BenchError`]; outputs that are not the host's are none.
pub fn outputs(
    board: &Board,
    blob: &Blob,
    inputs: &Inputs,
    emulator: Emulator,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Vec<Vec<i8>>>, BenchError> {
    let machine = machine(board, emulator)?;
    progress("building the firmware");
    let firmware = board::build(board, Kind::Bench, progress)?;
    progress("running the model");
    let image = image(board, &firmware, blob, inputs)?;
    let run = execute(&firmware, emulator, &machine, &image)?;
    Ok(board::decode(&firmware.elf_bytes, &run.stdout)?
        .results()?
        .outputs)
}

fn difference(a: u64, b: u64) -> i64 {
    i64::try_from(a).unwrap_or(i64::MAX) - i64::try_from(b).unwrap_or(i64::MAX)
}

fn flash(firmware: &Firmware, blob: &Blob) -> Flash {
    let code_bytes = firmware.code_bytes.into();
    let weights_bytes = u64::try_from(blob.bytes().len()).expect("lengths fit 64 bits");
    Flash {
        code_bytes,
        weights_bytes,
        total_bytes: code_bytes + weights_bytes,
    }
}

fn unexpected(board: &Board, expected: &str, found: &str) -> BenchError {
    BenchError::Protocol {
        board: board.id.clone(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

/// The board as the emulators know it.
pub(super) fn machine(board: &Board, emulator: Emulator) -> Result<Machine, BenchError> {
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
    let (samples, sample_bytes) = interleave(inputs);
    image_with(board, firmware, blob, &samples, sample_bytes)
}

/// Firmware, blob and a batch of samples of `sample_bytes` each as one image.
fn image_with(
    board: &Board,
    firmware: &Firmware,
    blob: &Blob,
    samples: &[i8],
    sample_bytes: usize,
) -> Result<Image, BenchError> {
    let region = board::model_region(board, blob.bytes(), samples, sample_bytes)?;
    let mut image = Image::parse(&firmware.elf_bytes)?;
    image.add_segment(board.model_address(), region)?;
    Ok(image)
}

/// The samples as the firmware reads them, each with all inputs in order, and the bytes of one.
pub(super) fn interleave(inputs: &Inputs) -> (Vec<i8>, usize) {
    let len = |values: &Vec<i8>| values.len() / inputs.samples.max(1);
    let mut interleaved = Vec::with_capacity(inputs.values.iter().map(Vec::len).sum());
    for sample in 0..inputs.samples {
        for values in &inputs.values {
            interleaved.extend_from_slice(&values[sample * len(values)..][..len(values)]);
        }
    }
    (interleaved, inputs.values.iter().map(len).sum())
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
pub(super) fn compare(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_lie_one_after_another_with_all_their_inputs() {
        let inputs = Inputs {
            samples: 2,
            values: vec![vec![1, 2, 3, 4], vec![-1, -2]],
        };
        assert_eq!(interleave(&inputs), (vec![1, 2, -1, 3, 4, -2], 3));
    }
}
