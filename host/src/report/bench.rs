//! What a run on a board costs.

use super::{Align, Table, bytes, count};
use crate::measure::cost::Cycles;
use serde::Serialize;

/// How the figures were got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// `counted (emulator)`.
    pub instructions: String,
    /// `estimated (model and its assumptions)`.
    pub cycles: String,
}

/// One layer, from the second pass, with the hook compiled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// Name in the source model.
    pub name: String,
    /// Operator of the runtime.
    pub op: String,
    /// Multiply-accumulates, from the shapes.
    pub macs: u64,
    /// Instructions.
    pub instructions: u64,
    /// Cycles.
    pub cycles: Cycles,
}

/// The whole inference, from the pass without the hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Total {
    /// Multiply-accumulates, from the shapes.
    pub macs: u64,
    /// Instructions.
    pub instructions: u64,
    /// Cycles.
    pub cycles: Cycles,
    /// What the layers' pass counted more: markers and reading the names of no layer.
    pub hook_instructions: i64,
}

/// Flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Flash {
    /// The firmware's image without the blob.
    pub code_bytes: u64,
    /// The blob.
    pub weights_bytes: u64,
    /// Both.
    pub total_bytes: u64,
}

/// What `tiivis bench` reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BenchReport {
    /// The board's id.
    pub board: String,
    /// What executed it.
    pub emulator: String,
    /// How the figures were got.
    pub provenance: Provenance,
    /// The layers in order of execution.
    pub layers: Vec<Layer>,
    /// The whole inference.
    pub total: Total,
    /// Arena, input and output included.
    pub arena_bytes: u64,
    /// Stack below the stack pointer at the call of `run`, by painting.
    pub stack_bytes: u64,
    /// Flash.
    pub flash: Flash,
    /// Samples whose outputs were compared with the host simulation.
    pub samples: usize,
    /// Of those, how many gave the same bytes.
    pub identical: usize,
    /// The board's clock.
    pub clock_hz: u64,
}

impl BenchReport {
    /// Microseconds at the board's clock for so many cycles.
    pub fn time_us(&self, cycles: u64) -> u64 {
        cycles.saturating_mul(1_000_000) / self.clock_hz.max(1)
    }
}

impl std::fmt::Display for BenchReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut table = Table::new(&[
            ("layer", Align::Left),
            ("op", Align::Left),
            ("MAC", Align::Right),
            ("instructions", Align::Right),
            ("cycles", Align::Right),
            ("low … high", Align::Right),
            ("share", Align::Right),
        ]);
        let range = |cycles: &Cycles| format!("{} … {}", count(cycles.low), count(cycles.high));
        for layer in &self.layers {
            let permille = layer.cycles.mid.saturating_mul(1000) / self.total.cycles.mid.max(1);
            table.row([
                layer.name.clone(),
                layer.op.clone(),
                count(layer.macs),
                count(layer.instructions),
                count(layer.cycles.mid),
                range(&layer.cycles),
                format!("{}.{} %", permille / 10, permille % 10),
            ]);
        }
        table.row([
            "total".to_owned(),
            String::new(),
            count(self.total.macs),
            count(self.total.instructions),
            count(self.total.cycles.mid),
            range(&self.total.cycles),
        ]);
        write!(f, "{table}")?;
        let hook = self.total.hook_instructions;
        writeln!(f)?;
        writeln!(
            f,
            "  instructions  {}; layers come from a second pass, whose markers cost {hook} more",
            self.provenance.instructions
        )?;
        writeln!(f, "  cycles        {}", self.provenance.cycles)?;
        let (low, high) = (
            self.time_us(self.total.cycles.low),
            self.time_us(self.total.cycles.high),
        );
        writeln!(
            f,
            "  latency       {} … {} µs at {} MHz (from the cycles)",
            count(low),
            count(high),
            self.clock_hz / 1_000_000
        )?;
        writeln!(
            f,
            "  RAM           {} arena + {} stack of one run",
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
            "  outputs       {} of {} samples identical to the host simulation, byte for byte",
            self.identical, self.samples
        )
    }
}
