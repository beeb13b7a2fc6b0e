//! The emulator inside this program: the `rsemu` interpreter, stepped one instruction at a time.
//!
//! It steps, counts, answers semihosting calls and notices when the firmware goes astray. rsemu offers no faster way to
//! run that still tells where each instruction was; nearly all time goes into its decoder and bus.

mod counters;
mod semihosting;

use super::{Core, EmulateError, Emulator, Machine, Place, Run, RunOptions, mark_address};
use crate::elf::Image;
use counters::Counters;
use rsemu::core::space::{AddressSpace, RamStore, Region, RomStore, RomWrite};
use rsemu::cpu::arm::v7m::{ArmV7m, Config};
use semihosting::{Answer, Console};
use std::sync::Arc;
use std::time::Instant;

/// BKPT 0xab, the semihosting trap.
const SEMIHOSTING_TRAP: u16 = 0xbeab;
/// Instructions between two looks at the clock: about a third of a second.
const PULSE: u64 = 1 << 22;
const HARD_FAULT: u16 = 3;

pub(super) fn run(
    image: &Image,
    machine: &Machine,
    options: RunOptions<'_>,
) -> Result<Run, EmulateError> {
    let space = Arc::new(memory(image, machine)?);
    let core = ArmV7m::new(config(machine)?.with_reset_vtor(machine.flash.origin));
    core.attach_space(Arc::clone(&space));
    // The reset sequence reads the vector table; it is no instruction.
    core.step();
    let mut session = Session {
        image,
        core,
        counters: Counters::new(image, machine),
        console: Console::new(space, options.stdin.to_vec()),
        mark: mark_address(image),
    };
    let exit_code = session.run(options)?;
    let (stdout, stderr) = session.console.into_streams();
    Ok(Run {
        exit_code,
        stdout,
        stderr,
        phases: session.counters.into_phases(),
    })
}

fn config(machine: &Machine) -> Result<Config, EmulateError> {
    match machine.core {
        Core::M3 => Ok(Config::CORTEX_M3),
        Core::M4F => Ok(Config::CORTEX_M4F),
        Core::M7 => Ok(Config::CORTEX_M7F),
        Core::M33 => {
            let missing = "the Armv8-M instruction set";
            Err(EmulateError::Unsupported {
                emulator: Emulator::InProcess,
                core: machine.core,
                missing,
            })
        }
    }
}

/// Flash and RAM with the image loaded. A store to flash faults, as it does on a board.
fn memory(image: &Image, machine: &Machine) -> Result<AddressSpace, EmulateError> {
    let (flash, ram) = (machine.flash, machine.ram);
    let mut rom = vec![0; usize_of(flash.len)];
    let ram_store = Arc::new(RamStore::new(u64::from(ram.len)));
    for segment in image.segments() {
        if flash.contains(segment.address, 0) {
            let start = usize_of(segment.address - flash.origin);
            rom[start..start + segment.bytes.len()].copy_from_slice(segment.bytes);
        } else {
            let at = u64::from(segment.address - ram.origin);
            ram_store
                .write_at(at, segment.bytes)
                .map_err(|error| internal(&error))?;
        }
    }
    let rom = Region::rom(
        "flash",
        Arc::new(RomStore::from_slice(&rom)),
        RomWrite::Fault,
    );
    let space = AddressSpace::new("machine", 32);
    let mut topology = space.topology();
    topology
        .map(rom, u64::from(flash.origin))
        .map_err(|error| internal(&error))?;
    topology
        .map(Region::ram("ram", ram_store), u64::from(ram.origin))
        .map_err(|error| internal(&error))?;
    drop(topology);
    Ok(space)
}

fn internal(error: &dyn std::fmt::Debug) -> EmulateError {
    EmulateError::Internal {
        message: format!("{error:?}"),
    }
}

fn usize_of(value: u32) -> usize {
    usize::try_from(value).expect("host addresses have at least 32 bits")
}

/// One run in progress.
struct Session<'a> {
    image: &'a Image,
    core: ArmV7m,
    counters: Counters,
    console: Console,
    mark: Option<u32>,
}

impl Session<'_> {
    /// Runs to the firmware's exit and returns its status.
    fn run(&mut self, mut options: RunOptions<'_>) -> Result<u32, EmulateError> {
        let started = Instant::now();
        let mut executed = 0;
        while executed < options.instruction_limit {
            let stop = options.instruction_limit.min(executed + PULSE);
            while executed < stop {
                executed += 1;
                if let Some(exit_code) = self.step()? {
                    return Ok(exit_code);
                }
            }
            if let Some(progress) = &mut options.progress {
                progress(executed);
            }
            if started.elapsed() > options.timeout {
                return Err(EmulateError::Timeout {
                    seconds: options.timeout.as_secs(),
                });
            }
        }
        Err(EmulateError::InstructionLimit {
            limit: options.instruction_limit,
            at: self.place(self.core.pc()),
        })
    }

    /// One instruction; the exit status if it was the last one.
    #[inline]
    fn step(&mut self) -> Result<Option<u32>, EmulateError> {
        let pc = self.core.pc();
        if Some(pc) == self.mark {
            self.counters.close_phase();
        }
        let Some(slot) = self.counters.start(pc, &self.console) else {
            return Err(self.astray(pc));
        };
        if slot.opcode == SEMIHOSTING_TRAP {
            return self.semihosting(pc);
        }
        self.core.step();
        let next = self.core.pc();
        if next != pc.wrapping_add(slot.bytes) {
            self.counters.take(slot);
            if next == pc || self.counters.is_handler(next) {
                return self.check(pc, next).map(|()| None);
            }
        } else if slot.opcode & 0xffef == 0xbf20 && self.core.is_asleep() {
            // WFE and WFI: nothing in a measurement wakes the core.
            return Err(EmulateError::Stuck { at: self.place(pc) });
        }
        Ok(None)
    }

    /// Whether a jump to `next` is a sign of trouble: an exception, or a branch to itself.
    #[cold]
    fn check(&self, pc: u32, next: u32) -> Result<(), EmulateError> {
        let at = self.place(pc);
        match self.core.current_exception().0 {
            0 if next == pc => Err(EmulateError::Stuck { at }),
            0 => Ok(()),
            HARD_FAULT => Err(EmulateError::Fault { at }),
            number => Err(EmulateError::Exception { number, at }),
        }
    }

    #[cold]
    fn astray(&self, pc: u32) -> EmulateError {
        let from = self.place(self.counters.last());
        if self.core.is_locked_up() {
            return EmulateError::LockedUp { at: from };
        }
        EmulateError::Escaped {
            at: self.place(pc),
            from,
        }
    }

    fn semihosting(&mut self, pc: u32) -> Result<Option<u32>, EmulateError> {
        let (number, argument) = (self.core.reg(0), self.core.reg(1));
        match self.console.call(number, argument) {
            Ok(Answer::Return(value)) => {
                self.core.set_reg(0, value);
                self.core.set_pc(pc.wrapping_add(2));
                Ok(None)
            }
            Ok(Answer::Exit(code)) => Ok(Some(code)),
            Err(semihosting::Refusal::Unknown { name }) => Err(EmulateError::Semihosting {
                name,
                number,
                at: self.place(pc),
            }),
            Err(semihosting::Refusal::BadAddress { address }) => {
                Err(EmulateError::SemihostingArgument {
                    number,
                    address,
                    at: self.place(pc),
                })
            }
        }
    }

    fn place(&self, address: u32) -> Place {
        Place::new(self.image, address)
    }
}
