//! Change of scale and zero point.

use super::bounds::Bounds;
use super::{in_place, rescale};
use crate::blob::Requantize;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Requantize, bounds: &Bounds<'_>) -> Result<(), Fault> {
    rescale::check(&params.rescale, bounds)?;
    in_place::check(params.input, params.output, bounds)
}

#[inline(never)]
pub(super) fn run(params: &Requantize, arena: &mut [i8]) {
    let values = in_place::copied(arena, params.input, params.output);
    kernels::rescale(&params.rescale, values);
}
