//! Reductions over axes, interpolation and normalized vectors.

use super::super::failure::{Checked, operand, option};
use super::super::importer::{INT, Importer};
use super::super::model::Operator;
use super::options::{integers, kind, options, same_params, shaped, unfused};
use super::unary::fixed_output;
use super::window::map;
use crate::ir::reduce::reduced_shape;
use crate::ir::{Coordinates, Reduction};
use crate::lower::resample;
use crate::quantize::graph::{DType, QClamp, QOp, QuantParams};
use crate::quantize::reduction_scale;

/// Most axes that TFLM's kernels take.
const MAX_AXES: usize = 5;

pub(super) fn mean<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    reduce(importer, operator, Reduction::Mean)
}

pub(super) fn sum<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    reduce(importer, operator, Reduction::Sum)
}

pub(super) fn max<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    reduce(importer, operator, Reduction::Max)
}

pub(super) fn min<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    reduce(importer, operator, Reduction::Min)
}

/// `REDUCE_ALL`: the smallest truth.
pub(super) fn all<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    reduce_of(importer, operator, Reduction::Min, DType::Bool)
}

/// `REDUCE_ANY`: the largest truth.
pub(super) fn any<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    reduce_of(importer, operator, Reduction::Max, DType::Bool)
}

fn reduce<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    reduction: Reduction,
) -> Checked {
    reduce_of(importer, operator, reduction, DType::I8)
}

/// MEAN, SUM, `REDUCE_MAX` and `REDUCE_MIN` over constant axes, which may be counted from the end
/// and named twice.
fn reduce_of<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    reduction: Reduction,
    dtype: DType,
) -> Checked {
    let options = options(operator, kind::REDUCER)?;
    let keep = options.map_or(Ok(false), |table| table.bool(0))?;
    let types: &[DType] = match dtype {
        DType::I8 => &INT,
        DType::I16 | DType::I32 | DType::Bool => &[dtype],
    };
    let input = importer.activation_of(operator, 0, "input", types)?;
    let dtype = importer.value(input).dtype;
    let result = importer.result_of(operator, &[dtype])?;
    let (_, tensor) = importer.tensor(operator, 1, "axes")?;
    let given = integers(tensor, "axes")?;
    let source = importer.value(input);
    let axes = axes(&given, source.shape.len())?;
    shaped(&result, &reduced_shape(&source.shape, &axes, keep))?;
    let (from, to) = (source.params, result.params);
    let count = axes.iter().map(|&axis| source.shape[axis]).product();
    let fits = match reduction {
        Reduction::Max | Reduction::Min => {
            same_params(source, &result)?;
            true
        }
        Reduction::Mean => reduction_scale(from, to, (dtype, count), true).is_some(),
        Reduction::Sum => reduction_scale(from, to, (dtype, count), false).is_some(),
    };
    if !fits {
        let found = format!("{} for {count} numbers of scale {}", to.scale, from.scale);
        return Err(operand(
            "output's scale",
            "so large that the sum fits int32",
            found,
        ));
    }
    let op = QOp::Reduce {
        reduction,
        axes,
        clamp: QClamp::open(result.dtype),
    };
    importer.push(operator, op, vec![input], result)
}

/// Axes as indices, ascending, each once.
pub(super) fn axes(given: &[i64], rank: usize) -> Checked<Vec<usize>> {
    let index = |&axis: &i64| axis_index(axis, rank);
    let indices: Option<Vec<usize>> = given.iter().map(index).collect();
    let mut indices = indices
        .filter(|axes| !axes.is_empty() && rank <= MAX_AXES)
        .ok_or_else(|| {
            let expected = format!("one or more of {rank} axes, of {MAX_AXES} at most");
            operand("axes", expected, format!("{given:?}"))
        })?;
    indices.sort_unstable();
    indices.dedup();
    Ok(indices)
}

/// An axis that may be counted from the end.
pub(super) fn axis_index(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    let index = if axis < 0 {
        axis.checked_add(rank)?
    } else {
        axis
    };
    usize::try_from(index).ok().filter(|_| index < rank)
}

/// The only axis that a constant operand names.
pub(super) fn one_axis(given: &[i64], rank: usize) -> Checked<usize> {
    let axis = match *given {
        [axis] => axis_index(axis, rank),
        _ => None,
    };
    axis.ok_or_else(|| {
        let expected = format!("one of {rank} axes");
        operand("axis", expected, format!("{given:?}"))
    })
}

