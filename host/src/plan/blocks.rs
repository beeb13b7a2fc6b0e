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
}

impl Block {
    /// Whether both live at some time.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
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
    Ok(compacted(&blocks, of_buffer))
}

/// Leaves out the blocks that no buffer names.
fn compacted(blocks: &[Block], mut of_buffer: Vec<usize>) -> Blocks {
    let mut renumbered = vec![None; blocks.len()];
    let mut kept = Vec::new();
    for block in &mut of_buffer {
        *block = *renumbered[*block].get_or_insert_with(|| {
            kept.push(blocks[*block]);
            kept.len() - 1
        });
    }
    Blocks {
        blocks: kept,
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

/// The buffer that the step's result is laid on: read for the last time, of equal length.
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
            && place.bytes == step.write.row_bytes
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
