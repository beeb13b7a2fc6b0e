//! Running firmware in an emulator and counting what it executes.
//!
//! Two emulators give the same [`Run`]: one in this process, which is always there, and QEMU, which is faster and knows
//! more cores. Counts are exact: the two agree instruction by instruction. Firmware talks and ends by semihosting, must
//! leave interrupts off, and calls the empty function `__mark` where a new phase is to begin.

mod error;
mod in_process;
mod qemu;

#[cfg(test)]
mod tests;

use crate::elf::Image;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

pub use error::{EmulateError, Place};

/// The function whose calls separate phases.
pub const MARK: &str = "__mark";

/// A stretch of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub origin: u32,
    /// Length in bytes.
    pub len: u32,
}

impl Region {
    /// Whether `len` bytes at `address` lie inside.
    pub fn contains(&self, address: u32, len: u32) -> bool {
        let end = u64::from(self.origin) + u64::from(self.len);
        address >= self.origin && u64::from(address) + u64::from(len) <= end
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes from {:#010x}", self.len, self.origin)
    }
}

/// Processor core of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Core {
    /// Cortex-M3.
    M3,
    /// Cortex-M4 with single-precision floating point.
    M4F,
    /// Cortex-M7 with single-precision floating point.
    M7,
    /// Cortex-M33.
    M33,
}

/// What the firmware is to run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Program memory; the vector table is at its start.
    pub flash: Region,
    /// Work memory.
    pub ram: Region,
    /// Name of the machine for `qemu-system-arm -M`, if QEMU has one.
    pub qemu_machine: Option<String>,
    /// Processor core.
    pub core: Core,
}

/// Which emulator runs the firmware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emulator {
    /// The interpreter inside this program.
    InProcess,
    /// `qemu-system-arm` with a counting plugin.
    Qemu,
}

impl fmt::Display for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InProcess => "the in-process emulator",
            Self::Qemu => "QEMU",
        })
    }
}

/// Limits of a run and who hears of its progress.
pub struct RunOptions<'a> {
    /// Instructions after which the run is given up.
    pub instruction_limit: u64,
    /// Time after which the run is given up.
    pub timeout: Duration,
    /// What the firmware reads from its console; QEMU is given none.
    pub stdin: &'a [u8],
    /// Called now and then with the instructions executed so far; QEMU does not report any.
    pub progress: Option<&'a mut dyn FnMut(u64)>,
}

impl Default for RunOptions<'_> {
    fn default() -> Self {
        Self {
            instruction_limit: 20_000_000_000,
            timeout: Duration::from_secs(600),
            stdin: &[],
            progress: None,
        }
    }
}

/// How often one instruction ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Bytes of the instruction, 2 or 4.
    pub size: u8,
    /// Times it was started; inside an IT block also when its condition failed, for it takes an issue slot then too.
    pub executed: u64,
    /// Times the next instruction was not the one behind it: taken branches, calls, returns.
    pub taken: u64,
}

/// What ran between two calls of [`MARK`]; the call itself belongs to the earlier phase, the body of the function to the
/// later one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Phase {
    /// Counts by instruction address; only what ran is listed.
    pub counts: BTreeMap<u32, Count>,
}

impl Phase {
    /// Instructions executed in this phase.
    pub fn instructions(&self) -> u64 {
        self.counts.values().map(|count| count.executed).sum()
    }
}

/// A run that ended by the firmware's own exit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Exit status of the firmware, 0 for success. QEMU hands on the low eight bits only.
    pub exit_code: u32,
    /// What the firmware wrote to its semihosting console.
    pub stdout: Vec<u8>,
    /// What it wrote to the error stream. From QEMU it comes with what QEMU itself says; since QEMU 8 the firmware's part
    /// is in `stdout`.
    pub stderr: Vec<u8>,
    /// Phases in order; the first runs from reset to the first mark.
    pub phases: Vec<Phase>,
}

/// Runs `image` on `machine` until the firmware exits.
///
/// # Errors
/// [`EmulateError`]: a machine the emulator does not have, an image that does not fit, firmware that faults, hangs or
/// asks for more than console output, a limit reached, and for QEMU a missing or failing program.
pub fn run(
    emulator: Emulator,
    image: &Image,
    machine: &Machine,
    options: RunOptions<'_>,
) -> Result<Run, EmulateError> {
    for segment in image.segments() {
        let len = u32::try_from(segment.bytes.len()).unwrap_or(u32::MAX);
        if !machine.flash.contains(segment.address, len)
            && !machine.ram.contains(segment.address, len)
        {
            let len = u64::from(len);
            return Err(EmulateError::DoesNotFit {
                address: segment.address,
                len,
                flash: machine.flash,
                ram: machine.ram,
            });
        }
    }
    match emulator {
        Emulator::InProcess => in_process::run(image, machine, options),
        Emulator::Qemu => qemu::run(image, machine, options),
    }
}

/// Address of [`MARK`]'s first instruction.
fn mark_address(image: &Image) -> Option<u32> {
    image.symbol(MARK).map(|symbol| symbol.address & !1)
}
