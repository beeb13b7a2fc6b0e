//! Shapes of reductions and interpolations.

use super::InferError;
use super::checks::four;
use crate::ir::reduce::{Reduce, ResizeBilinear, reduced_shape};

pub(super) fn reduce(parameters: &Reduce, x: &[usize]) -> Result<Vec<usize>, InferError> {
    let axes = &parameters.axes;
    let ascending = axes.windows(2).all(|pair| pair[0] < pair[1]);
    if axes.is_empty() || !ascending {
        return Err(InferError::Axes { axes: axes.clone() });
    }
    for &axis in axes {
        check_axis(axis, x)?;
    }
    Ok(reduced_shape(x, axes, parameters.keep))
}

pub(super) fn arg_extreme(axis: usize, keep: bool, x: &[usize]) -> Result<Vec<usize>, InferError> {
    check_axis(axis, x)?;
    Ok(reduced_shape(x, &[axis], keep))
}

fn check_axis(axis: usize, x: &[usize]) -> Result<(), InferError> {
    if (1..x.len()).contains(&axis) {
        return Ok(());
    }
    Err(InferError::Axis {
        axis,
        rank: x.len(),
    })
}

pub(super) fn resize_bilinear(
    parameters: &ResizeBilinear,
    x: &[usize],
) -> Result<Vec<usize>, InferError> {
    let [batch, _, _, channels] = four("x", x)?;
    let [rows, columns] = parameters.size;
    if rows == 0 || columns == 0 {
        return Err(InferError::Window {
            parameter: "size",
            expected: "at least 1",
            found: parameters.size,
        });
    }
    Ok(vec![batch, rows, columns, channels])
}
