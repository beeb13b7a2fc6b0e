//! What can go wrong on the way to a measurement.

use crate::board::{BuildError, LogError, RegionError};
use crate::elf::ElfError;
use crate::frontend::FrontendError;
use crate::measure::emulate::{EmulateError, Emulator};
use std::path::PathBuf;

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
    /// The model has no front-end, or the samples make no input.
    #[error(transparent)]
    Frontend(#[from] FrontendError),
    /// Model and samples do not fit the board.
    #[error(transparent)]
    Region(#[from] RegionError),
}
