//! The quantized graph: the same network in integers only.

use crate::ir::{Coordinates, IndexMap, Reduction, TransposedWindow2d, ValueId, Window2d};
use std::collections::BTreeMap;
use std::sync::Arc;
pub use tiivis_runtime::blob::DType;
use tiivis_runtime::blob::{Comparison, Origin, Scale, Which};
use tiivis_runtime::kernels::LSTM_SCALES;

/// Scale and zero point of a tensor: `real = scale · (q - zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantParams {
    /// Real value of one step; positive and finite.
    pub scale: f32,
    /// Quantized value of real 0, in the range of the tensor's type.
    pub zero_point: i32,
}

/// A tensor of integers.
#[derive(Clone, Debug, PartialEq)]
pub struct QValue {
    /// Name, as in the float graph.
    pub name: String,
    /// Shape, NHWC, batch 1 first for activations.
    pub shape: Vec<usize>,
    /// What its elements are.
    pub dtype: DType,
    /// Scale and zero point; 1 and 0 of bool, and of int32 that stands for itself.
    pub params: QuantParams,
    /// The elements, little endian bytes, if the tensor is a constant operand (weights live in
    /// their operator).
    pub constant: Option<Arc<[i8]>>,
}

/// The type of a layer's sums, which decides how they are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sums {
    /// Rounded twice ([`tiivis_runtime::kernels::requantize`]). Always of int8.
    Int32,
    /// Rounded once ([`tiivis_runtime::kernels::requantize_wide`]). Of int16 only.
    Int64,
}

/// Weights of a layer and what turns its accumulators into its results.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// int8; the operator says the order.
    pub weights: Arc<[i8]>,
    /// Zero point of the weights; not 0 only in what was a uint8 model.
    pub zero_point: i32,
    /// Per output channel, at scale input · weight; of the type of the sums.
    pub bias: Vec<i64>,
    /// What products and bias are summed in.
    pub sums: Sums,
    /// Input scale · weight scale / output scale, per output channel.
    pub scales: Vec<Scale>,
}

/// Filters with a memory: TFLite's SVDF.
#[derive(Clone, Debug, PartialEq)]
pub struct SvdfLayer {
    /// int8 `[units * rank, in]`.
    pub weights: Arc<[i8]>,
    /// `[units * rank, memory]` of the state's type, little endian bytes.
    pub time_weights: Arc<[i8]>,
    /// int32 per unit, at scale state · time weight.
    pub bias: Vec<i32>,
    /// Filters of a unit.
    pub rank: usize,
    /// Input scale · weight scale / state scale.
    pub state_scale: Scale,
    /// State scale · time weight scale / output scale.
    pub output_scale: Scale,
}

/// Long short-term memory: TFLite's `UNIDIRECTIONAL_SEQUENCE_LSTM` with an int16 cell. Gates in the
/// order input, forget, cell, output.
#[derive(Clone, Debug, PartialEq)]
pub struct LstmLayer {
    /// int8 `[4, units, in]`.
    pub input_weights: Arc<[i8]>,
    /// int8 `[4, units, units]`.
    pub recurrent_weights: Arc<[i8]>,
    /// int32 `[4, units]`, at scale input · weight.
    pub bias: Vec<i32>,
    /// As [`tiivis_runtime::kernels::LstmWeights`] lists them.
    pub scales: [Scale; LSTM_SCALES],
    /// Whether time is the first axis, before the batch.
    pub is_time_major: bool,
    /// Smallest and largest number of the cell.
    pub cell_range: [i16; 2],
    /// The cell's scale is `2^(cell_bits - 12)`; -15 to 14.
    pub cell_bits: i8,
}

