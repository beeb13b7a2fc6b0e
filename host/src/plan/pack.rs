//! Greedy packing: blocks in some order, each at the lowest offset that is free for all its life.

use super::blocks::{Block, distance};
use std::cmp::Reverse;

/// Offsets of blocks, and the end of the highest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packing {
    pub(super) offsets: Vec<u64>,
    pub(super) bytes: u64,
}

/// Most bytes that live at one time, and the first such time. No packing is smaller.
pub(super) fn live_peak(blocks: &[Block]) -> (u64, usize) {
    // The peak is reached when some block has just begun to live.
    let peaks = blocks.iter().map(|block| {
        let live = blocks
            .iter()
            .filter(|other| other.first <= block.first && block.first <= other.last);
        let bytes = live.map(|other| {
            let shared = (other.last == block.first).then(|| other.shared_bytes(blocks));
            u64::from(other.bytes) - shared.unwrap_or(0)
        });
        (bytes.sum::<u64>(), block.first)
    });
    peaks
        .max_by_key(|&(bytes, time)| (bytes, Reverse(time)))
        .unwrap_or((0, 0))
}

/// The best of a few orders, and its packing.
pub(super) fn greedy(blocks: &[Block]) -> (Vec<usize>, Packing) {
    type Key = fn(&Block) -> [u64; 2];
    let keys: [Key; 5] = [
        |block| [size(block), life(block)],
        |block| [size(block).saturating_mul(life(block)), size(block)],
        |block| [life(block), size(block)],
        |block| [u64::MAX - time(block.first), size(block)],
        |block| [time(block.last), size(block)],
    ];
    let packings = keys.iter().map(|key| {
        let mut order: Vec<usize> = (0..blocks.len()).collect();
        // A stable sort: equal keys keep the buffers' order, whatever the platform.
        order.sort_by_key(|&block| Reverse(key(&blocks[block])));
        let packing = first_fit(blocks, &order);
        (order, packing)
    });
    packings
        .min_by_key(|(_, packing)| packing.bytes)
        .expect("there are orders")
}

fn size(block: &Block) -> u64 {
    u64::from(block.bytes)
}

fn life(block: &Block) -> u64 {
    time(block.last - block.first + 1)
}

fn time(time: usize) -> u64 {
    u64::try_from(time).expect("usize is at most 64 bits on every host")
}

/// Offsets that a block cannot have because of another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Taken {
    /// The first offset that is free again.
    pub(super) end: u64,
    /// How far below the other's start it may start.
    distance: u64,
    /// Where the other starts.
    start: u64,
}

impl Taken {
    /// What block `other` at `start` takes from `block`.
    pub(super) fn by(blocks: &[Block], other: usize, start: u64, block: usize) -> Self {
        Self {
            end: start + distance(blocks, other, block),
            distance: distance(blocks, block, other),
            start,
        }
    }

    /// Whether the block cannot start there.
    pub(super) fn contains(&self, offset: u64) -> bool {
        offset < self.end && offset + self.distance > self.start
    }
}

/// Places blocks in this order.
pub(super) fn first_fit(blocks: &[Block], order: &[usize]) -> Packing {
    let mut offsets = vec![0; blocks.len()];
    let mut bytes = 0;
    for (placed, &block) in order.iter().enumerate() {
        let placed = order[..placed].iter().copied();
        let meeting = placed.filter(|&other| blocks[other].meets(&blocks[block]));
        let mut taken: Vec<Taken> = meeting
            .map(|other| Taken::by(blocks, other, offsets[other], block))
            .collect();
        taken.sort_unstable();
        let mut offset = 0;
        while let Some(hit) = taken.iter().find(|taken| taken.contains(offset)) {
            offset = hit.end;
        }
        offsets[block] = offset;
        bytes = bytes.max(offset + u64::from(blocks[block].bytes));
    }
    Packing { offsets, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(bytes: u32, first: usize, last: usize) -> Block {
        Block {
            bytes,
            first,
            last,
            chased: None,
        }
    }

    #[test]
    fn a_gap_between_two_blocks_is_used() {
        let blocks = [
            block(8, 0, 9),
            block(4, 0, 2),
            block(8, 0, 9),
            block(4, 3, 4),
        ];
        let packing = first_fit(&blocks, &[0, 1, 2, 3]);
        assert_eq!(packing.offsets, [0, 8, 12, 8]);
        assert_eq!(packing.bytes, 20);
        assert_eq!(live_peak(&blocks), (20, 0));
    }

    #[test]
    fn no_blocks_need_no_bytes() {
        assert_eq!(greedy(&[]).1.bytes, 0);
        assert_eq!(live_peak(&[]), (0, 0));
    }
}
