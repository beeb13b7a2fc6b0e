//! Runs of bytes from where an outer product of offsets says.

use super::bounds::{Bounds, apart};
use crate::arena::Split;
use crate::blob::{Offsets, TAKE_AXES, Take, TakeAxis};
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Take, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let mut shape = [params.run_bytes; TAKE_AXES + 1];
    let mut least = i64::from(params.first_byte);
    let mut most = least.saturating_add(params.run_bytes.into());
    for (extent, axis) in shape.iter_mut().zip(&params.axes) {
        *extent = axis.count;
        let (below, above) = extremes(axis, bounds)?;
        // Saturated sums are as far outside of the input as they would be.
        least = least.saturating_add(below);
        most = most.saturating_add(above);
    }
    bounds.activation(params.input, &[params.input.len])?;
    bounds.activation(params.output, &shape)?;
    apart(params.input, params.output)?;
    if least < 0 || most > i64::from(params.input.len) {
        return Err(Fault::Run);
    }
    Ok(())
}

/// The smallest and the largest offset.
fn extremes(axis: &TakeAxis, bounds: &Bounds<'_>) -> Result<(i64, i64), Fault> {
    match axis.offsets {
        Offsets::Stride(stride) => {
            let last = i64::from(stride) * i64::from(axis.count.saturating_sub(1));
            Ok((last.min(0), last.max(0)))
        }
        Offsets::Table(span) => {
            let offsets = bounds.int32(span, axis.count)?.iter();
            let start = (i64::MAX, i64::MIN);
            Ok(offsets.fold(start, |(below, above), &offset| {
                (below.min(offset.into()), above.max(offset.into()))
            }))
        }
    }
}

#[inline(never)]
pub(super) fn run(params: &Take, arena: &mut [i8], data: Data<'_>) {
    let tables = params.axes.map(|axis| match axis.offsets {
        Offsets::Stride(_) => &[][..],
        Offsets::Table(span) => data.int32(span),
    });
    let split = Split::around(arena, params.output);
    kernels::take(params, tables, split.input(params.input), split.output);
}
