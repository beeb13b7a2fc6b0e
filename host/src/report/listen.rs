//! What a front-end costs on a board.

use super::{Flash, Provenance, bytes, count};
use crate::measure::cost::{Cost, Cycles};
use serde::Serialize;

/// The costs of the same thing done several times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Costs {
    /// How often.
    pub times: u64,
    /// The fewest instructions.
    pub instructions_min: u64,
    /// Their mean, rounded down.
    pub instructions_mean: u64,
    /// The most.
    pub instructions_max: u64,
    /// Cycles of the one with the most instructions.
    pub cycles_max: Cycles,
}

impl Costs {
    /// The costs of all of these; all zero if there are none.
    pub fn of(costs: &[Cost]) -> Self {
        let instructions = || costs.iter().map(|cost| cost.instructions);
        let most = costs.iter().max_by_key(|cost| cost.instructions);
        let times = u64::try_from(costs.len()).unwrap_or(u64::MAX);
        Self {
            times,
            instructions_min: instructions().min().unwrap_or(0),
            instructions_mean: instructions().sum::<u64>() / times.max(1),
            instructions_max: instructions().max().unwrap_or(0),
            cycles_max: most.map(|cost| cost.cycles).unwrap_or_default(),
        }
    }
}

/// What `tiivis bench --signal` reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListenReport {
    /// The board's id.
    pub board: String,
    /// What executed it.
    pub emulator: String,
    /// How the figures were got.
    pub provenance: Provenance,
    /// The front-end: taking the samples of a frame, its features, and where they complete an input,
    /// writing that into the model.
    pub frames: Costs,
    /// The same without the first frame, whose samples are a whole window and not a hop.
    pub later_frames: Costs,
    /// The model.
    pub runs: Costs,
    /// Microseconds of signal from one frame to the next.
    pub hop_us: u64,
    /// The front-end's memory.
    pub frontend_bytes: u64,
    /// Arena, input and output included.
    pub arena_bytes: u64,
    /// Stack below the stack pointer at the call of `run`, by painting.
    pub stack_bytes: u64,
    /// Flash.
    pub flash: Flash,
    /// Inputs whose outputs are the host simulation's, byte for byte: all, or it is an error.
    pub identical: usize,
    /// The board's clock.
    pub clock_hz: u64,
}

impl std::fmt::Display for ListenReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, costs) in [("frame", &self.later_frames), ("run", &self.runs)] {
            writeln!(
                f,
                "  {name:13} {} instructions, {} to {} over {}; {} cycles at most ({} … {})",
                count(costs.instructions_mean),
                count(costs.instructions_min),
                count(costs.instructions_max),
                count(costs.times),
                count(costs.cycles_max.mid),
                count(costs.cycles_max.low),
                count(costs.cycles_max.high),
            )?;
        }
        let frame_us =
            self.later_frames.cycles_max.high.saturating_mul(1_000_000) / self.clock_hz.max(1);
        let permille = frame_us.saturating_mul(1000) / self.hop_us.max(1);
        writeln!(
            f,
            "  load          {} µs of every {} µs for the front-end at {} MHz: {}.{} %",
            count(frame_us),
            count(self.hop_us),
            self.clock_hz / 1_000_000,
            permille / 10,
            permille % 10
        )?;
        writeln!(f, "  instructions  {}", self.provenance.instructions)?;
        writeln!(f, "  cycles        {}", self.provenance.cycles)?;
        writeln!(
            f,
            "  RAM           {} front-end + {} arena + {} stack of one run",
            bytes(self.frontend_bytes),
            bytes(self.arena_bytes),
            bytes(self.stack_bytes)
        )?;
        writeln!(
            f,
            "  flash         {} model + {} firmware = {}",
            bytes(self.flash.weights_bytes),
            bytes(self.flash.code_bytes),
            bytes(self.flash.total_bytes)
        )?;
        writeln!(
            f,
            "  outputs       of {} inputs identical to the host simulation, byte for byte",
            self.identical
        )
    }
}
