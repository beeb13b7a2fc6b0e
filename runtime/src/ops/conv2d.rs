//! Convolution.

use super::bounds::{Bounds, Constant, apart};
use super::{channels, window};
use crate::arena::Split;
use crate::blob::Conv2d;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Conv2d, bounds: &Bounds<'_>) -> Result<(), Fault> {
    check_operands(params, bounds)?;
    channels::check(&params.accumulate, params.out_c, bounds)
}

/// Geometry, groups, and the spans of input, output and weights.
pub(super) fn check_operands(params: &Conv2d, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let Conv2d {
        window,
        in_c,
        out_c,
        groups,
        ..
    } = params;
    window::check(window)?;
    if *groups == 0 {
        return Err(Fault::Empty);
    }
    if !in_c.is_multiple_of(*groups) || !out_c.is_multiple_of(*groups) {
        return Err(Fault::Groups);
    }
    bounds.activation(params.input, &[window.in_h, window.in_w, *in_c])?;
    bounds.activation(params.output, &[window.out_h, window.out_w, *out_c])?;
    bounds.constant(
        params.weights,
        &[*out_c, window.kernel_h, window.kernel_w, in_c / groups],
        Constant::Weights,
    )?;
    apart(params.input, params.output)
}

#[inline(never)]
pub(super) fn run(params: &Conv2d, arena: &mut [i8], data: Data<'_>) {
    let split = Split::around(arena, params.output);
    kernels::conv2d(
        params,
        split.input(params.input),
        data.int8(params.weights),
        &channels::channels(&params.accumulate, data),
        split.output,
    );
}
