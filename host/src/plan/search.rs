//! Exact packing of few blocks by branch and bound.
//!
//! Slide every block of an optimal packing down as far as it goes, and name the blocks by
//! ascending offset: each then starts at 0 or on top of an earlier one that it meets in time. So
//! it is enough to try the orders in which offsets do not fall, each block on the highest earlier
//! block that it meets (the normal patterns of two-dimensional packing, with the times given).

use super::blocks::Block;
use super::pack::Packing;

/// Result of a search.
pub(super) struct Found {
    /// The best packing known.
    pub(super) best: Packing,
    /// Whether nothing smaller exists.
    pub(super) is_smallest: bool,
}

/// Improves on `known`, giving up after `node_limit` placed blocks. `bound` is a size that cannot be
/// undercut: reaching it ends the search.
pub(super) fn search(blocks: &[Block], known: Packing, bound: u64, node_limit: u64) -> Found {
    let times = blocks.iter().map(|block| block.last + 1).max().unwrap_or(0);
    let mut search = Search {
        blocks,
        bound,
        nodes_left: node_limit,
        offsets: vec![None; blocks.len()],
        tops: vec![0; times],
        waiting: vec![0; times],
        best: known,
    };
    for block in blocks {
        for time in block.first..=block.last {
            search.waiting[time] += u64::from(block.bytes);
        }
    }
    search.descend(0, 0, blocks.len());
    Found {
        is_smallest: search.nodes_left > 0 || search.best.bytes == bound,
        best: search.best,
    }
}

struct Search<'a> {
    blocks: &'a [Block],
    bound: u64,
    nodes_left: u64,
    /// Offsets of the placed blocks.
    offsets: Vec<Option<u64>>,
    /// By time: end of the highest placed block that lives then.
    tops: Vec<u64>,
    /// By time: bytes of the blocks that live then and are not placed.
    waiting: Vec<u64>,
    best: Packing,
}

impl Search<'_> {
    /// Places one of the `left` remaining blocks in every way that can still win. The last block
    /// was placed at `floor`; blocks below `from` come no more at that offset, so that equal
    /// offsets are tried in one order only.
    fn descend(&mut self, floor: u64, from: usize, left: usize) {
        if left == 0 {
            let bytes = self.tops.iter().copied().max().unwrap_or(0);
            if bytes < self.best.bytes {
                let offsets = self.offsets.iter().map(|offset| offset.unwrap_or(0));
                self.best = Packing {
                    offsets: offsets.collect(),
                    bytes,
                };
            }
            return;
        }
        let mut judged = u64::MAX;
        for block in 0..self.blocks.len() {
            if self.nodes_left == 0 || self.best.bytes == self.bound {
                return;
            }
            if judged != self.best.bytes {
                judged = self.best.bytes;
                if self.cannot_win(floor) {
                    return;
                }
            }
            if self.offsets[block].is_some() {
                continue;
            }
            let life = self.blocks[block].first..=self.blocks[block].last;
            let offset = self.tops[life.clone()].iter().copied().max().unwrap_or(0);
            if offset < floor || (offset == floor && block < from) {
                continue;
            }
            self.nodes_left -= 1;
            self.place(block, offset, left);
        }
    }

    /// Tries everything with `block` at `offset`.
    fn place(&mut self, block: usize, offset: u64, left: usize) {
        let Block { bytes, first, last } = self.blocks[block];
        let bytes = u64::from(bytes);
        let before = self.tops[first..=last].to_vec();
        self.offsets[block] = Some(offset);
        for time in first..=last {
            self.tops[time] = offset + bytes;
            self.waiting[time] -= bytes;
        }
        self.descend(offset, block + 1, left - 1);
        self.offsets[block] = None;
        self.tops[first..=last].copy_from_slice(&before);
        for time in first..=last {
            self.waiting[time] += bytes;
        }
    }

    /// Whether what is placed already rules out a smaller packing: at every time the blocks that
    /// wait lie above `floor` and above all placed blocks that live then.
    fn cannot_win(&self, floor: u64) -> bool {
        let mut times = self.tops.iter().zip(&self.waiting);
        times.any(|(&top, &waiting)| {
            let base = if waiting > 0 { top.max(floor) } else { top };
            base + waiting >= self.best.bytes
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::pack::{greedy, live_peak};
    use super::super::testing::Random;
    use super::*;

    /// Smallest packing by trying every order with first fit, which is known to contain an
    /// optimum, for at most 6 blocks.
    fn exhaustive(blocks: &[Block]) -> u64 {
        fn permute(blocks: &[Block], order: &mut Vec<usize>, best: &mut u64) {
            if order.len() == blocks.len() {
                let mut offsets = vec![0u64; blocks.len()];
                let mut top = 0;
                for (placed, &block) in order.iter().enumerate() {
                    // The lowest multiple of 4 at which nothing collides, by trial.
                    let collides = |at: u64, offsets: &[u64]| {
                        order[..placed].iter().any(|&other| {
                            blocks[other].meets(&blocks[block])
                                && at < offsets[other] + u64::from(blocks[other].bytes)
                                && offsets[other] < at + u64::from(blocks[block].bytes)
                        })
                    };
                    let mut at = 0;
                    while collides(at, &offsets) {
                        at += 4;
                    }
                    offsets[block] = at;
                    top = top.max(at + u64::from(blocks[block].bytes));
                }
                *best = (*best).min(top);
                return;
            }
            for next in 0..blocks.len() {
                if !order.contains(&next) {
                    order.push(next);
                    permute(blocks, order, best);
                    order.pop();
                }
            }
        }
        let mut best = u64::MAX;
        permute(blocks, &mut Vec::new(), &mut best);
        best
    }

    #[test]
    fn finds_what_trying_all_orders_finds() {
        let mut random = Random::new(5);
        let mut gaps = 0;
        for _ in 0..400 {
            let blocks: Vec<Block> = (0..6)
                .map(|_| {
                    let first = random.below(8);
                    Block {
                        bytes: 4 * (1 + u32::try_from(random.below(12)).unwrap()),
                        first,
                        last: first + random.below(4),
                    }
                })
                .collect();
            let (bound, _) = live_peak(&blocks);
            let found = search(&blocks, greedy(&blocks).1, bound, u64::MAX);
            assert!(found.is_smallest);
            assert_eq!(found.best.bytes, exhaustive(&blocks), "{blocks:?}");
            gaps += usize::from(found.best.bytes < greedy(&blocks).1.bytes);
        }
        println!("better than greedy in {gaps} of 400");
    }

    #[test]
    fn improves_where_greedy_fails_and_says_when_it_gave_up() {
        let mut random = Random::new(11);
        let mut improved = 0;
        for _ in 0..200 {
            let blocks: Vec<Block> = (0..14)
                .map(|_| {
                    let first = random.below(14);
                    Block {
                        bytes: 4 * (1 + u32::try_from(random.below(40)).unwrap()),
                        first,
                        last: first + random.below(6),
                    }
                })
                .collect();
            let (bound, _) = live_peak(&blocks);
            let (_, known) = greedy(&blocks);
            if known.bytes == bound {
                continue;
            }
            let stopped = search(&blocks, known.clone(), bound, 1);
            assert!(!stopped.is_smallest);
            assert_eq!(stopped.best, known);
            let found = search(&blocks, known.clone(), bound, 200_000);
            assert!((bound..=known.bytes).contains(&found.best.bytes));
            improved += usize::from(found.best.bytes < known.bytes);
        }
        assert!(improved > 10, "improved only {improved}");
    }
}