/// CUMSUM along a constant axis. TFLM starts with the zero point's negative where 0 is meant, and so
/// does this.
pub(super) fn cum_sum<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = options(operator, kind::CUMSUM)?;
    let flag = |id| options.map_or(Ok(false), |table| table.bool(id));
    let (exclusive, reverse) = (flag(0)?, flag(1)?);
    let input = importer.activation(operator, 0, "input")?;
    let result = importer.result(operator)?;
    let (_, tensor) = importer.tensor(operator, 1, "axis")?;
    let given = integers(tensor, "axis")?;
    let source = importer.value(input);
    shaped(&result, &source.shape)?;
    let axis = one_axis(&given, source.shape.len())?;
    let (from, to) = (source.params, result.params);
    if from.scale >= to.scale * f32::from(1u16 << 15) {
        let found = format!("{} for scale {}", to.scale, from.scale);
        let expected = "above 2^-15 of the input's";
        return Err(operand("output's scale", expected, found));
    }
    let op = QOp::CumSum {
        axis,
        exclusive,
        reverse,
        first: -from.zero_point,
    };
    importer.push(operator, op, vec![input], result)
}

/// Where the samples of `RESIZE_BILINEAR` lie.
pub(super) fn bilinear_coordinates(operator: &Operator<'_>) -> Checked<Coordinates> {
    let options = options(operator, kind::RESIZE_BILINEAR)?;
    let flag = |id| options.map_or(Ok(false), |table| table.bool(id));
    // The first two fields, the size, are of an older schema.
    match (flag(2)?, flag(3)?) {
        (false, false) => Ok(Coordinates::Asymmetric),
        (true, false) => Ok(Coordinates::AlignCorners),
        (false, true) => Ok(Coordinates::HalfPixel),
        (true, true) => Err(option(
            "align_corners",
            "set together with half_pixel_centers",
            "one of them",
        )),
    }
}

/// `RESIZE_BILINEAR`, to a constant size.
pub(super) fn resize_bilinear<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let coordinates = bilinear_coordinates(operator)?;
    let input = importer.activation(operator, 0, "input")?;
    let result = importer.result(operator)?;
    let (_, tensor) = importer.tensor(operator, 1, "size")?;
    let size = integers(tensor, "size")?;
    let source = importer.value(input);
    let (inputs, channels) = map(&source.shape, "input")?;
    let outputs: Vec<usize> = size.iter().filter_map(|&x| x.try_into().ok()).collect();
    let &[rows, columns] = &outputs[..] else {
        return Err(operand("size", "rows and columns", format!("{size:?}")));
    };
    shaped(&result, &[1, rows, columns, channels])?;
    same_params(source, &result)?;
    for (inputs, outputs) in inputs.into_iter().zip([rows, columns]) {
        if outputs == 0 || resample(coordinates, inputs, outputs).is_none() {
            let found = format!("{inputs} rows or columns to {outputs}");
            let expected = "such that 1024ths of a row or column stay within the input";
            return Err(operand("size", expected, found));
        }
    }
    let coordinates = [coordinates; 2];
    importer.push(
        operator,
        QOp::ResizeBilinear { coordinates },
        vec![input],
        result,
    )
}

/// `L2_NORMALIZATION` over the last axis.
pub(super) fn l2_normalization<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    /// Squares of up to 255 whose sum fits int32.
    const MOST: usize = 33_025;
    unfused(options(operator, kind::L2_NORM)?, 0)?;
    let expected = QuantParams {
        scale: 1.0 / 128.0,
        zero_point: 0,
    };
    vectors(importer, operator, expected, (QOp::L2Normalize, MOST))
}

/// `LOG_SOFTMAX` over the last axis.
pub(super) fn log_softmax<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    /// Exponentials whose sum fits Q12.19.
    const MOST: usize = 4095;
    let expected = QuantParams {
        scale: 1.0 / 16.0,
        zero_point: 127,
    };
    let input = importer.activation(operator, 0, "input")?;
    let scale = importer.value(input).params.scale;
    let smallest = 2f32.powi(-26);
    if !(scale > smallest && scale < 16.0) {
        let expected = "above 2^-26 and below 16";
        return Err(operand("input's scale", expected, scale.to_string()));
    }
    vectors(importer, operator, expected, (QOp::LogSoftmax, MOST))
}

/// An operator on vectors along the last axis, of so many numbers at most.
fn vectors<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    expected: QuantParams,
    (op, most): (QOp, usize),
) -> Checked {
    fixed_output(importer, operator, expected)?;
    let input = importer.activation(operator, 0, "input")?;
    let result = importer.result(operator)?;
    let shape = &importer.value(input).shape;
    shaped(&result, shape)?;
    if shape.last().is_none_or(|&depth| depth > most) {
        let expected = format!("vectors of {most} numbers at most");
        return Err(operand("input", expected, format!("shape {shape:?}")));
    }
    importer.push(operator, op, vec![input], result)
}
