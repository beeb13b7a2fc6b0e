//! The steps of a program: one operator applied once, self-contained.
//!
//! A step names every byte it touches, by [`Span`]: activations live in the arena, constants in the
//! blob's data part. Tensors are NHWC with N = 1, filters OHWI. Values are int8 where nothing else
//! is said; `multiplier` and `shift` are TFLite's fixed-point scale (`multiplier / 2^31 * 2^shift`, see
//! [`crate::kernels::requantize`]).

use super::decode::decode;
use super::dtype::DType;
use super::int16::{Int16, Int16Kind};
use super::operators::operators;
use super::packed::{PackedConv2d, PackedDense};
use super::planes::DepthwisePlanes;
use super::recurrent::{Lstm, Svdf};
use super::reduce::{ArgExtreme, CumSum, L2Normalize, LogSoftmax, Reduce, ResizeBilinear};
use super::typed::{Arithmetic, Choose, Convert, Gather};
use super::winograd::WinogradConv2d;
use crate::fault::Fault;
use crate::op_set::Operators;
use serde::{Deserialize, Serialize};

/// A range of bytes, in the arena or in the blob's data part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub offset: u32,
    /// Number of bytes.
    pub len: u32,
}

/// Where an operand's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// An activation.
    Arena(Span),
    /// A constant.
    Data(Span),
}

/// A step: which layer of the source model it belongs to, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Index of the layer (a node of the compiled model) that this step is a part of.
    pub layer: u32,
    /// The operator and its parameters.
    pub op: Op,
}

impl Step {
    /// Takes one from the front of `bytes`, as [`Op::take`].
    pub(crate) fn take<O: Operators>(bytes: &mut &[u8]) -> Result<Self, Fault> {
        Ok(Self {
            layer: decode(bytes)?,
            op: Op::take::<O>(bytes)?,
        })
    }
}

operators! {
    /// The operators. The order is the encoding: append only.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    pub enum Op;
    /// Which operator an [`Op`] is.
    pub enum OpKind;
    enum OpTag;
    names end in "";

    /// Convolution, grouped or not.
    Conv2d(Conv2d),
    /// Convolution in which every output channel sees one input channel.
    DepthwiseConv2d(DepthwiseConv2d),
    /// Fully connected layer.
    Dense(Dense),
    /// Largest value of a window.
    MaxPool2d(Pool2d),
    /// Mean of the valid values of a window, rounded half away from zero.
    AvgPool2d(Pool2d),
    /// `a + b`, broadcasting.
    Add(AddSub),
    /// `a - b`, broadcasting.
    Sub(AddSub),
    /// `a * b`, broadcasting.
    Mul(Mul),
    /// Copies one input of a concatenation into its place in the output, of any element type.
    Concat(Concat),
    /// Surrounds a tensor with a constant.
    Pad(Pad),
    /// Softmax over the last axis.
    Softmax(Softmax),
    /// Any function of one int8 value, as a table.
    Lut(Lut),
    /// Changes scale and zero point.
    Requantize(Requantize),
    /// Permutes the axes.
    Transpose(Transpose),
    /// Transposed convolution, grouped or not, with weights of zero point 0.
    ///
    /// Its window is read the other way: tap `k` of output row `y` reads input row
    /// `(y + pad_top - k * dilation_h) / stride_h` where that division leaves no rest and the row is
    /// inside the input; columns likewise. Other taps add nothing.
    TransposeConv2d(Conv2d),
    /// Product of two matrices, neither of which need be constant.
    MatMul(MatMul),
    /// Copies runs of bytes from where an outer product of offsets says.
    Take(Take),
    /// The larger or smaller of two numbers, broadcasting.
    Extreme(Extreme),
    /// `(a - b)²`, broadcasting.
    SquaredDifference(AddSub),
    /// `a / b`, broadcasting.
    Div(Mul),
    /// Whether two numbers compare so, broadcasting.
    Compare(Compare),
    /// One of two numbers, as a condition says, broadcasting.
    Select(Select),
    /// `x`, or `slope · x` below 0, broadcasting.
    Prelu(Prelu),
    /// Sum, mean, largest or smallest value over axes.
    Reduce(Reduce),
    /// Index of the largest or smallest value along an axis.
    ArgExtreme(ArgExtreme),
    /// Interpolates between rows and columns.
    ResizeBilinear(ResizeBilinear),
    /// Makes vectors along the last axis as long as 1.
    L2Normalize(L2Normalize),
    /// Logarithm of softmax over the last axis.
    LogSoftmax(LogSoftmax),
    /// Filters with a memory, which is a state.
    Svdf(Svdf),
    /// Long short-term memory over a sequence; hidden state and cell are states.
    Lstm(Lstm),
    /// Of int16 activations.
    Int16(Int16) of Int16Kind,
    /// A function of two int16 or int32 as they are, broadcasting.
    Arithmetic(Arithmetic),
    /// One of two elements of any type, as a condition says, broadcasting.
    Choose(Choose),
    /// Elements in another type.
    Convert(Convert),
    /// Parts of a table, as indices say.
    Gather(Gather),
    /// Sums of what comes before along an axis.
    CumSum(CumSum),
    /// [`Op::Conv2d`] of 3×3 taps and stride 1, by Winograd's transform.
    WinogradConv2d(WinogradConv2d),
    /// [`Op::Conv2d`] with packed weights.
    PackedConv2d(PackedConv2d),
    /// [`Op::Dense`] of one row with packed weights.
    PackedDense(PackedDense),
    /// Depthwise convolution of 3 × 3 taps, a channel at a time.
    DepthwisePlanes(DepthwisePlanes),
}

