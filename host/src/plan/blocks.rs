//! Lifetimes: buffers become blocks that live from one time to another.

use super::program::{Place, Program, Step};
use super::{ALIGNMENT_BYTES, PlanError};

/// Bytes that must lie together from `first` to `last`, both included. Time 0 is when inputs are
/// written, `i + 1` is step `i`, the number of steps + 1 is when outputs are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Length, a multiple of the alignment.
    pub(super) bytes: u32,
    /// When it is first written.
    pub(super) first: usize,
    /// When it is last read.
    pub(super) last: usize,
    /// The result that may run after it at the time when it is last read.
    pub(super) chased: Option<Chased>,
}

/// A block that begins when another ends, and may lie partly under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chased {
    /// The block that begins.
    pub(super) by: usize,
    /// How far after that one's start the other must start, at least.
    pub(super) lag_bytes: u32,
}

impl Block {
    /// Whether both live at some time.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Bytes that it shares with the result that runs after it, at most.
    pub(super) fn shared_bytes(&self, blocks: &[Self]) -> u64 {
        let Some(Chased { by, lag_bytes }) = self.chased else {
            return 0;
        };
        let under = blocks[by].bytes.saturating_sub(lag_bytes);
        u64::from(under.min(self.bytes))
    }
}

/// How far after the start of block `below` block `above` must start, if it is not wholly below.
pub(super) fn distance(blocks: &[Block], below: usize, above: usize) -> u64 {
    let bytes = blocks[below].bytes;
    let lag = blocks[above].chased.filter(|chased| chased.by == below);
    u64::from(lag.map_or(bytes, |chased| chased.lag_bytes.min(bytes)))
}

/// Which results are laid on which operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// On the first operand that may be overwritten.
    First,
    /// On the last operand that may be overwritten.
    Last,
    /// On none: a result that keeps its place pins more bytes for longer, which can fragment.
    Never,
}

/// Blocks and the block of every buffer.
pub(super) struct Blocks {
    pub(super) blocks: Vec<Block>,
    pub(super) of_buffer: Vec<usize>,
}

/// Finds lifetimes and joins the buffers that `merge` lays on each other.
pub(super) fn blocks(program: &Program, merge: Merge) -> Result<Blocks, PlanError> {
    let lives = lifetimes(program)?;
    let mut of_buffer: Vec<usize> = (0..lives.len()).collect();
    let mut blocks = lives.clone();
    let nexts = program.states.iter().filter_map(|state| {
        let next = state.next?;
        Some((state.value, next))
    });
    for (value, next) in nexts.clone() {
        of_buffer[next] = of_buffer[value];
    }
    for (index, step) in program.steps.iter().enumerate() {
        // What a state becomes has its place already.
        if nexts.clone().any(|(_, next)| next == step.write.buffer) {
            continue;
        }
        let Some(operand) = overwritten(program, &lives, index, step, merge) else {
            continue;
        };
        // The operand's block already holds what the operand was laid on.
        let block = of_buffer[operand];
        of_buffer[step.write.buffer] = block;
        blocks[block].last = lives[step.write.buffer].last;
    }
    for (index, step) in program.steps.iter().enumerate() {
        if let Some((operand, lag_bytes)) = chase(program, &lives, index, step) {
            let (above, below) = (of_buffer[operand], of_buffer[step.write.buffer]);
            // A result that lies on something else does not begin here.
            if blocks[below].first == index + 1 && blocks[above].last == index + 1 {
                blocks[above].chased = Some(Chased {
                    by: below,
                    lag_bytes,
                });
            }
        }
    }
    Ok(compacted(&blocks, of_buffer))
}

