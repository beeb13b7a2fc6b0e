//! Local search: a packing order is changed block by block, and what is no worse is kept.

use super::blocks::Block;
use super::pack::{Packing, first_fit};

/// Pairs of blocks that a search looks at: bounds its time, whatever the number of blocks, to a
/// tenth of a second or so.
const PAIRS: usize = 8_000_000;
/// Most orders tried.
const ORDERS: usize = 10_000;

/// Improves on an order until its packing needs `bound` bytes or the effort is spent. Half of the
/// changes move a block that reaches the top, as only those keep the arena large.
pub(super) fn climb(blocks: &[Block], mut order: Vec<usize>, bound: u64) -> Packing {
    let mut best = first_fit(blocks, &order);
    if order.len() < 2 {
        return best;
    }
    let mut choice = Choice(1);
    let tries = PAIRS / (blocks.len() * blocks.len());
    for _ in 0..tries.min(ORDERS) {
        if best.bytes <= bound {
            break;
        }
        let reaches_top =
            |&block: &usize| best.offsets[block] + u64::from(blocks[block].bytes) == best.bytes;
        let top = match choice.below(2) {
            0 => order.iter().position(reaches_top),
            _ => None,
        };
        let from = top.unwrap_or_else(|| choice.below(order.len()));
        let to = choice.below(order.len());
        let block = order.remove(from);
        order.insert(to, block);
        let packing = first_fit(blocks, &order);
        if packing.bytes <= best.bytes {
            best = packing;
        } else {
            order.remove(to);
            order.insert(from, block);
        }
    }
    best
}

/// Choices that are the same on every machine and in every run (Knuth's MMIX generator).
struct Choice(u64);

impl Choice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let high = usize::try_from(self.0 >> 33).expect("31 bits fit");
        high % limit
    }
}
