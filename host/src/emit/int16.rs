//! Operators of int16.

use super::EmitError;
use super::data::Data;
use super::elementwise::scale;
use super::steps::{Ends, foreign};
use crate::lower::rows_and_depth;
use crate::quantize::graph::{CurveFunction, QClamp};
use tiivis_runtime::blob::{Curve, Int16, Op, Scale, Slopes, Softmax16};
use tiivis_runtime::kernels::TABLE_LEN;

/// The operator of int16 that has the parameters of one of int8; those that move elements of any
/// type, or are of int16 already, are what they were.
pub(super) fn typed(op: Op) -> Result<Op, EmitError> {
    Ok(Op::Int16(match op {
        Op::Conv2d(params) => Int16::Conv2d(params),
        Op::TransposeConv2d(params) => Int16::TransposeConv2d(params),
        Op::MaxPool2d(params) => Int16::MaxPool2d(params),
        Op::AvgPool2d(params) => Int16::AvgPool2d(params),
        Op::Add(params) => Int16::Add(params),
        Op::Sub(params) => Int16::Sub(params),
        Op::Mul(params) => Int16::Mul(params),
        Op::SquaredDifference(params) => Int16::SquaredDifference(params),
        Op::MatMul(params) => Int16::MatMul(params),
        Op::Reduce(params) => Int16::Reduce(params),
        Op::Pad(params) => Int16::Pad(params),
        Op::Take(_)
        | Op::Concat(_)
        | Op::Svdf(_)
        | Op::Lstm(_)
        | Op::Arithmetic(_)
        | Op::Choose(_)
        | Op::Convert(_)
        | Op::Gather(_)
        | Op::Int16(_) => return Ok(op),
        Op::DepthwiseConv2d(_)
        | Op::Dense(_)
        | Op::Softmax(_)
        | Op::Lut(_)
        | Op::Requantize(_)
        | Op::Transpose(_)
        | Op::Div(_)
        | Op::Compare(_)
        | Op::Extreme(_)
        | Op::Select(_)
        | Op::Prelu(_)
        | Op::ArgExtreme(_)
        | Op::CumSum(_)
        | Op::DepthwisePlanes(_)
        | Op::ResizeBilinear(_)
        | Op::L2Normalize(_)
        | Op::WinogradConv2d(_)
        | Op::PackedConv2d(_)
        | Op::PackedDense(_)
        | Op::LogSoftmax(_) => return Err(foreign(format!("{} of int16", op.name()))),
    }))
}

pub(super) fn slopes(
    ends: &Ends<'_>,
    [positive, negative]: [Scale; 2],
    negated: bool,
    clamp: QClamp,
) -> Op {
    Op::Int16(Int16::Slopes(Slopes {
        input: ends.input,
        output: ends.output,
        positive,
        negative,
        negated,
        min: clamp.min,
        max: clamp.max,
    }))
}

pub(super) fn curve(
    ends: &Ends<'_>,
    function: CurveFunction,
    (multiplier, shift): (i32, u32),
) -> Op {
    let params = Curve {
        input: ends.input,
        output: ends.output,
        multiplier,
        shift,
    };
    Op::Int16(match function {
        CurveFunction::Logistic => Int16::Logistic(params),
        CurveFunction::Tanh => Int16::Tanh(params),
    })
}

/// TFLM's SOFTMAX of int16 (`kernels/softmax_common.cc`): differences are brought to units of
/// 10/65535.
pub(super) fn softmax(data: &mut Data, ends: &Ends<'_>, beta: f32) -> Result<Op, EmitError> {
    /// Differences have 16 bits and a sign.
    const MOST_SHIFT: i8 = 14;
    let (rows, depth) = rows_and_depth(ends.node, &ends.from.shape)?;
    let real = f64::from(ends.from.params.scale) * f64::from(beta) / (10.0 / 65535.0);
    Ok(Op::Int16(Int16::Softmax(Softmax16 {
        input: ends.input,
        output: ends.output,
        rows,
        depth,
        scale: scale(
            ends.node,
            "the input's scale over 10/65535",
            real,
            MOST_SHIFT,
        )?,
        exponentials: data.int16(table([-10.0, 0.0], f64::exp))?,
        reciprocals: data.int16(table([0.0, 1.0], |x| 1.0 / (1.0 + x)))?,
    })))
}

/// A function over an interval as Q0.15, so that interpolating between entries errs as little to one
/// side as to the other.
///
/// TFLite's `LUTPopulateInt16` (`kernels/internal/common.h`): each entry is moved by half of what the
/// middle between it and the next would be off.
#[expect(
    clippy::as_conversions,
    reason = "an entry is clamped to int16, and whole"
)]
fn table([low, high]: [f64; 2], function: fn(f64) -> f64) -> Vec<i16> {
    const ONE: f64 = 32_768.0;
    let steps = TABLE_LEN - 1;
    let step = (high - low) / f64::from(steps);
    let sample = |index: f64| function(low + index * step) * ONE;
    let inner = (0..steps).map(|index| {
        let index = f64::from(index);
        let rounded = sample(index).round();
        let interpolated = ((sample(index + 1.0) + rounded) / 2.0).round();
        let error = interpolated - sample(index + 0.5).round();
        rounded - (error / 2.0).round()
    });
    let last = (function(high) * ONE).round();
    let narrow = |entry: f64| entry.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
    inner.chain([last]).map(narrow).collect()
}