impl Op {
    /// Where the result goes.
    #[must_use]
    pub const fn output(&self) -> Span {
        match self {
            Self::Conv2d(op) | Self::TransposeConv2d(op) => op.output,
            Self::DepthwiseConv2d(op) => op.output,
            Self::Dense(op) => op.output,
            Self::MaxPool2d(op) | Self::AvgPool2d(op) => op.output,
            Self::Add(op) | Self::Sub(op) | Self::SquaredDifference(op) => op.output,
            Self::Mul(op) | Self::Div(op) => op.output,
            Self::Concat(op) => op.output,
            Self::Pad(op) => op.output,
            Self::Softmax(op) => op.output,
            Self::Lut(op) => op.output,
            Self::Requantize(op) => op.output,
            Self::Transpose(op) => op.output,
            Self::Extreme(op) => op.output,
            Self::Compare(op) => op.output,
            Self::Select(op) => op.output,
            Self::Prelu(op) => op.output,
            Self::MatMul(op) => op.output,
            Self::Take(op) => op.output,
            Self::Reduce(op) => op.output,
            Self::ArgExtreme(op) => op.output,
            Self::ResizeBilinear(op) => op.output,
            Self::L2Normalize(op) => op.output,
            Self::LogSoftmax(op) => op.output,
            Self::Arithmetic(op) => op.output,
            Self::Choose(op) => op.output,
            Self::Convert(op) => op.output,
            Self::Gather(op) => op.output,
            Self::CumSum(op) => op.output,
            Self::DepthwisePlanes(op) => op.output,
            Self::Svdf(op) => op.output,
            Self::Lstm(op) => op.output,
            Self::Int16(op) => op.output(),
            Self::WinogradConv2d(op) => op.output,
            Self::PackedConv2d(op) => op.output,
            Self::PackedDense(op) => op.output,
        }
    }

