//! The operators of the float graph.

use super::IndexMap;
use super::reduce::{Reduce, ResizeBilinear};
use super::{Binary, Fused, Parametric, Unary};
use std::sync::Arc;

/// What a node computes. Inputs are listed as `[a, b]`; `?` marks one that may be absent.
///
/// A closed enum: adding a variant makes the compiler list every place that must learn it.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// `[x: N H W I, weights: O KH KW I/groups (constant), bias?: O (constant)]` → `N OH OW O`.
    Conv2d(Conv2d),
    /// `[x: N H W I, weights: O KH KW I/groups (constant), bias?: O (constant)]` → `N OH OW O`:
    /// every input pixel adds its products to the outputs that its taps reach.
    ConvTranspose2d(ConvTranspose2d),
    /// `[a: N … M K, b: N … K P]` → `N … M P`, where the axes between `N` and the last two are
    /// equal or 1 in one of the factors.
    MatMul {
        /// The last two axes of `a` are stored swapped.
        transpose_a: bool,
        /// The last two axes of `b` are stored swapped.
        transpose_b: bool,
    },
    /// `[x: N … K, weights: O K (constant), bias?: O (constant)]` → `N … O`: a product over the
    /// last axis.
    Dense {
        /// Fused clamp of the result.
        clamp: Option<Clamp>,
    },
    /// `[x, scale, bias, mean, variance]`, all constant but `x`, over the last axis:
    /// `(x - mean) / sqrt(variance + epsilon) * scale + bias`.
    BatchNorm {
        /// Added to the variance.
        epsilon: f32,
    },
    /// `[x]` → element by element.
    Activation(Activation),
    /// `[x: N H W C]` → largest value of each window; padding never wins.
    MaxPool2d(Pool2d),
    /// `[x: N H W C]` → mean of each window.
    AvgPool2d(AvgPool2d),
    /// `[a, b]`, broadcasting: shapes are aligned at their last axes, and sizes are equal or 1.
    Add {
        /// Fused clamp of the result.
        clamp: Option<Clamp>,
    },
    /// `[a, b]` → `a - b`, broadcasting.
    Sub {
        /// Fused clamp of the result.
        clamp: Option<Clamp>,
    },
    /// `[a, b]`, broadcasting.
    Mul {
        /// Fused clamp of the result.
        clamp: Option<Clamp>,
    },
    /// `[a, b]`, broadcasting → element by element.
    Binary(Binary),
    /// `[condition, a, b]`, broadcasting → `a` where the condition is not 0, else `b`.
    Select,
    /// `[x]` → element by element, by a function that is put together from others.
    Fused(Arc<Fused>),
    /// `[x0, x1, …]`, of equal shape but for `axis`.
    Concat {
        /// Axis, never the batch.
        axis: usize,
    },
    /// `[x]` → the same elements in the same order.
    Reshape {
        /// New shape, batch (1) first.
        shape: Vec<usize>,
    },
    /// `[x]` → output axis `i` is input axis `perm[i]`; `perm[0] == 0`.
    Transpose {
        /// Permutation.
        perm: Vec<usize>,
    },
    /// `[x]` → per axis, the indices that a map takes: slices, splits, gathers, tiles, reverses,
    /// mirrors and repeats.
    Take {
        /// A map per axis; all of the batch.
        maps: Vec<IndexMap>,
    },
    /// `[x]` → `x` surrounded by a constant.
    Pad(Pad),
    /// `[x]` → softmax over the last axis.
    Softmax,
    /// `[x]` → mean, sum, largest or smallest value over axes.
    Reduce(Reduce),
    /// `[x]` → index of the largest (or smallest) value along an axis.
    ArgExtreme {
        /// Axis, never the batch.
        axis: usize,
        /// The largest value, or the smallest.
        largest: bool,
        /// The last of equal values, or the first.
        last: bool,
        /// Whether the axis stays, with extent 1.
        keep: bool,
    },
    /// `[x: N H W C]` → interpolated between rows and columns.
    ResizeBilinear(ResizeBilinear),
    /// `[x]` → each vector along the last axis over its length.
    L2Normalize,
    /// `[x]` → logarithm of softmax over the last axis.
    LogSoftmax,
    /// `[x]` → `x`. Only between import and the pass that removes it.
    Identity,
}

/// A clamp to `[min, max]`; infinite where there is no bound: `[0, ∞]` is `ReLU`,
/// `[0, 6]` is `ReLU6`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clamp {
    /// Lower bound.
    pub min: f32,
    /// Upper bound.
    pub max: f32,
}

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// Clamp: `ReLU`, `ReLU6`, `Clip`.
    Clamp(Clamp),
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// `x` where positive, else `alpha · x`.
    LeakyRelu {
        /// Slope of the negative side.
        alpha: f32,
    },
    /// `x` where positive, else `alpha · (exp(x) - 1)`.
    Elu {
        /// Depth of the negative side.
        alpha: f32,
    },
    /// `max(0, min(1, alpha · x + beta))`.
    HardSigmoid {
        /// Slope.
        alpha: f32,
        /// Value at 0.
        beta: f32,
    },
    /// `x · max(0, min(1, x / 6 + 1/2))`.
    HardSwish,
    /// One of the functions without parameters.
    Unary(Unary),
    /// One of the functions with parameters.
    Parametric {
        /// Which one.
        function: Parametric,
        /// Its parameters, 0 where it has only one.
        parameters: [f32; 2],
    },
}

