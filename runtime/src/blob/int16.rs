//! Operators of int16 activations.
//!
//! An int16 activation has the zero point 0, but where a field says which it has. What these have
//! in common with the operators of int8 is said there.

use super::decode::decode;
use super::dtype::DType;
use super::operators::operators;
use super::reduce::Reduce;
use super::step::{AddSub, Conv2d, MatMul, Mul, Pad, Pool2d, Scale, Span};
use crate::fault::Fault;
use crate::op_set::Operators;
use serde::{Deserialize, Serialize};

operators! {
    /// The operators of [`super::Op::Int16`]. The order is the encoding: append only.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    pub enum Int16;
    /// Which operator of int16 activations.
    pub enum Int16Kind;
    enum Int16Tag;
    names end in " of int16";

    /// Convolution, grouped or not, with weights of int8.
    ///
    /// [`super::Accumulate::bias`] decides what is summed: int32, finished as int8's is, where it holds
    /// int32; int64, finished by [`crate::kernels::requantize_wide`] with shifts of at most 14, where
    /// it holds int64 (8-byte aligned).
    Conv2d(Conv2d),
    /// Transposed convolution; otherwise as `Conv2d`.
    TransposeConv2d(Conv2d),
    /// Largest value of a window.
    MaxPool2d(Pool2d),
    /// Mean of the valid values of a window; at most 2^15 of them.
    AvgPool2d(Pool2d),
    /// `a + b`, broadcasting.
    Add(AddSub),
    /// `a - b`, broadcasting.
    Sub(AddSub),
    /// `a * b`, broadcasting.
    Mul(Mul),
    /// `(a - b)²`, broadcasting.
    SquaredDifference(AddSub),
    /// Product of two matrices, with sums of int64 and shifts of at most 14.
    MatMul(MatMul),
    /// Sum, mean, largest or smallest value over axes.
    Reduce(Reduce),
    /// Surrounds a tensor with a constant.
    Pad(Pad),
    /// Two slopes that meet in 0.
    Slopes(Slopes),
    /// `1 / (1 + exp(-x))`, of scale 2^-15.
    Logistic(Curve),
    /// `tanh(x)`, of scale 2^-15.
    Tanh(Curve),
    /// Softmax over the last axis.
    Softmax(Softmax16),
}

impl Int16 {
    /// Where the result goes.
    #[must_use]
    pub const fn output(&self) -> Span {
        match self {
            Self::Conv2d(op) | Self::TransposeConv2d(op) => op.output,
            Self::MaxPool2d(op) | Self::AvgPool2d(op) => op.output,
            Self::Add(op) | Self::Sub(op) | Self::SquaredDifference(op) => op.output,
            Self::Mul(op) => op.output,
            Self::MatMul(op) => op.output,
            Self::Reduce(op) => op.output,
            Self::Pad(op) => op.output,
            Self::Slopes(op) => op.output,
            Self::Logistic(op) | Self::Tanh(op) => op.output,
            Self::Softmax(op) => op.output,
        }
    }

    /// As [`super::Op::weights_bytes`].
    #[must_use]
    pub const fn weights_bytes(&self) -> u32 {
        match self {
            Self::Conv2d(op) | Self::TransposeConv2d(op) => op.weights.len,
            Self::MaxPool2d(_)
            | Self::AvgPool2d(_)
            | Self::Add(_)
            | Self::Sub(_)
            | Self::Mul(_)
            | Self::SquaredDifference(_)
            | Self::MatMul(_)
            | Self::Reduce(_)
            | Self::Pad(_)
            | Self::Slopes(_)
            | Self::Logistic(_)
            | Self::Tanh(_)
            | Self::Softmax(_) => 0,
        }
    }

    /// As [`super::Op::macs`].
    #[must_use]
    pub fn macs(&self) -> u64 {
        let elements = |span: Span| u64::from(span.len / DType::I16.bytes());
        match self {
            Self::Conv2d(op) => elements(op.output) * u64::from(op.weights.len / op.out_c),
            Self::TransposeConv2d(op) => elements(op.input) * u64::from(op.weights.len / op.in_c),
            Self::MatMul(op) => elements(op.output) * u64::from(op.depth),
            Self::MaxPool2d(_)
            | Self::AvgPool2d(_)
            | Self::Add(_)
            | Self::Sub(_)
            | Self::Mul(_)
            | Self::SquaredDifference(_)
            | Self::Reduce(_)
            | Self::Pad(_)
            | Self::Slopes(_)
            | Self::Logistic(_)
            | Self::Tanh(_)
            | Self::Softmax(_) => 0,
        }
    }
}

/// Parameters of [`Int16::Slopes`]. The output may be exactly the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slopes {
    /// The values.
    pub input: Span,
    /// The results, as many.
    pub output: Span,
    /// Scale of what is not below 0.
    pub positive: Scale,
    /// Scale of what is below 0.
    pub negative: Scale,
    /// Whether what is below 0 is negated before it is scaled.
    pub negated: bool,
    /// Smallest output value.
    pub min: i16,
    /// Largest output value.
    pub max: i16,
}

/// Parameters of [`Int16::Logistic`] and [`Int16::Tanh`]. The output may be exactly the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Curve {
    /// The values.
    pub input: Span,
    /// The results, as many.
    pub output: Span,
    /// What a value is multiplied by, not negative.
    pub multiplier: i32,
    /// Bits, at most 31, that the product is shifted right by, rounded half up, to be a number in units
    /// of 1/12288.
    pub shift: u32,
}

/// Parameters of [`Int16::Softmax`]. The output has scale 2^-15. The output may be exactly the
/// input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Softmax16 {
    /// `[rows, depth]`.
    pub input: Span,
    /// `[rows, depth]`.
    pub output: Span,
    /// Vectors.
    pub rows: u32,
    /// Length of a vector, at most 65535.
    pub depth: u32,
    /// What brings a difference to units of 10/65535.
    pub scale: Scale,
    /// 513 int16, none negative, the last 32767: entry `i` is `exp(10 * (i - 512) / 512)` as
    /// Q0.15, as TFLite fills its tables.
    pub exponentials: Span,
    /// 513 int16, none negative: entry `i` is `1 / (1 + i / 512)` as Q0.15.
    pub reciprocals: Span,
}