    /// Bytes of weights of the layers that have some. 0 for the other operators.
    #[must_use]
    pub const fn weights_bytes(&self) -> u32 {
        match self {
            Self::Conv2d(op) | Self::TransposeConv2d(op) => op.weights.len,
            Self::DepthwiseConv2d(op) => op.weights.len,
            Self::Dense(op) => op.weights.len,
            // Each lies in the data, whose length fits 32 bits; a hostile sum does not.
            Self::Svdf(op) => op.weights.len.saturating_add(op.time_weights.len),
            Self::Lstm(op) => op
                .input_weights
                .len
                .saturating_add(op.recurrent_weights.len),
            Self::Int16(op) => op.weights_bytes(),
            Self::WinogradConv2d(op) => op.filters.len.saturating_add(op.channels.len),
            // Biases, scales and zeros too.
            Self::PackedConv2d(op) => op.packed.stream.len,
            Self::PackedDense(op) => op.packed.stream.len,
            // Nine of the 24 bytes of a record.
            Self::DepthwisePlanes(op) => op.channels.saturating_mul(9),
            Self::MaxPool2d(_)
            | Self::AvgPool2d(_)
            | Self::Add(_)
            | Self::Sub(_)
            | Self::Mul(_)
            | Self::Concat(_)
            | Self::Pad(_)
            | Self::Softmax(_)
            | Self::Lut(_)
            | Self::Requantize(_)
            | Self::Transpose(_)
            | Self::MatMul(_)
            | Self::Take(_)
            | Self::Extreme(_)
            | Self::SquaredDifference(_)
            | Self::Div(_)
            | Self::Compare(_)
            | Self::Select(_)
            | Self::Prelu(_)
            | Self::Reduce(_)
            | Self::ArgExtreme(_)
            | Self::ResizeBilinear(_)
            | Self::L2Normalize(_)
            | Self::LogSoftmax(_)
            | Self::Arithmetic(_)
            | Self::Choose(_)
            | Self::Convert(_)
            | Self::Gather(_)
            | Self::CumSum(_) => 0,
        }
    }

    /// Multiply-accumulates of convolutions and matrix products, from the shapes: taps that fall on
    /// padding count. 0 for the other operators.
    #[must_use]
    pub fn macs(&self) -> u64 {
        let outputs = u64::from(self.output().len);
        match self {
            Self::Conv2d(op) => outputs * u64::from(op.weights.len / op.out_c),
            Self::DepthwiseConv2d(op) => {
                outputs * u64::from(op.window.kernel_h) * u64::from(op.window.kernel_w)
            }
            Self::Dense(op) => outputs * u64::from(op.in_features),
            Self::Svdf(op) => {
                outputs * u64::from(op.rank) * (u64::from(op.in_features) + u64::from(op.memory))
            }
            Self::Lstm(op) => {
                let units = outputs / u64::from(op.dtype.bytes());
                units * 4 * (u64::from(op.in_features) + u64::from(op.units))
            }
            // Every input value meets every tap of its group's filters.
            Self::TransposeConv2d(op) => {
                u64::from(op.input.len) * u64::from(op.weights.len / op.in_c)
            }
            Self::MatMul(op) => outputs * u64::from(op.depth),
            Self::Int16(op) => op.macs(),
            // Those of the definition, so that ways of computing it can be compared.
            Self::WinogradConv2d(op) => outputs * 9 * u64::from(op.in_c),
            Self::PackedConv2d(op) => {
                let taps = u64::from(op.window.kernel_h) * u64::from(op.window.kernel_w);
                outputs * taps.saturating_mul(op.in_c.into())
            }
            Self::PackedDense(op) => outputs * u64::from(op.in_features),
            Self::DepthwisePlanes(op) => {
                outputs * u64::from(op.window.kernel_h) * u64::from(op.window.kernel_w)
            }
            Self::MaxPool2d(_)
            | Self::AvgPool2d(_)
            | Self::Add(_)
            | Self::Sub(_)
            | Self::Mul(_)
            | Self::Concat(_)
            | Self::Pad(_)
            | Self::Softmax(_)
            | Self::Lut(_)
            | Self::Requantize(_)
            | Self::Transpose(_)
            | Self::Extreme(_)
            | Self::SquaredDifference(_)
            | Self::Div(_)
            | Self::Compare(_)
            | Self::Select(_)
            | Self::Prelu(_)
            | Self::Take(_)
            | Self::Reduce(_)
            | Self::ArgExtreme(_)
            | Self::ResizeBilinear(_)
            | Self::L2Normalize(_)
            | Self::LogSoftmax(_)
            | Self::Arithmetic(_)
            | Self::Choose(_)
            | Self::Convert(_)
            | Self::Gather(_)
            | Self::CumSum(_) => 0,
        }
    }
}

