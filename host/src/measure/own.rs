//! One model's own firmware: built, and proven on the emulated board where there is one.

use super::bench::{BenchError, compare, interleave, machine};
use super::cost::m4;
use super::emulate::{self, Emulator, Run, RunOptions};
use super::sim::{self, Blob, Inputs};
use crate::board::{self, Board, OwnStack};
use crate::elf::Image;
use crate::emit::OwnFiles;
use crate::report::{Flash, OwnReport, OwnRun, Provenance};
use tiivis_runtime::blob::DType;

/// Samples that the firmware is proven on: real zeros, and as many of noise.
const SAMPLES: usize = 4;

/// A firmware and what it costs.
pub struct Own {
    /// The ELF.
    pub image: Image,
    /// What it costs.
    pub report: OwnReport,
}

/// Builds the firmware of `blob` alone for `board`. Where the board is emulated in this process, it is
/// run there: its stack is measured and reserved, its outputs are compared with the host simulation,
/// and the first inference is counted. `progress` hears what is being done.
///
/// # Errors
/// See [`BenchError`].
pub fn build(
    board: &Board,
    blob: &Blob,
    progress: &mut dyn FnMut(&str),
) -> Result<Own, BenchError> {
    let files = OwnFiles::of(blob);
    let is_emulated = board
        .emulator
        .as_ref()
        .is_some_and(|known| known.in_process);
    let inputs = inputs(blob);
    let stack_bytes = if is_emulated {
        progress("building the firmware that measures its stack");
        let elf = board::build_own(board, &files, OwnStack::Measured, progress)?;
        let image = Image::parse(&elf)?;
        progress("measuring the stack");
        let run = run(board, &image, &inputs)?;
        let Some(bytes) = run.stderr.first_chunk() else {
            return Err(protocol(board, "its stack", "nothing"));
        };
        // The stack pointer is a multiple of 8 at every call.
        Some(u32::from_le_bytes(*bytes).next_multiple_of(8))
    } else {
        None
    };
    progress("building the firmware");
    let elf = board::build_own(board, &files, OwnStack::Reserved(stack_bytes), progress)?;
    let image = Image::parse(&elf)?;
    let run = match stack_bytes {
        Some(_) => {
            progress("running the firmware");
            Some(proven(board, blob, &image, &inputs)?)
        }
        None => None,
    };
    let weights_bytes = u64::try_from(files.weights_bytes()).expect("lengths fit 64 bits");
    let total_bytes = image.code_bytes();
    let report = OwnReport {
        board: board.id.clone(),
        flash: Flash {
            code_bytes: total_bytes.saturating_sub(weights_bytes),
            weights_bytes,
            total_bytes,
        },
        arena_bytes: blob.model().program().arena_bytes.into(),
        stack_bytes: stack_bytes.unwrap_or(board.stack_bytes).into(),
        is_stack_measured: stack_bytes.is_some(),
        groups: image
            .groups()
            .into_iter()
            .filter(|group| !group.name.starts_with("infer::model"))
            .collect(),
        run,
    };
    Ok(Own { image, report })
}

/// Runs the firmware, compares what it writes with the host simulation and counts the first inference.
fn proven(
    board: &Board,
    blob: &Blob,
    image: &Image,
    inputs: &Inputs,
) -> Result<OwnRun, BenchError> {
    let run = run(board, image, inputs)?;
    let lens: Vec<usize> = blob.model().outputs().map(len).collect();
    let written: Vec<i8> = run.stdout.iter().map(|byte| byte.cast_signed()).collect();
    let expected = inputs.samples * lens.iter().sum::<usize>();
    if written.len() != expected {
        let found = format!("{} bytes", written.len());
        return Err(protocol(
            board,
            &format!("{expected} bytes of outputs"),
            &found,
        ));
    }
    let mut rest = &written[..];
    let mut outputs = Vec::new();
    for _ in 0..inputs.samples {
        let mut sample = Vec::new();
        for &len in &lens {
            let (output, after) = rest.split_at(len);
            sample.push(output.to_vec());
            rest = after;
        }
        outputs.push(sample);
    }
    compare(board, blob, inputs, &outputs)?;
    let Some(inference) = run.phases.get(1) else {
        return Err(protocol(board, "two marks", "none"));
    };
    let cost = m4::Model::new(image).cost(inference);
    Ok(OwnRun {
        emulator: Emulator::InProcess.to_string(),
        provenance: Provenance {
            instructions: format!("counted ({})", Emulator::InProcess),
            cycles: m4::PROVENANCE.to_owned(),
        },
        instructions: cost.instructions,
        cycles: cost.cycles,
        samples: inputs.samples,
        identical: inputs.samples,
    })
}

fn run(board: &Board, image: &Image, inputs: &Inputs) -> Result<Run, BenchError> {
    let (samples, _) = interleave(inputs);
    let stdin: Vec<u8> = samples.into_iter().map(i8::cast_unsigned).collect();
    let options = RunOptions {
        stdin: &stdin,
        ..RunOptions::default()
    };
    let machine = machine(board, Emulator::InProcess)?;
    let run = emulate::run(Emulator::InProcess, image, &machine, options)?;
    match run.exit_code {
        0 => Ok(run),
        code => Err(protocol(board, "status 0", &format!("status {code}"))),
    }
}

fn protocol(board: &Board, expected: &str, found: &str) -> BenchError {
    BenchError::Protocol {
        board: board.id.clone(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

fn len(port: tiivis_runtime::blob::Port<'_>) -> usize {
    usize::try_from(port.span.len).unwrap_or(usize::MAX)
}

/// Real zeros, then noise where inputs are int8, the same every time.
fn inputs(blob: &Blob) -> Inputs {
    let model = blob.model();
    let zeros = sim::zero_inputs(&model);
    let mut state = 0x2545_f491_u32;
    let mut noise = move || {
        // Marsaglia, "Xorshift RNGs", 2003.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[3].cast_signed()
    };
    let values = model.inputs().zip(zeros.values).map(|(port, zeros)| {
        let mut values = zeros.repeat(SAMPLES);
        if port.dtype == DType::I8 {
            values[zeros.len()..].fill_with(&mut noise);
        }
        values
    });
    Inputs {
        samples: SAMPLES,
        values: values.collect(),
    }
}
