//! Operators that look at many values for each result.

use super::data::Data;
use super::steps::Ends;
use super::unary::softmax_table;
use super::{EmitError, elementwise};
use crate::ir::{Coordinates, Reduction};
use crate::lower::{alternating, around, resamples, rows_and_depth};
use crate::quantize::graph::QClamp;
use crate::quantize::{reduction_scale, softmax_parameters};
use tiivis_runtime::blob::{self, ArgExtreme, L2Normalize, LogSoftmax, Op, Reduce, Rescale, Scale};

pub(super) fn reduce(
    ends: &Ends<'_>,
    reduction: Reduction,
    axes: &[usize],
    clamp: QClamp,
) -> Result<Op, EmitError> {
    let reduction = match reduction {
        Reduction::Max => blob::Reduction::Max,
        Reduction::Min => blob::Reduction::Min,
        Reduction::Mean => sum(ends, axes, true)?,
        Reduction::Sum => sum(ends, axes, false)?,
    };
    Ok(Op::Reduce(Reduce {
        input: ends.input,
        output: ends.output,
        shape: alternating(ends.node, &ends.from.shape, axes)?,
        reduction,
        min: clamp.min,
        max: clamp.max,
    }))
}

fn sum(ends: &Ends<'_>, axes: &[usize], is_mean: bool) -> Result<blob::Reduction, EmitError> {
    let (from, to) = (ends.from.params, ends.to.params);
    let count = axes.iter().map(|&axis| ends.from.shape[axis]).product();
    let scale = reduction_scale(from, to, (ends.from.dtype, count), is_mean).ok_or_else(|| {
        EmitError::Scale {
            node: ends.node.name.clone(),
            what: "the input's scale over the output's",
            found: f64::from(from.scale) / f64::from(to.scale),
        }
    })?;
    Ok(blob::Reduction::Sum(Rescale {
        input_zero_point: from.zero_point,
        output_zero_point: to.zero_point,
        scale,
    }))
}

/// The largest number, and the last of equal ones, if so.
pub(super) fn arg_extreme(
    ends: &Ends<'_>,
    axis: usize,
    [largest, last]: [bool; 2],
) -> Result<Op, EmitError> {
    Ok(Op::ArgExtreme(ArgExtreme {
        input: ends.input,
        output: ends.output,
        shape: around(ends.node, &ends.from.shape, axis)?,
        largest,
        last,
    }))
}

pub(super) fn resize_bilinear(
    ends: &Ends<'_>,
    coordinates: [Coordinates; 2],
) -> Result<Op, EmitError> {
    let [rows, columns] = resamples(ends.node, coordinates, [ends.from, ends.to])?;
    Ok(Op::ResizeBilinear(blob::ResizeBilinear {
        input: ends.input,
        output: ends.output,
        rows,
        columns,
        channels: rows_and_depth(ends.node, &ends.from.shape)?.1,
    }))
}

pub(super) fn l2_normalize(ends: &Ends<'_>) -> Result<Op, EmitError> {
    let (rows, depth) = rows_and_depth(ends.node, &ends.from.shape)?;
    Ok(Op::L2Normalize(L2Normalize {
        input: ends.input,
        output: ends.output,
        rows,
        depth,
        input_zero_point: ends.from.params.zero_point,
    }))
}

/// TFLite's `PreprocessLogSoftmaxScalingExp` and `CalculateInputRadius`
/// (`kernels/internal/quantization_util.cc`) with 5 integer bits.
pub(super) fn log_softmax(data: &mut Data, ends: &Ends<'_>) -> Result<Op, EmitError> {
    /// Largest magnitude in Q5.26.
    const LARGEST: i64 = 31 << 26;
    let (rows, depth) = rows_and_depth(ends.node, &ends.from.shape)?;
    let real = f64::from(ends.from.params.scale);
    let (multiplier, left_shift) = softmax_parameters(real);
    let too_coarse = || EmitError::Scale {
        node: ends.node.name.clone(),
        what: "the input's scale",
        found: real,
    };
    let shift = i8::try_from(left_shift).ok().filter(|&shift| shift <= 30);
    let shift = shift.ok_or_else(too_coarse)?;
    let inverse = f64::from(31 - left_shift).exp2() / f64::from(multiplier);
    Ok(Op::LogSoftmax(LogSoftmax {
        input: ends.input,
        output: ends.output,
        rows,
        depth,
        table: data.int32(softmax_table(real))?,
        scale: Scale { multiplier, shift },
        inverse: elementwise::scale(ends.node, "the input's scale", inverse, 0)?,
        least: i32::try_from(-(LARGEST >> left_shift)).map_err(|_| too_coarse())?,
    }))
}