/// Geometry of a sliding window over `[1, in_h, in_w, c]`.
///
/// Output pixel `(y, x)` reads input rows `y * stride_h - pad_top + k * dilation_h` for
/// `k < kernel_h`, columns likewise. Taps outside the input are the input's zero point
/// (convolution) or are left out (pooling).
///
/// Every field, `(out - 1) * stride` and `(kernel - 1) * dilation` are at most
/// [`crate::kernels::Axis::LIMIT`]; all but the padding are at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window2d {
    /// Input rows.
    pub in_h: u32,
    /// Input columns.
    pub in_w: u32,
    /// Output rows.
    pub out_h: u32,
    /// Output columns.
    pub out_w: u32,
    /// Kernel rows.
    pub kernel_h: u32,
    /// Kernel columns.
    pub kernel_w: u32,
    /// Rows between output pixels.
    pub stride_h: u32,
    /// Columns between output pixels.
    pub stride_w: u32,
    /// Rows between taps.
    pub dilation_h: u32,
    /// Columns between taps.
    pub dilation_w: u32,
    /// Rows of padding above the input.
    pub pad_top: u32,
    /// Columns of padding left of the input.
    pub pad_left: u32,
}

/// What turns the accumulators of a layer with weights into int8.
///
/// `out = clamp(requantize(acc[c] + bias[c], multipliers[c], shifts[c]) + zero_point, min, max)`,
/// where `acc` sums `(x - input_zero_point) * (w - weights_zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accumulate {
    /// int32 per output channel, 4-byte aligned.
    pub bias: Span,
    /// int32 per output channel, 4-byte aligned, each in `0..=i32::MAX`.
    pub multipliers: Span,
    /// int8 per output channel, each in `-31..=30`; positive shifts left.
    pub shifts: Span,
    /// Zero point of the input, in `-128..=127`.
    pub input_zero_point: i32,
    /// Zero point of the weights, in `-128..=127`; 0 but in models that were uint8, and always 0
    /// where the operator says so.
    pub weights_zero_point: i32,
    /// Zero point of the output, in `-128..=127`.
    pub output_zero_point: i32,
    /// Smallest output value (fused activation).
    pub min: i16,
    /// Largest output value (fused activation).
    pub max: i16,
}

/// Parameters of [`Op::Conv2d`] and [`Op::TransposeConv2d`]. Weights are `[out_c, kernel_h, kernel_w, in_c / groups]`, 16-byte
/// aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conv2d {
    /// `[1, in_h, in_w, in_c]`.
    pub input: Span,
    /// `[1, out_h, out_w, out_c]`.
    pub output: Span,
    /// Weights, int8.
    pub weights: Span,
    /// Geometry.
    pub window: Window2d,
    /// Input channels, a multiple of `groups`.
    pub in_c: u32,
    /// Output channels, a multiple of `groups`.
    pub out_c: u32,
    /// Groups: output channels `g * out_c / groups ..` see input channels `g * in_c / groups ..`.
    pub groups: u32,
    /// Bias and requantization.
    pub accumulate: Accumulate,
}

/// Parameters of [`Op::DepthwiseConv2d`]. Weights are `[kernel_h, kernel_w, in_c * multiplier]`,
/// TFLite's order, 16-byte aligned; output channel `c * multiplier + m` sees input
/// channel `c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthwiseConv2d {
    /// `[1, in_h, in_w, in_c]`.
    pub input: Span,
    /// `[1, out_h, out_w, in_c * multiplier]`.
    pub output: Span,
    /// Weights, int8.
    pub weights: Span,
    /// Geometry.
    pub window: Window2d,
    /// Input channels.
    pub in_c: u32,
    /// Output channels per input channel.
    pub multiplier: u32,
    /// Bias and requantization.
    pub accumulate: Accumulate,
}

