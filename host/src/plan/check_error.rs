//! What can be wrong with a plan.

use super::ALIGNMENT_BYTES;

/// Why a plan is refused. Steps are named by index and layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The program or the plan contradicts itself.
    #[error("the {what} of step {step} contradicts the program; this is an error of the compiler")]
    Inconsistent {
        /// What names a buffer, range or read that is not there.
        what: &'static str,
        /// The step, or the number of steps for inputs, outputs and the plan itself.
        step: usize,
    },
    /// The plan has another number of offsets than the program has buffers.
    #[error("the plan places {found} buffers, the program has {expected}")]
    Count {
        /// Buffers of the program.
        expected: usize,
        /// Offsets of the plan.
        found: usize,
    },
    /// A buffer reaches over the end of the arena.
    #[error("buffer `{buffer}` ends at byte {end} of an arena of {arena_bytes} bytes")]
    OutOfArena {
        /// Name of the buffer.
        buffer: String,
        /// Its end.
        end: u64,
        /// Length of the arena.
        arena_bytes: u32,
    },
    /// A buffer starts off a word.
    #[error("buffer `{buffer}` lies at {offset}, which is no multiple of {ALIGNMENT_BYTES}")]
    Misaligned {
        /// Name of the buffer.
        buffer: String,
        /// Its offset.
        offset: u32,
    },
    /// A byte of a buffer is written a second time.
    #[error("step {step} (`{layer}`) writes a part of buffer `{buffer}` again")]
    WrittenTwice {
        /// Index of the step.
        step: usize,
        /// Its layer.
        layer: String,
        /// Name of the buffer.
        buffer: String,
    },
    /// A write falls on bytes that are still needed.
    #[error("step {step} (`{layer}`) writes `{buffer}` over `{needed}`, which is needed later")]
    Overwrites {
        /// Index of the step.
        step: usize,
        /// Its layer.
        layer: String,
        /// Name of the buffer that is written.
        buffer: String,
        /// Name of the buffer that is hit.
        needed: String,
    },
    /// A step overlaps an operand in another way than it allows.
    #[error("step {step} (`{layer}`) writes over its operand `{operand}` in a way it cannot")]
    InPlace {
        /// Index of the step.
        step: usize,
        /// Its layer.
        layer: String,
        /// Name of the operand's buffer.
        operand: String,
    },
    /// A state's new value is not where the next run looks for it.
    #[error("`{next}`, which state `{state}` becomes, has other bytes than the state")]
    Moved {
        /// Name of the state's buffer.
        state: String,
        /// Name of the new value's buffer.
        next: String,
    },
    /// Bytes that are read are not what was written there.
    #[error("`{reader}` reads `{buffer}`, but byte {byte} of it is gone or was never written")]
    Lost {
        /// The layer that reads, or `the caller` for an output.
        reader: String,
        /// Name of the buffer.
        buffer: String,
        /// First byte that is wrong.
        byte: usize,
    },
}
