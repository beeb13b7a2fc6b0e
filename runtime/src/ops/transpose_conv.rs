//! Transposed convolution.

use super::bounds::{Bounds, Constant, apart};
use super::{channels, window};
use crate::arena::Split;
use crate::blob::TransposeConv2d;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &TransposeConv2d, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let TransposeConv2d {
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
    apart(params.input, params.output)?;
    channels::check_symmetric(&params.accumulate, *out_c, bounds)
}

pub(super) fn run(params: &TransposeConv2d, arena: &mut [i8], data: Data<'_>) {
    let split = Split::around(arena, params.output);
    kernels::transpose_conv2d(
        params,
        split.input(params.input),
        data.int8(params.weights),
        &channels::channels(&params.accumulate, data),
        split.output,
    );
}
