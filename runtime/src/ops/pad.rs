//! A border of one value.

use super::bounds::{Bounds, apart};
use crate::arena::Split;
use crate::blob::Pad;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Pad, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let mut output_shape = [0; 4];
    let borders = params.before.iter().zip(&params.after);
    for ((out, &axis), (&before, &after)) in output_shape.iter_mut().zip(&params.shape).zip(borders)
    {
        let sum = axis
            .checked_add(before)
            .and_then(|sum| sum.checked_add(after));
        *out = sum.ok_or(Fault::Length)?;
    }
    bounds.ordered(params.value, params.value)?;
    bounds.activation(params.input, &params.shape)?;
    bounds.activation(params.output, &output_shape)?;
    apart(params.input, params.output)
}

#[inline(never)]
pub(super) fn run(params: &Pad, arena: &mut [i8]) {
    let split = Split::around(arena, params.output);
    kernels::pad(params, split.input(params.input), split.output);
}
