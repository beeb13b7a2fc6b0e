//! Cycles of a Cortex-M4 (with FPU) without wait states.
//!
//! Cortex-M4 Technical Reference Manual r0p1, table 3-1 and section 3.3.3. The reference for every figure is
//! `tools/m4model.py`; the two agree to the cycle. Address-generation stalls are not charged.

use super::thumb::{self, Class};
use super::{Cost, Cycles};
use crate::elf::Image;
use crate::measure::emulate::Phase;
use std::collections::BTreeMap;

/// How the cycles were got, for reports.
pub const PROVENANCE: &str = "estimated (m4, zero wait states, branch refill 1/2/3)";

/// What fills the gap between two functions; it never runs, and a load pipelines as if it were not there.
const PADDING: u16 = 0;

/// Cycles of every instruction of one image, without what taken branches add.
#[derive(Debug, Clone)]
pub struct Model {
    base: BTreeMap<u32, u8>,
}

impl Model {
    /// Prices every instruction of `image`, in the order of addresses.
    pub fn new(image: &Image) -> Self {
        let mut base = BTreeMap::new();
        let mut previous = Class::Other;
        for run in image.code() {
            let mut halfwords = run
                .bytes
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            let mut address = run.address;
            while let Some(first) = halfwords.next() {
                let bytes = thumb::instruction_bytes(first);
                let second = if bytes == 4 {
                    halfwords.next().unwrap_or(0)
                } else {
                    0
                };
                let class = thumb::classify(first, second);
                base.insert(address, cycles(class, previous));
                if first != PADDING {
                    previous = class;
                }
                address = address.wrapping_add(u32::from(bytes));
            }
        }
        Self { base }
    }

    /// Cost of what a phase executed. An instruction outside the image's code counts as one cycle.
    pub fn cost(&self, phase: &Phase) -> Cost {
        let mut cost = Cost::default();
        let mut cycles = 0;
        for (address, count) in &phase.counts {
            let base = self.base.get(address).copied().unwrap_or(1);
            cost.instructions += count.executed;
            cost.taken += count.taken;
            cycles += u64::from(base) * count.executed;
        }
        cost.cycles = Cycles {
            low: cycles + cost.taken,
            mid: cycles + 2 * cost.taken,
            high: cycles + 3 * cost.taken,
        };
        cost
    }
}

/// Base cycles of an instruction of class `class` that stands behind one of class `previous`.
fn cycles(class: Class, previous: Class) -> u8 {
    // A load pipelines behind a neighbour that moves one register.
    let behind_single = matches!(previous, Class::Load { .. } | Class::Store { .. });
    match class {
        Class::Other | Class::Branch => 1,
        Class::TableBranch => 3,
        Class::Load { write_back: false } if behind_single => 1,
        Class::Load { .. } => 2,
        Class::Store { register_offset } => 1 + u8::from(register_offset),
        Class::LoadMultiple { words } | Class::StoreMultiple { words } => words.saturating_add(1),
        Class::Double => 3,
        Class::Divide => 7,
        Class::FloatMultiplyAccumulate => 3,
        Class::FloatDivide => 14,
    }
}

#[cfg(test)]
mod tests;
