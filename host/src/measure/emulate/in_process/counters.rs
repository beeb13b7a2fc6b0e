//! Execution counts, one dense cell per halfword of program memory.

use super::semihosting::Console;
use super::usize_of;
use crate::elf::Image;
use crate::measure::cost::thumb::instruction_bytes;
use crate::measure::emulate::{Count, Machine, Phase, Region};

/// Entries of a vector table: 16 of the system, at most 240 interrupts.
const VECTORS: usize = 256;

/// Where an instruction is counted and what it is.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    cell: usize,
    /// First halfword.
    pub opcode: u16,
    /// Length in bytes.
    pub bytes: u32,
}

/// Executed and taken; an array because a vector of zero arrays costs nothing until touched.
type Cell = [u64; 2];

pub(super) struct Counters {
    flash: Region,
    ram: Region,
    /// The program in flash, by halfword. It cannot change: stores to flash fault.
    opcodes: Vec<u16>,
    /// Whether an exception vector points to the halfword.
    handlers: Vec<bool>,
    /// Cells of the halfwords of flash that hold the image, then those of RAM.
    cells: Vec<Cell>,
    /// Address and cell of what ran in the open phase.
    touched: Vec<(u32, u8, usize)>,
    phases: Vec<Phase>,
    last: u32,
}

impl Counters {
    pub(super) fn new(image: &Image, machine: &Machine) -> Self {
        let opcodes = program(image, machine.flash);
        let mut handlers = vec![false; opcodes.len()];
        // Beyond the table's true end this marks code at random, which costs a look at the core there, nothing else.
        for vector in opcodes.chunks_exact(2).take(VECTORS).skip(2) {
            let address = u32::from(vector[0] & !1) | u32::from(vector[1]) << 16;
            let index = usize_of(address.wrapping_sub(machine.flash.origin) / 2);
            if let Some(handler) = handlers.get_mut(index) {
                *handler = true;
            }
        }
        let cells = vec![[0; 2]; opcodes.len() + usize_of(machine.ram.len / 2)];
        let (flash, ram) = (machine.flash, machine.ram);
        Self {
            flash,
            ram,
            opcodes,
            handlers,
            cells,
            touched: Vec::new(),
            phases: Vec::new(),
            last: 0,
        }
    }

    /// Counts the start of the instruction at `pc`; `None` if no program can be there.
    #[inline]
    pub(super) fn start(&mut self, pc: u32, memory: &Console) -> Option<Slot> {
        let index = usize_of(pc.wrapping_sub(self.flash.origin) / 2);
        let (cell, opcode) = match self.opcodes.get(index) {
            Some(opcode) => (index, *opcode),
            None => self.in_ram(pc, memory)?,
        };
        let bytes = instruction_bytes(opcode);
        let executed = &mut self.cells.get_mut(cell)?[0];
        if *executed == 0 {
            self.touched.push((pc, bytes, cell));
        }
        *executed += 1;
        self.last = pc;
        Some(Slot {
            cell,
            opcode,
            bytes: u32::from(bytes),
        })
    }

    #[cold]
    fn in_ram(&self, pc: u32, memory: &Console) -> Option<(usize, u16)> {
        if !self.ram.contains(pc, 2) {
            return None;
        }
        let opcode = memory.halfword(pc)?;
        Some((
            self.opcodes.len() + usize_of((pc - self.ram.origin) / 2),
            opcode,
        ))
    }

    /// Counts that control did not fall through behind the instruction of `slot`.
    #[inline]
    pub(super) fn take(&mut self, slot: Slot) {
        self.cells[slot.cell][1] += 1;
    }

    /// Whether an exception vector points to `address`.
    pub(super) fn is_handler(&self, address: u32) -> bool {
        let index = usize_of(address.wrapping_sub(self.flash.origin) / 2);
        self.handlers.get(index).copied().unwrap_or(false)
    }

    /// Address of the last instruction started.
    pub(super) fn last(&self) -> u32 {
        self.last
    }

    /// Ends the open phase and begins the next.
    pub(super) fn close_phase(&mut self) {
        self.touched.sort_unstable();
        let cells = &mut self.cells;
        let counts = self.touched.drain(..).map(|(address, size, cell)| {
            let [executed, taken] = std::mem::take(&mut cells[cell]);
            (
                address,
                Count {
                    size,
                    executed,
                    taken,
                },
            )
        });
        self.phases.push(Phase {
            counts: counts.collect(),
        });
    }

    pub(super) fn into_phases(mut self) -> Vec<Phase> {
        self.close_phase();
        self.phases
    }
}

/// Flash from its start to the end of the image, by halfword.
fn program(image: &Image, flash: Region) -> Vec<u16> {
    let mut bytes = Vec::new();
    for segment in image
        .segments()
        .filter(|segment| flash.contains(segment.address, 0))
    {
        let start = usize_of(segment.address - flash.origin);
        let end = start + segment.bytes.len();
        if bytes.len() < end {
            bytes.resize(end.next_multiple_of(2), 0);
        }
        bytes[start..end].copy_from_slice(segment.bytes);
    }
    bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}