/// What a node computes. As [`crate::ir::Op`], after the passes; all activations are inputs, all
/// weights are inside.
#[derive(Clone, Debug, PartialEq)]
pub enum QOp {
    /// `[x]`; weights OHWI, `I = in_c / groups`.
    Conv2d {
        /// Geometry.
        window: Window2d,
        /// Groups, but not depthwise.
        groups: usize,
        /// Weights.
        weights: Weights,
        /// Output range.
        clamp: QClamp,
    },
    /// `[x]`; weights OHWI, `I = in_c / groups`, of zero point 0.
    TransposeConv2d {
        /// Geometry.
        window: TransposedWindow2d,
        /// Groups.
        groups: usize,
        /// Weights.
        weights: Weights,
        /// Output range.
        clamp: QClamp,
    },
    /// `[a, b]`, either may be constant: as [`crate::ir::Op::MatMul`].
    MatMul {
        /// The last two axes of `a` are stored swapped.
        transpose_a: bool,
        /// The last two axes of `b` are stored swapped.
        transpose_b: bool,
        /// Output range.
        clamp: QClamp,
    },
    /// `[x]`; weights `[kernel_h, kernel_w, out_c]`, `out_c` a multiple of `in_c`, of zero point
    /// 0.
    DepthwiseConv2d {
        /// Geometry.
        window: Window2d,
        /// Weights.
        weights: Weights,
        /// Output range.
        clamp: QClamp,
    },
    /// `[x]`; weights `[out, in]`, over the last axis.
    Dense {
        /// Weights.
        weights: Weights,
        /// Output range.
        clamp: QClamp,
    },
    /// `[x]`; same scale and zero point in and out.
    MaxPool2d {
        /// Geometry.
        window: Window2d,
        /// Output range.
        clamp: QClamp,
    },
    /// `[x]`; same scale and zero point in and out; only valid taps count.
    AvgPool2d {
        /// Geometry; dilation 1.
        window: Window2d,
        /// Output range.
        clamp: QClamp,
        /// What a mean halfway between two numbers becomes: the larger one, as in what was a uint8
        /// model, else the one farther from 0.
        ties_up: bool,
    },
    /// `[a, b]`, either may be constant.
    Add {
        /// Output range.
        clamp: QClamp,
    },
    /// `[a, b]`, either may be constant.
    Sub {
        /// Output range.
        clamp: QClamp,
    },
    /// `[a, b]`, either may be constant.
    Mul {
        /// Output range.
        clamp: QClamp,
    },
    /// `[a, b]` → `a / b`, either may be constant.
    Div {
        /// Output range.
        clamp: QClamp,
    },
    /// `[a, b]` → `(a - b)²`, either may be constant.
    SquaredDifference {
        /// Output range.
        clamp: QClamp,
    },
    /// `[a, b]` → the larger or smaller int8 number, whatever the scales; either may be constant.
    Extreme {
        /// Which of the two.
        which: Which,
    },
    /// `[a, b]` → 1 where they compare so, else 0; either may be constant.
    Compare {
        /// What holds.
        comparison: Comparison,
        /// Bits that both are shifted left by before they are scaled.
        left_shift: u32,
        /// What both are scaled by before they are compared; below 1.
        scales: [Scale; 2],
    },
    /// `[condition, a, b]` → the int8 number of `a` where the condition is not 0, else that of `b`,
    /// whatever the scales; each may be constant.
    Select,
    /// `[x, slope]` → `x`, or `slope · x` below 0; either may be constant.
    Prelu,
    /// `[x0, x1, …]`, each may have its own scale, each may be constant.
    Concat {
        /// Axis.
        axis: usize,
    },
    /// `[x]`; nothing moves.
    Reshape,
    /// `[x]`.
    Transpose {
        /// Output axis `i` is input axis `perm[i]`.
        perm: Vec<usize>,
    },
    /// `[x]`, elements of any type; same scale and zero point in and out.
    Take {
        /// What is taken along each axis.
        maps: Vec<IndexMap>,
    },
    /// `[x]`; same scale and zero point in and out.
    Pad {
        /// Elements before, per axis.
        before: Vec<usize>,
        /// Elements after, per axis.
        after: Vec<usize>,
        /// Quantized value of the border.
        value: i16,
    },
    /// `[x]` → softmax of `beta · x` over the last axis; output scale 1/256, zero point -128, of int16
    /// 2^-15 and 0.
    Softmax {
        /// Factor of the input; 1 in all but a few .tflite files.
        beta: f32,
    },
    /// `[x]` → one value for each index of the other axes; the output has the reduced axes with
    /// extent 1 or not at all. Extremes have the same scale and zero point in and out.
    Reduce {
        /// What becomes of the values over the axes.
        reduction: Reduction,
        /// Axes, each once.
        axes: Vec<usize>,
        /// Output range.
        clamp: QClamp,
    },
    /// `[x]` → int32 index of the largest (or smallest) int8 number along an axis, which stays with
    /// extent 1 or not at all.
    ArgExtreme {
        /// Axis.
        axis: usize,
        /// The largest number, or the smallest.
        largest: bool,
        /// The last of equal numbers, or the first.
        last: bool,
    },
    /// `[x: N H W C]` → interpolated between rows and columns; same scale and zero point in and
    /// out.
    ResizeBilinear {
        /// Where the output's rows and columns lie.
        coordinates: [Coordinates; 2],
    },
    /// `[x]` → each vector along the last axis over its length; output scale 1/128, zero point 0.
    L2Normalize,
    /// `[x]` → logarithm of softmax over the last axis; output scale 1/16, zero point 127.
    LogSoftmax,
    /// `[x]` → `table[x + 128]`.
    Lut {
        /// 256 results.
        table: Arc<[i8]>,
    },
    /// `[x: int16]` → `x` times one scale from 0 up, times another below; output of int16.
    Slopes {
        /// From 0 up.
        positive: Scale,
        /// Below 0.
        negative: Scale,
        /// What is below 0 is negated first.
        negated: bool,
        /// Output range.
        clamp: QClamp,
    },
    /// `[x: int16]` → a function of one number; output of int16, of scale 2^-15.
    Curve {
        /// Which one.
        function: CurveFunction,
        /// What a number is multiplied by to be in units of 1/12288.
        multiplier: i32,
        /// Bits that the product is shifted right by.
        shift: u32,
    },
    /// `[x]` → another scale, zero point, or type.
    Requantize,
    /// `[x, state]`; `x` `[batch, in]`, output `[batch, units]`, and a state of the graph, int8 or
    /// int16 `[batch, units * rank, memory]` in any shape, which the node changes.
    Svdf(SvdfLayer),
    /// `[x, hidden, cell]`; `x` `[batch, time, in]`, output `[batch, time, units]` (or time first),
    /// both int8 or int16, and two states of the graph, `[batch, units]`, which the node changes:
    /// one like the output, and one of int16.
    Lstm(LstmLayer),
}

