//! Transposed convolution.

use super::bounds::Bounds;
use super::{channels, conv2d};
use crate::arena::Split;
use crate::blob::Conv2d;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Conv2d, bounds: &Bounds<'_>) -> Result<(), Fault> {
    conv2d::check_operands(params, bounds)?;
    channels::check_symmetric(&params.accumulate, params.out_c, bounds)
}

#[inline(never)]
pub(super) fn run(params: &Conv2d, arena: &mut [i8], data: Data<'_>) {
    let split = Split::around(arena, params.output);
    kernels::transpose_conv2d(
        params,
        split.input(params.input),
        data.int8(params.weights),
        &channels::channels(&params.accumulate, data),
        split.output,
    );
}
