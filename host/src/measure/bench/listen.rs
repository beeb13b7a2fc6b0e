//! A front-end on an emulated board, fed with raw samples.

use super::{BenchError, Measured, compare, execute, image_with, machine, unexpected};
use crate::board::{self, Board, Kind};
use crate::frontend::{self, Samples};
use crate::measure::cost::{Cost, m4};
use crate::measure::emulate::{Emulator, Phase};
use crate::measure::sim::{Blob, Inputs};
use crate::report::{Costs, ListenReport, Provenance};
use tiivis_runtime::blob::FrontendSpec;
use tiivis_runtime::frontend::{Event, Frontend};

/// Feeds the front-end of `blob` with raw samples on an emulated board, runs the model on every
/// input that it makes, checks each output against the host simulation, and counts every frame and
/// every run. `progress` hears what is being done.
///
/// # Errors
/// See [`BenchError`].
pub fn listen(
    board: &Board,
    blob: &Blob,
    samples: &Samples,
    emulator: Emulator,
    progress: &mut dyn FnMut(&str),
) -> Result<Measured<ListenReport>, BenchError> {
    let machine = machine(board, emulator)?;
    let model = blob.model();
    let spec = model
        .frontends()
        .next()
        .ok_or(frontend::FrontendError::None)?;
    let heard = frontend::hear(&model, &samples.values)?;
    progress("building the firmware");
    let firmware = board::build(board, Kind::Listen, progress)?;
    let sample_bytes = 2 * usize::try_from(samples.channels).unwrap_or(1);
    let bytes = samples.values.iter().flat_map(|value| value.to_le_bytes());
    let bytes: Vec<i8> = bytes.map(u8::cast_signed).collect();
    let image = image_with(board, &firmware, blob, &bytes, sample_bytes)?;
    progress("listening");
    let run = execute(&firmware, emulator, &machine, &image)?;
    let found = board::decode(&firmware.elf_bytes, &run.stdout)?.results()?;
    let inputs = Inputs {
        samples: heard.events.iter().filter(|&&e| e == Event::Input).count(),
        values: vec![heard.inputs],
    };
    compare(board, blob, &inputs, &found.outputs)?;
    let (frames, runs) = costs(board, &heard.events, &run.phases, &m4::Model::new(&image))?;
    let report = ListenReport {
        board: board.id.clone(),
        emulator: emulator.to_string(),
        provenance: Provenance {
            instructions: format!("counted ({emulator})"),
            cycles: m4::PROVENANCE.to_owned(),
        },
        frames: Costs::of(&frames),
        // The first frame waits for a whole window, the others for a hop.
        later_frames: Costs::of(frames.get(1..).unwrap_or_default()),
        runs: Costs::of(&runs),
        hop_us: hop_us(&spec),
        frontend_bytes: bytes_of(Frontend::memory_bytes(&spec)),
        arena_bytes: model.program().arena_bytes.into(),
        stack_bytes: found.stack_bytes.into(),
        flash: super::flash(&firmware, blob),
        identical: inputs.samples,
        clock_hz: board.clock_hz.into(),
    };
    Ok(Measured { report, image })
}

fn bytes_of(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// Microseconds from one frame to the next.
fn hop_us(spec: &FrontendSpec) -> u64 {
    u64::from(spec.hop_len) * 1_000_000 / u64::from(spec.sample_rate_hz.max(1))
}

/// The costs of the frames and of the runs, told apart by what the host's front-end did. Phases of
/// the `listen` firmware alternate: one that counts, one that does not.
fn costs(
    board: &Board,
    events: &[Event],
    phases: &[Phase],
    model: &m4::Model,
) -> Result<(Vec<Cost>, Vec<Cost>), BenchError> {
    let counted: Vec<_> = phases.iter().skip(1).step_by(2).collect();
    let is_input = |event: &&Event| **event == Event::Input;
    let runs = events.iter().filter(is_input).count();
    // The last is the call that finds no samples left.
    let expected = events.len() + runs + 1;
    if counted.len() != expected {
        let found = format!("{} phases", counted.len());
        return Err(unexpected(board, &format!("{expected} phases"), &found));
    }
    let mut costs = counted.into_iter().map(|phase| model.cost(phase));
    let (mut frames, mut runs) = (Vec::new(), Vec::new());
    for event in events {
        frames.extend(costs.next());
        if *event == Event::Input {
            runs.extend(costs.next());
        }
    }
    Ok((frames, runs))
}
