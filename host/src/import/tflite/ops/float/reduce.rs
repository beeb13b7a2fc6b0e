//! Reductions over axes, interpolation and normalized vectors.

use super::super::super::failure::{Checked, operand};
use super::super::super::importer::MAX_ACTIVATION;
use super::super::super::model::Operator;
use super::super::options::{integers, kind, options, unfused};
use super::super::reduce::{axes, bilinear_coordinates};
use super::super::window::map;
use super::importer::{Framed, Importer};
use super::unary::vectors;
use crate::ir::{Op, Reduce, Reduction, ResizeBilinear};

/// MEAN, SUM, `REDUCE_MAX` and `REDUCE_MIN` over constant axes.
pub(super) fn reduce<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    reduction: Reduction,
) -> Checked {
    let options = options(operator, kind::REDUCER)?;
    let keep = options.map_or(Ok(false), |table| table.bool(0))?;
    let input = importer.activation(operator, 0, "input")?;
    let shape = importer.shape_of(operator, 0)?;
    let (_, tensor) = importer.tensor(operator, 1, "axes")?;
    let axes = axes(&integers(tensor, "axes")?, shape.len())?;
    let name = importer.name_of(operator);
    let keeps_first = !axes.contains(&0);
    let Framed { value, offset } = importer.framed(input, shape, keeps_first, &name)?;
    let op = Op::Reduce(Reduce {
        reduction,
        axes: axes.into_iter().map(|axis| axis + offset).collect(),
        keep,
    });
    importer.push(operator, op, vec![value])
}

/// `ARG_MAX` and `ARG_MIN` along a constant axis, which is not in the result.
pub(super) fn arg_extreme<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    largest: bool,
) -> Checked {
    let input = importer.activation(operator, 0, "input")?;
    let shape = importer.shape_of(operator, 0)?;
    let (_, tensor) = importer.tensor(operator, 1, "axis")?;
    let given = integers(tensor, "axis")?;
    let axes = axes(&given, shape.len())?;
    let &[axis] = &axes[..] else {
        return Err(operand("axis", "one", format!("{given:?}")));
    };
    let name = importer.name_of(operator);
    let Framed { value, offset } = importer.framed(input, shape, axis != 0, &name)?;
    let op = Op::ArgExtreme {
        axis: axis + offset,
        largest,
        last: false,
        keep: false,
    };
    importer.push(operator, op, vec![value])
}

/// `RESIZE_BILINEAR`, to a constant size.
pub(super) fn resize_bilinear<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let coordinates = [bilinear_coordinates(operator)?; 2];
    let input = importer.activation(operator, 0, "input")?;
    map(importer.shape_of(operator, 0)?, "input")?;
    let (_, tensor) = importer.tensor(operator, 1, "size")?;
    let given = integers(tensor, "size")?;
    let size: Vec<usize> = given
        .iter()
        .filter_map(|&extent| extent.try_into().ok())
        .filter(|extent| (1..=MAX_ACTIVATION).contains(extent))
        .collect();
    let &[rows, columns] = &size[..] else {
        return Err(operand("size", "rows and columns", format!("{given:?}")));
    };
    let op = Op::ResizeBilinear(ResizeBilinear {
        size: [rows, columns],
        coordinates,
    });
    importer.push(operator, op, vec![input])
}

/// `L2_NORMALIZATION` over the last axis.
pub(super) fn l2_normalization<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    unfused(options(operator, kind::L2_NORM)?, 0)?;
    vectors(importer, operator, Op::L2Normalize)
}
