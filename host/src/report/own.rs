//! What one model's own firmware takes.

use super::{Align, Flash, Provenance, Table, bytes, count};
use crate::elf::Group;
use crate::measure::cost::Cycles;
use serde::Serialize;

/// What `tiivis build` reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnReport {
    /// The board's id.
    pub board: String,
    /// The image: `weights_bytes` is what of the blob lies in it, `code_bytes` everything else.
    pub flash: Flash,
    /// Arena, input and output included.
    pub arena_bytes: u64,
    /// Stack that the image reserves.
    pub stack_bytes: u64,
    /// Whether that is what a run was seen to need; else it is the board's.
    pub is_stack_measured: bool,
    /// The code by module, the largest first; what is inlined belongs to where it went.
    pub groups: Vec<Group>,
    /// The proof on the emulated board, where there is one.
    pub run: Option<OwnRun>,
}

/// What a firmware was seen to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnRun {
    /// What executed it.
    pub emulator: String,
    /// How the figures were got.
    pub provenance: Provenance,
    /// Instructions of an inference.
    pub instructions: u64,
    /// Cycles of an inference.
    pub cycles: Cycles,
    /// Samples whose outputs were compared with the host simulation.
    pub samples: usize,
    /// Of those, how many gave the same bytes.
    pub identical: usize,
}

impl std::fmt::Display for OwnReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut table = Table::new(&[("code", Align::Left), ("bytes", Align::Right)]);
        for group in &self.groups {
            table.row([group.name.clone(), count(group.bytes)]);
        }
        write!(f, "{table}")?;
        writeln!(
            f,
            "  flash         {} model + {} code = {}",
            bytes(self.flash.weights_bytes),
            bytes(self.flash.code_bytes),
            bytes(self.flash.total_bytes)
        )?;
        let how = match self.is_stack_measured {
            true => "as a run needs",
            false => "as the board has it: nothing here runs it",
        };
        writeln!(
            f,
            "  RAM           {} arena + {} stack, {how}",
            bytes(self.arena_bytes),
            bytes(self.stack_bytes)
        )?;
        match &self.run {
            Some(run) => writeln!(
                f,
                "  inference     {} instructions, {} cycles ({} … {}), {}\n  \
                 outputs       {} of {} samples identical to the host simulation, byte for byte",
                count(run.instructions),
                count(run.cycles.mid),
                count(run.cycles.low),
                count(run.cycles.high),
                run.provenance.cycles,
                run.identical,
                run.samples
            ),
            None => writeln!(f, "  outputs       not run"),
        }
    }
}