/// Parameters of [`Op::Dense`]. Weights are `[out_features, in_features]`, 16-byte aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dense {
    /// `[rows, in_features]`.
    pub input: Span,
    /// `[rows, out_features]`.
    pub output: Span,
    /// Weights, int8.
    pub weights: Span,
    /// Vectors to multiply.
    pub rows: u32,
    /// Length of an input vector.
    pub in_features: u32,
    /// Length of an output vector.
    pub out_features: u32,
    /// Bias and requantization.
    pub accumulate: Accumulate,
}

/// Parameters of [`Op::MaxPool2d`] and [`Op::AvgPool2d`]; dilation is 1 for the average.
/// Input and output share scale and zero point. Every window holds at least one input value; that of an
/// average holds at most 2^23.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool2d {
    /// `[1, in_h, in_w, channels]`.
    pub input: Span,
    /// `[1, out_h, out_w, channels]`.
    pub output: Span,
    /// Geometry.
    pub window: Window2d,
    /// Channels.
    pub channels: u32,
    /// Smallest output value (fused activation).
    pub min: i16,
    /// Largest output value (fused activation).
    pub max: i16,
    /// What a mean that is halfway between two numbers becomes: the larger one, as in what was a
    /// uint8 model, else the one farther from 0. Means nothing to the largest value.
    pub ties_up: bool,
}

/// One operand of a broadcasting operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operand {
    /// The values.
    pub source: Source,
    /// Shape, leading ones added; each axis equals the output's or is 1.
    pub shape: [u32; 4],
    /// Zero point, in `-128..=127`.
    pub zero_point: i32,
}

/// Parameters of [`Op::Add`] and [`Op::Sub`] (TFLite's ADD: both operands are brought to twice the
/// larger scale with `left_shift` extra bits, added, and brought to the output's scale), and of
/// [`Op::SquaredDifference`], which squares in between.
///
/// The output may be exactly one of the operands' spans if that operand has the output's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddSub {
    /// First operand.
    pub a: Operand,
    /// Second operand.
    pub b: Operand,
    /// Result.
    pub output: Span,
    /// Shape of the result.
    pub shape: [u32; 4],
    /// Bits that both operands are shifted left by before they are scaled: for int8 20, at most 23;
    /// for a squared difference 7, which is the most.
    pub left_shift: u32,
    /// Scale of `a`; the shift is in `-31..=0`.
    pub a_scale: Scale,
    /// Scale of `b`; the shift is in `-31..=0`.
    pub b_scale: Scale,
    /// Scale of the sum, with a shift in `-31..=0`, or of the squared difference.
    pub output_scale: Scale,
    /// Zero point of the output, in `-128..=127`.
    pub output_zero_point: i32,
    /// Smallest output value (fused activation).
    pub min: i16,
    /// Largest output value (fused activation).
    pub max: i16,
}

/// Parameters of [`Op::Mul`] and [`Op::Div`]. The output may be exactly one of the operands' spans if that operand
/// has the output's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mul {
    /// First operand.
    pub a: Operand,
    /// Second operand.
    pub b: Operand,
    /// Result.
    pub output: Span,
    /// Shape of the result.
    pub shape: [u32; 4],
    /// Scale of the product; of the quotient, with a shift of at most 23.
    pub output_scale: Scale,
    /// Zero point of the output, in `-128..=127`.
    pub output_zero_point: i32,
    /// Smallest output value (fused activation).
    pub min: i16,
    /// Largest output value (fused activation).
    pub max: i16,
}

/// A real scale as `multiplier / 2^31 * 2^shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// In `0..=i32::MAX`; normalized to `2^30..` unless the scale is 0.
    pub multiplier: i32,
    /// In `-31..=30`; positive shifts left.
    pub shift: i8,
}

/// A change of scale and zero point: `requantize(x - input_zero_point) + output_zero_point`,
/// clamped to int8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rescale {
    /// Zero point of the input, in `-128..=127`.
    pub input_zero_point: i32,
    /// Zero point of the output, in `-128..=127`.
    pub output_zero_point: i32,
    /// Input scale over output scale.
    pub scale: Scale,
}

