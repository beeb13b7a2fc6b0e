//! Sum. What sum and difference have in common is proven here.

use super::bounds::{Bounds, scale};
use super::operand::Binary;
use crate::blob::AddSub;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

/// Largest shift that keeps `255 << left_shift` in int32.
pub(super) const MAX_LEFT_SHIFT: u32 = 23;

pub(super) fn check(params: &AddSub, bounds: &Bounds<'_>) -> Result<(), Fault> {
    binary(params).check(bounds)?;
    if params.left_shift > MAX_LEFT_SHIFT {
        return Err(Fault::Shift);
    }
    for one in [params.a_scale, params.b_scale, params.output_scale] {
        scale(one)?;
        if one.shift > 0 {
            return Err(Fault::Shift);
        }
    }
    bounds.zero_point(params.output_zero_point)?;
    bounds.ordered(params.min, params.max)
}

#[inline(never)]
pub(super) fn run(params: &AddSub, arena: &mut [i8], data: Data<'_>) {
    binary(params).run(arena, data, &|a, b, output| {
        kernels::add(params, a, b, output);
    });
}

pub(super) fn binary(params: &AddSub) -> Binary<'_> {
    Binary {
        a: &params.a,
        b: &params.b,
        output: params.output,
        shape: params.shape,
    }
}
