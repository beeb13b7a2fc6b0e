//! Squared difference.

use super::add;
use super::bounds::{Bounds, scale};
use crate::blob::{AddSub, Scale};
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

/// Largest shift that keeps the square of `255 << left_shift` in int32.
const MAX_LEFT_SHIFT: u32 = 7;

pub(super) fn check(params: &AddSub, bounds: &Bounds<'_>) -> Result<(), Fault> {
    if params.left_shift > MAX_LEFT_SHIFT {
        return Err(Fault::Shift);
    }
    scale(params.output_scale)?;
    // The output's scale may shift to the left, unlike that of a sum.
    let output_scale = Scale {
        shift: params.output_scale.shift.min(0),
        ..params.output_scale
    };
    let sum = AddSub {
        output_scale,
        ..*params
    };
    add::check(&sum, bounds)
}

#[inline(never)]
pub(super) fn run(params: &AddSub, arena: &mut [i8], data: Data<'_>) {
    add::binary(params).run(arena, data, &|a, b, output| {
        kernels::squared_difference(params, a, b, output);
    });
}
