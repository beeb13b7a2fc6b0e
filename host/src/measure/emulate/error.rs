//! What can go wrong in a run, with the place in the firmware.

use super::{Core, Emulator, Region};
use crate::elf::Image;
use std::path::PathBuf;

/// Why a run did not come to its own end.
#[derive(Debug, thiserror::Error)]
pub enum EmulateError {
    /// The emulator does not know the machine.
    #[error(
        "{emulator:?} cannot run a {core:?} machine without {missing}; use the other emulator or another board"
    )]
    Unsupported {
        /// The emulator asked for.
        emulator: Emulator,
        /// The core of the machine.
        core: Core,
        /// What is missing.
        missing: &'static str,
    },
    /// The image does not fit the machine.
    #[error(
        "segment at {address:#010x}, {len} bytes, expected inside flash ({flash}) or RAM ({ram}); link the firmware for this board"
    )]
    DoesNotFit {
        /// Address of the segment.
        address: u32,
        /// Length of the segment.
        len: u64,
        /// The machine's flash.
        flash: Region,
        /// The machine's RAM.
        ram: Region,
    },
    /// The firmware took a `HardFault`.
    #[error(
        "HardFault at {at}; run the firmware in a debugger, or look for a bad address, an FPU instruction or a stack overflow there"
    )]
    Fault {
        /// The instruction; with QEMU the first one of the straight run of code that holds it.
        at: Place,
    },
    /// The firmware took another exception.
    #[error("exception {number} at {at}; firmware to be measured must leave interrupts off")]
    Exception {
        /// Exception number, 16 for interrupt 0.
        number: u16,
        /// The instruction before which it was taken.
        at: Place,
    },
    /// A fault in the `HardFault` handler, or none to be reached.
    #[error("core locked up at {at}; check the vector table and the initial stack pointer")]
    LockedUp {
        /// The last instruction.
        at: Place,
    },
    /// Execution left the memory of the machine.
    #[error("execution went to {at}, outside the program; it came from {from}")]
    Escaped {
        /// Where it went.
        at: Place,
        /// The instruction it came from.
        from: Place,
    },
    /// The core branches to itself or sleeps for ever.
    #[error(
        "firmware stopped without an exit at {at}: an endless loop or a wait for an interrupt; most likely it panicked"
    )]
    Stuck {
        /// The instruction.
        at: Place,
    },
    /// More instructions than allowed.
    #[error(
        "no exit after {limit} instructions, now at {at}; raise the limit or look for an endless loop"
    )]
    InstructionLimit {
        /// The limit.
        limit: u64,
        /// Where the run stood.
        at: Place,
    },
    /// More time than allowed.
    #[error("no exit after {seconds} s; raise the time limit or look for an endless loop")]
    Timeout {
        /// The limit in seconds.
        seconds: u64,
    },
    /// A semihosting call that the in-process emulator does not answer.
    #[error(
        "firmware made semihosting call {name} ({number:#04x}) at {at}, expected console output or exit only; remove it or use QEMU"
    )]
    Semihosting {
        /// Name of the call.
        name: &'static str,
        /// Its number.
        number: u32,
        /// Where it was made.
        at: Place,
    },
    /// A semihosting call with an argument outside memory.
    #[error("semihosting call {number:#04x} at {at} points to {address:#010x}, which is no memory")]
    SemihostingArgument {
        /// Number of the call.
        number: u32,
        /// The bad address.
        address: u32,
        /// Where it was made.
        at: Place,
    },
    /// QEMU or the Rust compiler for its plugin is not installed.
    #[error("{program} not found; run `tiivis doctor --fix` or install it ({hint})")]
    NotInstalled {
        /// The program.
        program: &'static str,
        /// How to get it.
        hint: &'static str,
    },
    /// The counting plugin did not compile.
    #[error(
        "rustc could not build the QEMU plugin; use the in-process emulator and report this:\n{message}"
    )]
    PluginBuild {
        /// What the compiler said.
        message: String,
    },
    /// QEMU ended without the plugin's closing line.
    #[error(
        "qemu-system-arm failed ({status}); use the in-process emulator and report this:\n{message}"
    )]
    QemuFailed {
        /// Exit status.
        status: String,
        /// What it said.
        message: String,
    },
    /// The plugin's output is not what the plugin writes.
    #[error(
        "line {line} of the QEMU plugin's output: expected {expected}, found {found:?}; delete the plugin cache and try again"
    )]
    PluginOutput {
        /// Line number, from 1.
        line: usize,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A file of the run or of the plugin cache.
    #[error("{}: {source}; check permissions and free space", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The emulator itself failed to set up.
    #[error("in-process emulator: {message}; report this")]
    Internal {
        /// What it said.
        message: String,
    },
}

/// An address with the function that holds it, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The address.
    pub address: u32,
    /// Mangled name of the function, if there is one.
    pub function: Option<String>,
}

impl Place {
    pub(super) fn new(image: &Image, address: u32) -> Self {
        let function = image
            .function_at(address)
            .map(|symbol| symbol.name.to_owned());
        Self { address, function }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#010x}", self.address)?;
        match &self.function {
            Some(function) => write!(f, " in {function}"),
            None => Ok(()),
        }
    }
}
