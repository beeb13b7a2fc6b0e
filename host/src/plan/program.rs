//! A network as steps over buffers: all that planning needs to know, and no address.

use crate::ir::ValueId;

/// Steps in order, and the buffers that they read and write.
///
/// Time: inputs are written before step 0, when states are there already; outputs are read after
/// the last step, and so are states, by the next run. Every byte of a buffer is written once: values that share bytes by meaning (a reshaped tensor, a part of a
/// concatenation) share a buffer, values that merely could share bytes do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The buffers.
    pub buffers: Vec<Buffer>,
    /// Where every value of the graph that steps or ports name is found, by [`ValueId::index`].
    pub homes: Vec<Option<Home>>,
    /// Where the graph's inputs are written, in the graph's order.
    pub inputs: Vec<Place>,
    /// Where the graph's outputs are read, in the graph's order.
    pub outputs: Vec<Place>,
    /// What survives from one run to the next.
    pub states: Vec<State>,
    /// Steps in order of execution.
    pub steps: Vec<Step>,
    /// Names of the layers: the graph's nodes, then one for each copied output.
    pub layers: Vec<String>,
}

/// Bytes of arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// Name of the value it is made for.
    pub name: String,
    /// Length, at least 1.
    pub bytes: u32,
}

/// A contiguous part of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the buffer.
    pub buffer: usize,
    /// First byte in the buffer.
    pub offset: u32,
    /// Number of bytes, at least 1.
    pub bytes: u32,
}

/// A value that is there before step 0, as the run before left it, or as it was set before the
/// first run. Its bytes belong to it alone, also between runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Index of the state in the graph.
    pub state: usize,
    /// The buffer that holds the value, all of it.
    pub value: usize,
    /// The buffer, of equal length, that holds what the next run is to find; it must get the same
    /// bytes of the arena. None if what is in `value` after the last step stays: steps that change
    /// it in place list it among what they read.
    pub next: Option<usize>,
}

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// An activation.
    Arena(Place),
    /// The elements of this constant (itself, or what it reshapes).
    Constant(ValueId),
}

/// What a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// The operator of the graph's node of this index.
    Node(usize),
    /// The same, a convolution, by Winograd's transform.
    Winograd(usize),
    /// The depthwise convolution of the graph's node of this index, a channel at a time, with a
    /// scratch.
    Planes {
        /// Index of the node.
        node: usize,
        /// Rows and columns change places in the scratch.
        is_turned: bool,
    },
    /// Copies one input of a concatenation to its part of the output.
    ConcatInput {
        /// Index of the concatenation among the graph's nodes.
        node: usize,
        /// Index among its inputs.
        input: usize,
    },
    /// Copies a value, for an output that would else share its bytes with an input or have none.
    Copy {
        /// The value.
        value: ValueId,
    },
}

/// One kernel run once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Index of the layer that it belongs to.
    pub layer: usize,
    /// What runs.
    pub kernel: Kernel,
    /// Activations that it reads.
    pub reads: Vec<Place>,
    /// What it writes.
    pub write: Write,
    /// Which of `reads` the result may lie on: of equal length byte for byte; a shorter one from the
    /// same first byte on.
    pub in_place: Vec<usize>,
    /// An operand that the result may run after, if the step reads and writes in the order of
    /// addresses.
    pub chase: Option<Chase>,
    /// The buffer that it alone uses, while it runs.
    pub scratch: Option<usize>,
}

/// A result that runs after an operand: it may overwrite what the step has read for the last time
/// (Diagonal Memory Optimisation, Blacker et al. 2020, <https://arxiv.org/abs/2010.01668>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chase {
    /// Which of the step's `reads`.
    pub read: usize,
    /// When byte `i` of the result is written, the operand's bytes up to `i - lag_bytes` are read
    /// no more: the operand may start this many bytes after the result, or more.
    pub lag_bytes: u32,
}

/// The bytes that a step writes: `rows` runs of `row_bytes`, `pitch_bytes` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// Index of the buffer.
    pub buffer: usize,
    /// First byte in the buffer.
    pub offset: u32,
    /// Number of runs, at least 1.
    pub rows: u32,
    /// Bytes of a run, at least 1.
    pub row_bytes: u32,
    /// Bytes from the start of a run to the start of the next, at least `row_bytes`.
    pub pitch_bytes: u32,
}

impl Write {
    /// Writes all of `place`.
    pub fn whole(place: Place) -> Self {
        Self {
            buffer: place.buffer,
            offset: place.offset,
            rows: 1,
            row_bytes: place.bytes,
            pitch_bytes: place.bytes,
        }
    }
}
