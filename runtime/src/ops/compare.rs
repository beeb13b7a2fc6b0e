//! Comparison, element by element.

use super::add::MAX_LEFT_SHIFT;
use super::bounds::{Bounds, scale};
use super::operand::Binary;
use crate::blob::Compare;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Compare, bounds: &Bounds<'_>) -> Result<(), Fault> {
    binary(params).check(bounds)?;
    if params.left_shift > MAX_LEFT_SHIFT {
        return Err(Fault::Shift);
    }
    for one in [params.a_scale, params.b_scale] {
        scale(one)?;
        if one.shift > 0 {
            return Err(Fault::Shift);
        }
    }
    Ok(())
}

#[inline(never)]
pub(super) fn run(params: &Compare, arena: &mut [i8], data: Data<'_>) {
    binary(params).run(arena, data, &|a, b, output| {
        kernels::compare(params, a, b, output);
    });
}

fn binary(params: &Compare) -> Binary<'_> {
    Binary {
        a: &params.a,
        b: &params.b,
        output: params.output,
        shape: params.shape,
    }
}
