//! Exact packing of few blocks by branch and bound.
//!
//! Slide every block of an optimal packing down as far as it goes, and name the blocks by
//! ascending offset: each then starts at 0 or on top of an earlier one that it meets in time. So
//! it is enough to try the orders in which offsets do not fall, each block on the highest earlier
//! block that it meets (the normal patterns of two-dimensional packing, with the times given). A
//! block that a result may run after need not be on top of it, only far enough from its start; of
//! two blocks at one offset the result, which begins later, comes first.

use super::blocks::{Block, distance};
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
    for (index, block) in blocks.iter().enumerate() {
        for time in block.first..=block.last {
            search.waiting[time] += search.own_bytes(index, time);
        }
    }
    search.descend(0, blocks.len(), blocks.len());
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
    /// By time: bytes of the blocks that live then and are not placed, less what they can share with
    /// results that run after them.
    waiting: Vec<u64>,
    best: Packing,
}

impl Search<'_> {
    /// Bytes that a block takes at a time and shares with none that begins then.
    fn own_bytes(&self, block: usize, time: usize) -> u64 {
        let Block { bytes, last, .. } = self.blocks[block];
        let shared = match time == last {
            true => self.blocks[block].shared_bytes(self.blocks),
            false => 0,
        };
        u64::from(bytes) - shared
    }

    /// The lowest offset above all placed blocks, as far as the block must be above them.
    fn lowest(&self, block: usize) -> u64 {
        let placed = self.offsets.iter().enumerate();
        let placed = placed.filter_map(|(other, offset)| Some((other, (*offset)?)));
        let meeting = placed.filter(|&(other, _)| self.blocks[other].meets(&self.blocks[block]));
        let ends = meeting.map(|(other, offset)| offset + distance(self.blocks, other, block));
        ends.max().unwrap_or(0)
    }

    /// Places one of the `left` remaining blocks in every way that can still win. The last block
    /// was placed at `floor`; blocks from `below` on come no more at that offset, so that equal
    /// offsets are tried in one order only.
    fn descend(&mut self, floor: u64, below: usize, left: usize) {
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
            let offset = self.lowest(block);
            if offset < floor || (offset == floor && block >= below) {
                continue;
            }
            self.nodes_left -= 1;
            self.place(block, offset, left);
        }
    }

    /// Tries everything with `block` at `offset`.
    fn place(&mut self, block: usize, offset: u64, left: usize) {
        let Block {
            bytes, first, last, ..
        } = self.blocks[block];
        let end = offset + u64::from(bytes);
        let before = self.tops[first..=last].to_vec();
        self.offsets[block] = Some(offset);
        for time in first..=last {
            self.tops[time] = self.tops[time].max(end);
            self.waiting[time] -= self.own_bytes(block, time);
        }
        self.descend(offset, block, left - 1);
        self.offsets[block] = None;
        self.tops[first..=last].copy_from_slice(&before);
        for time in first..=last {
            self.waiting[time] += self.own_bytes(block, time);
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
    use super::super::blocks::Chased;
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
                            let (a, b) = (&blocks[other], &blocks[block]);
                            let lag = |block: &Block, by: usize| {
                                let chased = block.chased.filter(|chased| chased.by == by);
                                chased.map_or(u64::MAX, |chased| chased.lag_bytes.into())
                            };
                            let runs_after = at.checked_sub(offsets[other]) >= Some(lag(b, other))
                                || offsets[other].checked_sub(at) >= Some(lag(a, block));
                            a.meets(b)
                                && at < offsets[other] + u64::from(a.bytes)
                                && offsets[other] < at + u64::from(b.bytes)
                                && !runs_after
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
        let (mut gaps, mut chased) = (0, 0);
        for _ in 0..600 {
            let mut blocks: Vec<Block> = (0..6)
                .map(|_| {
                    let first = random.below(8);
                    Block {
                        bytes: 4 * (1 + u32::try_from(random.below(12)).unwrap()),
                        first,
                        last: first + random.below(4),
                        chased: None,
                    }
                })
                .collect();
            blocks.sort_by_key(|block| block.first);
            for above in 0..6 {
                let begins = |&by: &usize| {
                    let (above, by) = (&blocks[above], &blocks[by]);
                    above.first < by.first && by.first == above.last
                };
                let taken = |by: &usize| {
                    let mut chased = blocks.iter().filter_map(|block| block.chased);
                    chased.any(|chased| chased.by == *by)
                };
                let mut others = (0..6).filter(|by| begins(by) && !taken(by));
                let by = others.next();
                blocks[above].chased = by.map(|by| Chased {
                    by,
                    lag_bytes: 4 * u32::try_from(random.below(8)).unwrap(),
                });
                chased += usize::from(by.is_some());
            }
            let (bound, _) = live_peak(&blocks);
            let found = search(&blocks, greedy(&blocks).1, bound, u64::MAX);
            assert!(found.is_smallest);
            assert!(found.best.bytes >= bound);
            assert_eq!(found.best.bytes, exhaustive(&blocks), "{blocks:?}");
            gaps += usize::from(found.best.bytes < greedy(&blocks).1.bytes);
        }
        println!("better than greedy in {gaps} of 600, {chased} results run after an operand");
        assert!(chased > 100);
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
                        chased: None,
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
