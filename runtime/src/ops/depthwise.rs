//! Depthwise convolution.

use super::bounds::{Bounds, Constant, apart};
use super::{channels, window};
use crate::arena::Split;
use crate::blob::DepthwiseConv2d;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &DepthwiseConv2d, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let DepthwiseConv2d { window, in_c, .. } = params;
    window::check(window)?;
    let out_c = super::bounds::elements(&[*in_c, params.multiplier])?;
    bounds.activation(params.input, &[window.in_h, window.in_w, *in_c])?;
    bounds.activation(params.output, &[window.out_h, window.out_w, out_c])?;
    bounds.constant(
        params.weights,
        &[window.kernel_h, window.kernel_w, out_c],
        Constant::Weights,
    )?;
    apart(params.input, params.output)?;
    channels::check(&params.accumulate, out_c, bounds)
}

#[inline(never)]
pub(super) fn run(params: &DepthwiseConv2d, arena: &mut [i8], data: Data<'_>) {
    let split = Split::around(arena, params.output);
    kernels::depthwise_conv2d(
        params,
        split.input(params.input),
        data.int8(params.weights),
        &channels::channels(&params.accumulate, data),
        split.output,
    );
}