/// Geometry of a sliding window, per axis: `[rows, columns]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window2d {
    /// Kernel size.
    pub kernel: [usize; 2],
    /// Stride.
    pub stride: [usize; 2],
    /// Distance between taps.
    pub dilation: [usize; 2],
    /// Padding above and left.
    pub pad_before: [usize; 2],
    /// Padding below and right.
    pub pad_after: [usize; 2],
}

/// Parameters of [`Op::Conv2d`].
#[derive(Clone, Debug, PartialEq)]
pub struct Conv2d {
    /// Geometry; padding is with 0.
    pub window: Window2d,
    /// Number of groups; the input's channels for a depthwise convolution.
    pub groups: usize,
    /// Fused clamp of the result.
    pub clamp: Option<Clamp>,
}

/// Geometry of a transposed convolution, per axis: `[rows, columns]`.
///
/// Tap `k` of input position `i` adds to output position `i * stride + k * dilation - pad_before`;
/// what falls outside `0..output` is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransposedWindow2d {
    /// Kernel size.
    pub kernel: [usize; 2],
    /// Outputs between inputs.
    pub stride: [usize; 2],
    /// Distance between taps.
    pub dilation: [usize; 2],
    /// Rows above and columns left that are dropped.
    pub pad_before: [usize; 2],
    /// Output size.
    pub output: [usize; 2],
}

/// Parameters of [`Op::ConvTranspose2d`].
#[derive(Clone, Debug, PartialEq)]
pub struct ConvTranspose2d {
    /// Geometry.
    pub window: TransposedWindow2d,
    /// Number of groups.
    pub groups: usize,
    /// Fused clamp of the result.
    pub clamp: Option<Clamp>,
}

/// Parameters of [`Op::MaxPool2d`].
#[derive(Clone, Debug, PartialEq)]
pub struct Pool2d {
    /// Geometry. (`pad_after` is resolved: rounding modes of source formats are gone.)
    pub window: Window2d,
    /// Fused clamp of the result.
    pub clamp: Option<Clamp>,
}

/// Parameters of [`Op::AvgPool2d`].
#[derive(Clone, Debug, PartialEq)]
pub struct AvgPool2d {
    /// Geometry.
    pub window: Window2d,
    /// Whether padding counts as zeros in the mean (ONNX: only explicit padding ever does; taps
    /// beyond it, from rounding the output size up, never count).
    pub count_include_pad: bool,
    /// Fused clamp of the result.
    pub clamp: Option<Clamp>,
}

/// Parameters of [`Op::Pad`].
#[derive(Clone, Debug, PartialEq)]
pub struct Pad {
    /// Elements before, per axis; 0 for the batch.
    pub before: Vec<usize>,
    /// Elements after, per axis; 0 for the batch.
    pub after: Vec<usize>,
    /// Value of the border.
    pub value: f32,
}

impl Op {
    /// The operator's name in reports; of an activation, the function's.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv2d(_) => "Conv2d",
            Self::ConvTranspose2d(_) => "ConvTranspose2d",
            Self::MatMul { .. } => "MatMul",
            Self::Dense { .. } => "Dense",
            Self::BatchNorm { .. } => "BatchNorm",
            Self::Activation(activation) => activation.name(),
            Self::MaxPool2d(_) => "MaxPool2d",
            Self::AvgPool2d(_) => "AvgPool2d",
            Self::Add { .. } => "Add",
            Self::Sub { .. } => "Sub",
            Self::Mul { .. } => "Mul",
            Self::Binary(function) => function.name(),
            Self::Select => "Select",
            Self::Fused(_) => "Fused",
            Self::Concat { .. } => "Concat",
            Self::Reshape { .. } => "Reshape",
            Self::Transpose { .. } => "Transpose",
            Self::Take { .. } => "Take",
            Self::Pad(_) => "Pad",
            Self::Softmax => "Softmax",
            Self::Reduce(_) => "Reduce",
            Self::ArgExtreme { .. } => "ArgExtreme",
            Self::ResizeBilinear(_) => "ResizeBilinear",
            Self::L2Normalize => "L2Normalize",
            Self::LogSoftmax => "LogSoftmax",
            Self::Identity => "Identity",
        }
    }
}

impl Activation {
    /// The function's name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Clamp(_) => "Clamp",
            Self::Sigmoid => "Sigmoid",
            Self::Tanh => "Tanh",
            Self::LeakyRelu { .. } => "LeakyRelu",
            Self::Elu { .. } => "Elu",
            Self::HardSigmoid { .. } => "HardSigmoid",
            Self::HardSwish => "HardSwish",
            Self::Unary(function) => function.name(),
            Self::Parametric { function, .. } => function.name(),
        }
    }
}
