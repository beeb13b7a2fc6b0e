//! The kernels of a board's firmware against the portable ones, on the emulated core.

use super::{BenchError, execute, machine};
use crate::board::{self, Board, Kind};
use crate::elf::Image;
use crate::measure::emulate::Emulator;

/// Runs every kernel of the board's firmware and the portable one on random shapes and numbers, the
/// same ones every time. What was compared, a line for each kernel.
///
/// # Errors
/// See [`BenchError`]; the first mismatch is a [`BenchError::Log`] that names kernel, seed and shape.
pub fn check_kernels(
    board: &Board,
    emulator: Emulator,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<String>, BenchError> {
    let machine = machine(board, emulator)?;
    progress("building the firmware");
    let firmware = board::build(board, Kind::Kernels, progress)?;
    progress("comparing kernels");
    let image = Image::parse(&firmware.elf_bytes)?;
    let run = execute(&firmware, emulator, &machine, &image)?;
    let log = board::decode(&firmware.elf_bytes, &run.stdout)?;
    Ok(log.lines.into_iter().map(|line| line.text).collect())
}