/// A function with a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurveFunction {
    /// `1 / (1 + exp(-x))`.
    Logistic,
    /// `tanh(x)`.
    Tanh,
}

/// The range that an operator's output is clamped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QClamp {
    /// Smallest value.
    pub min: i16,
    /// Largest value.
    pub max: i16,
}

impl QClamp {
    /// All values of a type of up to 16 bits.
    #[must_use]
    pub fn open(dtype: DType) -> Self {
        let (min, max) = dtype.range();
        Self {
            min: i16::try_from(min).unwrap_or(i16::MIN),
            max: i16::try_from(max).unwrap_or(i16::MAX),
        }
    }
}

/// One operator applied once.
#[derive(Clone, Debug, PartialEq)]
pub struct QNode {
    /// Name, as in the float graph.
    pub name: String,
    /// The operator.
    pub op: QOp,
    /// What it reads.
    pub inputs: Vec<ValueId>,
    /// What it computes.
    pub output: ValueId,
}

/// An input or output of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct QPort {
    /// Name in the source model.
    pub name: String,
    /// The value.
    pub value: ValueId,
    /// Axis `i` of the source model is axis `source_axes[i]` of the value.
    pub source_axes: Vec<usize>,
    /// Whether the source model has it as uint8: numbers and zero point 128 more than the value's.
    pub unsigned: bool,
}

/// What a network remembers from one run to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct QState {
    /// Name, for messages.
    pub name: String,
    /// What a run reads: the value as the run before left it. No node computes it. An operator that
    /// keeps state (it says so) changes it while it runs.
    pub value: ValueId,
    /// What the value is at the end of a run, of the same bytes; none if operators change it in
    /// place, or nothing does.
    pub next: Option<ValueId>,
    /// The value before the first run, and after a reset.
    pub initial: Initial,
}

/// The bytes of a state before the first run.
#[derive(Clone, Debug, PartialEq)]
pub enum Initial {
    /// All bytes the same.
    Fill(i8),
    /// As many as the value has.
    Bytes(Arc<[i8]>),
}

/// A network of integers. Its values are indexed by the ids of the float graph that it was made from;
/// values that it does not need are `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct QGraph {
    /// Name of the model.
    pub name: String,
    /// What it reads.
    pub inputs: Vec<QPort>,
    /// What it computes.
    pub outputs: Vec<QPort>,
    /// What it remembers.
    pub states: Vec<QState>,
    /// Nodes in order.
    pub nodes: Vec<QNode>,
    /// Values by [`ValueId::index`].
    pub values: Vec<Option<QValue>>,
    /// Values that are tensors of a source file which numbers them.
    pub origins: BTreeMap<ValueId, Origin>,
}

impl QGraph {
    /// The value of this id.
    ///
    /// # Panics
    /// If the graph does not name the id.
    pub fn value(&self, id: ValueId) -> &QValue {
        self.values[id.index()]
            .as_ref()
            .expect("ids in a quantized graph name its values")
    }
}
