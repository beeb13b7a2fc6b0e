//! The quantized graph: the same network in integers only.

use crate::ir::{IndexMap, TransposedWindow2d, ValueId, Window2d};
use std::sync::Arc;
use tiivis_runtime::blob::Scale;

/// Scale and zero point of an int8 tensor: `real = scale · (q - zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantParams {
    /// Real value of one step; positive and finite.
    pub scale: f32,
    /// Quantized value of real 0, in `-128..=127`.
    pub zero_point: i32,
}

/// An int8 tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct QValue {
    /// Name, as in the float graph.
    pub name: String,
    /// Shape, NHWC, batch 1 first for activations.
    pub shape: Vec<usize>,
    /// Scale and zero point.
    pub params: QuantParams,
    /// The elements if the tensor is a constant operand (weights live in their operator).
    pub constant: Option<Arc<[i8]>>,
}

/// Weights of a layer and what turns its accumulators into int8.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// int8; the operator says the order.
    pub weights: Arc<[i8]>,
    /// Zero point of the weights; not 0 only in what was a uint8 model.
    pub zero_point: i32,
    /// int32 per output channel, at scale input · weight.
    pub bias: Vec<i32>,
    /// Input scale · weight scale / output scale, per output channel.
    pub scales: Vec<Scale>,
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
        value: i8,
    },
    /// `[x]`, over the last axis; output scale 1/256, zero point -128.
    Softmax,
    /// `[x]` → `table[x + 128]`.
    Lut {
        /// 256 results.
        table: Arc<[i8]>,
    },
    /// `[x]` → another scale and zero point.
    Requantize,
}

/// The range that an operator's int8 output is clamped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QClamp {
    /// Smallest value.
    pub min: i8,
    /// Largest value.
    pub max: i8,
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

/// An int8 network. Its values are indexed by the ids of the float graph that it was made from;
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