/// Parameters of [`Op::Concat`]: row `r` of `outer` rows is copied from
/// `input[r * row_bytes ..]` to `output[r * output_row_bytes + at_bytes ..]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concat {
    /// This input.
    pub input: Source,
    /// The whole output.
    pub output: Span,
    /// Product of the axes before the concatenated one.
    pub outer: u32,
    /// Bytes of this input per outer index.
    pub row_bytes: u32,
    /// Bytes of the output per outer index.
    pub output_row_bytes: u32,
    /// Where this input starts in an output row.
    pub at_bytes: u32,
    /// What the elements are; rows are whole elements.
    pub dtype: DType,
    /// Set, for int8 only, where this input's scale or zero point is not the output's.
    pub rescale: Option<Rescale>,
}

/// Parameters of [`Op::Pad`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pad {
    /// The tensor.
    pub input: Span,
    /// The tensor with its border.
    pub output: Span,
    /// Shape of the input, leading ones added.
    pub shape: [u32; 4],
    /// Elements before the input, per axis.
    pub before: [u32; 4],
    /// Elements after the input, per axis.
    pub after: [u32; 4],
    /// Value of the border.
    pub value: i16,
}

/// Parameters of [`Op::Softmax`]. The output has scale 1/256 and zero point -128. The output may
/// be exactly the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Softmax {
    /// `[rows, depth]`.
    pub input: Span,
    /// `[rows, depth]`.
    pub output: Span,
    /// Vectors.
    pub rows: u32,
    /// Length of a vector.
    pub depth: u32,
    /// int32 Q0.31, 4-byte aligned, 1 to 256 entries, the first `i32::MAX`, none negative: entry
    /// `d` is `exp(-beta * scale * d)` as [`crate::kernels::table_entry`] makes it; differences
    /// beyond the table count as 0.
    pub table: Span,
}

/// Parameters of [`Op::Lut`]. The output may be exactly the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lut {
    /// The values.
    pub input: Span,
    /// The results, as many.
    pub output: Span,
    /// 256 int8; entry `x + 128` is the result for `x`.
    pub table: Span,
}

/// Parameters of [`Op::Requantize`]. The output may be exactly the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requantize {
    /// The values.
    pub input: Span,
    /// The results, as many.
    pub output: Span,
    /// The change.
    pub rescale: Rescale,
}

/// Parameters of [`Op::Transpose`]: output axis `i` is input axis `perm[i]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transpose {
    /// The tensor.
    pub input: Span,
    /// The tensor with its axes permuted.
    pub output: Span,
    /// Shape of the input, leading ones added.
    pub shape: [u32; 4],
    /// A permutation of `0..4`.
    pub perm: [u8; 4],
}

/// Parameters of [`Op::Extreme`]: of the numbers as they are, whatever their scales (TFLite's MAXIMUM
/// and MINIMUM). The output may be exactly one of the operands' spans if that operand has the
/// output's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extreme {
    /// First operand; its zero point is not looked at.
    pub a: Operand,
    /// Second operand; its zero point is not looked at.
    pub b: Operand,
    /// Result.
    pub output: Span,
    /// Shape of the result.
    pub shape: [u32; 4],
    /// Which of the two.
    pub which: Which,
}

/// An end of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    /// The smaller one.
    Smallest,
    /// The larger one.
    Largest,
}

/// Parameters of [`Op::Compare`]: the operands less their zero points are shifted left, scaled and
/// compared; the result is 1 where that holds, else 0. The output may be exactly one of the
/// operands' spans if that operand has the output's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    /// First operand.
    pub a: Operand,
    /// Second operand.
    pub b: Operand,
    /// Result, 0 or 1.
    pub output: Span,
    /// Shape of the result.
    pub shape: [u32; 4],
    /// What holds.
    pub comparison: Comparison,
    /// Bits that both operands are shifted left by before they are scaled; at most 23.
    pub left_shift: u32,
    /// Scale of `a`; the shift is in `-31..=0`.
    pub a_scale: Scale,
    /// Scale of `b`; the shift is in `-31..=0`.
    pub b_scale: Scale,
}