/// Leaves out the blocks that no buffer names, and sorts them by when they begin.
fn compacted(blocks: &[Block], mut of_buffer: Vec<usize>) -> Blocks {
    let mut named = of_buffer.clone();
    named.sort_unstable_by_key(|&block| (blocks[block].first, block));
    named.dedup();
    let mut renumbered = vec![0; blocks.len()];
    for (number, &block) in named.iter().enumerate() {
        renumbered[block] = number;
    }
    for block in &mut of_buffer {
        *block = renumbered[*block];
    }
    let renamed = |&block: &usize| Block {
        chased: blocks[block].chased.map(|chased| Chased {
            by: renumbered[chased.by],
            ..chased
        }),
        ..blocks[block]
    };
    Blocks {
        blocks: named.iter().map(renamed).collect(),
        of_buffer,
    }
}

/// The life of every buffer by itself.
fn lifetimes(program: &Program) -> Result<Vec<Block>, PlanError> {
    let mut lives = Vec::with_capacity(program.buffers.len());
    for buffer in &program.buffers {
        let bytes = buffer.bytes.checked_next_multiple_of(ALIGNMENT_BYTES);
        lives.push(Block {
            bytes: bytes.ok_or(PlanError::TooLarge)?,
            first: usize::MAX,
            last: 0,
            chased: None,
        });
    }
    let mut touch = |buffer: usize, time: usize| {
        let life = &mut lives[buffer];
        life.first = life.first.min(time);
        life.last = life.last.max(time);
    };
    for place in &program.inputs {
        touch(place.buffer, 0);
    }
    for (index, step) in program.steps.iter().enumerate() {
        let time = index + 1;
        let buffers = step.reads.iter().map(|read| read.buffer);
        for buffer in buffers.chain([step.write.buffer]).chain(step.scratch) {
            touch(buffer, time);
        }
    }
    for place in &program.outputs {
        touch(place.buffer, program.steps.len() + 1);
    }
    // A state's bytes are its own all the time, whether it holds the old value or the new one.
    for state in &program.states {
        for buffer in [state.value].into_iter().chain(state.next) {
            touch(buffer, 0);
            touch(buffer, program.steps.len() + 1);
        }
    }
    // What nobody touches takes no part; it gets a moment, so that it has an offset.
    for life in lives.iter_mut().filter(|life| life.first == usize::MAX) {
        life.first = 0;
    }
    Ok(lives)
}

/// The buffer that the step's result may run after, read for the last time, and how far.
fn chase(program: &Program, lives: &[Block], index: usize, step: &Step) -> Option<(usize, u32)> {
    let chase = step.chase?;
    let operand = step.reads.get(chase.read)?;
    let fills = |place: &Place| place.bytes == program.buffers[place.buffer].bytes;
    let is_read_once = |place: &Place| {
        let reads = step.reads.iter().filter(|read| read.buffer == place.buffer);
        reads.count() == 1 && lives[place.buffer].last == index + 1
    };
    let result = step.write;
    let is_whole = result.rows == 1 && result.row_bytes == program.buffers[result.buffer].bytes;
    let lag_bytes = chase.lag_bytes.checked_next_multiple_of(ALIGNMENT_BYTES)?;
    (is_whole && fills(operand) && is_read_once(operand)).then_some((operand.buffer, lag_bytes))
}

/// The buffer that the step's result is laid on: read for the last time, not shorter.
fn overwritten(
    program: &Program,
    lives: &[Block],
    index: usize,
    step: &Step,
    merge: Merge,
) -> Option<usize> {
    let written = step.write.buffer;
    let fills = step.write.rows == 1 && step.write.row_bytes == program.buffers[written].bytes;
    let is_free = |place: &Place| {
        lives[place.buffer].last == index + 1
            && place.buffer != written
            && place.bytes == program.buffers[place.buffer].bytes
            && place.bytes >= step.write.row_bytes
    };
    let mut free = step
        .in_place
        .iter()
        .map(|&read| &step.reads[read])
        .filter(|place| fills && is_free(place))
        .map(|place| place.buffer);
    match merge {
        Merge::First => free.next(),
        Merge::Last => free.next_back(),
        Merge::Never => None,
    }
}
