//! Largest value of a window. What both poolings have in common is proven here.

use super::bounds::{Bounds, apart};
use super::window;
use crate::arena::Split;
use crate::blob::Pool2d;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Pool2d, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let Pool2d {
        window, channels, ..
    } = params;
    window::check(window)?;
    bounds.activation(params.input, &[window.in_h, window.in_w, *channels])?;
    // Bounds the number of windows before they are looked at one by one.
    bounds.activation(params.output, &[window.out_h, window.out_w, *channels])?;
    apart(params.input, params.output)?;
    bounds.ordered(params.min, params.max)?;
    window::check_not_empty(window)
}

#[inline(never)]
pub(super) fn run(params: &Pool2d, arena: &mut [i8]) {
    let split = Split::around(arena, params.output);
    kernels::max_pool2d(params, split.input(params.input), split.output);
}