/// How two numbers compare. (`a < b` is `b > a`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `a = b`.
    Equal,
    /// `a ≠ b`.
    NotEqual,
    /// `a > b`.
    Greater,
    /// `a ≥ b`.
    GreaterEqual,
}

/// Parameters of [`Op::Select`]: `a` where the condition is not its zero point, else `b`; of the
/// numbers as they are, whatever their scales. The output may be exactly the span of `a`, of `b` or of both if that
/// operand has the output's shape; it overlaps no condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Select {
    /// Condition: its zero point or another number.
    pub condition: Operand,
    /// What is taken where the condition holds; its zero point is not looked at.
    pub a: Operand,
    /// What is taken elsewhere; its zero point is not looked at.
    pub b: Operand,
    /// Result.
    pub output: Span,
    /// Shape of the result.
    pub shape: [u32; 4],
}

/// Parameters of [`Op::Prelu`]. The output may be exactly one of the operands' spans if that operand
/// has the output's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prelu {
    /// The numbers.
    pub input: Operand,
    /// What those below 0 are multiplied by.
    pub slope: Operand,
    /// Result.
    pub output: Span,
    /// Shape of the result.
    pub shape: [u32; 4],
    /// Scale of what is not below 0.
    pub positive: Scale,
    /// Scale of the products.
    pub negative: Scale,
    /// Zero point of the output, in `-128..=127`.
    pub output_zero_point: i32,
}

/// A factor of [`MatMul`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// The values, matrix after matrix.
    pub source: Source,
    /// Number of matrices: that of the product, or 1, which is used for all.
    pub matrices: u32,
    /// Whether the matrices are stored with their axes swapped.
    pub transposed: bool,
    /// Zero point, in `-128..=127`.
    pub zero_point: i32,
}

/// Parameters of [`Op::MatMul`]: `output[m, i, j] = clamp(requantize(sum over k of
/// (a[m, i, k] - za) * (b[m, k, j] - zb)) + output_zero_point, min, max)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatMul {
    /// `[matrices, rows, depth]`, or `[matrices, depth, rows]` if transposed.
    pub a: Factor,
    /// `[matrices, depth, columns]`, or `[matrices, columns, depth]` if transposed.
    pub b: Factor,
    /// `[matrices, rows, columns]`.
    pub output: Span,
    /// Matrices of the product.
    pub matrices: u32,
    /// Rows of `a`.
    pub rows: u32,
    /// Columns of `a`.
    pub depth: u32,
    /// Columns of `b`.
    pub columns: u32,
    /// Scale of the sums.
    pub output_scale: Scale,
    /// Zero point of the output, in `-128..=127`.
    pub output_zero_point: i32,
    /// Smallest output value.
    pub min: i16,
    /// Largest output value.
    pub max: i16,
}

/// Axes of a [`Take`].
pub const TAKE_AXES: usize = 6;

/// Parameters of [`Op::Take`], which slices, splits, gathers, repeats, reverses, mirrors and permutes
/// axes of elements of any size.
///
/// The output is runs of `run_bytes`, one for each index `[i0, …, i5]` in row-major order; that run
/// is the input's bytes from `first_byte + offset(axes[0], i0) + … + offset(axes[5], i5)` on. Every
/// run lies inside the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// The tensor.
    pub input: Span,
    /// What is taken of it.
    pub output: Span,
    /// Bytes that are copied at a time.
    pub run_bytes: u32,
    /// Input byte that the offsets are counted from.
    pub first_byte: u32,
    /// The axes, outermost first; those that are not needed count 1.
    pub axes: [TakeAxis; TAKE_AXES],
}

/// An axis of a [`Take`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeAxis {
    /// Number of indices, at least 1.
    pub count: u32,
    /// Where they lead.
    pub offsets: Offsets,
}

/// Bytes that an index moves the start of a run by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Offsets {
    /// The index times this.
    Stride(i32),
    /// The entry of the index in a table of int32, 4-byte aligned.
    Table(Span),
}
