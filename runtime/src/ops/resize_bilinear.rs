//! Interpolation between rows and columns.

use super::bounds::{Bounds, apart};
use crate::arena::Split;
use crate::blob::{Resample, ResizeBilinear};
use crate::fault::Fault;
use crate::kernels;

/// Most rows or columns of the input: their positions in 1024ths fit int32.
const MAX_INPUTS: u32 = 1 << 20;

pub(super) fn check(params: &ResizeBilinear, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let ResizeBilinear {
        rows,
        columns,
        channels,
        ..
    } = params;
    bounds.activation(params.input, &[rows.inputs, columns.inputs, *channels])?;
    bounds.activation(params.output, &[rows.outputs, columns.outputs, *channels])?;
    axis(rows)?;
    axis(columns)?;
    apart(params.input, params.output)
}

/// All positions fit int32; the output has at least one.
fn axis(axis: &Resample) -> Result<(), Fault> {
    let reach = i64::from(axis.step) * (i64::from(axis.outputs) - 1);
    let fits = [reach, reach + i64::from(axis.first)]
        .into_iter()
        .all(|position| i32::try_from(position).is_ok());
    if axis.inputs <= MAX_INPUTS && axis.step >= 0 && fits {
        Ok(())
    } else {
        Err(Fault::Geometry)
    }
}

#[inline(never)]
pub(super) fn run(params: &ResizeBilinear, arena: &mut [i8]) {
    let split = Split::around(arena, params.output);
    kernels::resize_bilinear(params, split.input(params.input), split.output);
}
