//! Vectors of length 1.

use super::bounds::{Bounds, elements, zero_point};
use super::in_place;
use crate::blob::L2Normalize;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &L2Normalize, bounds: &Bounds<'_>) -> Result<(), Fault> {
    in_place::check(params.input, params.output, bounds)?;
    if params.input.len != elements(&[params.rows, params.depth])? {
        return Err(Fault::Length);
    }
    zero_point(params.input_zero_point)
}

#[inline(never)]
pub(super) fn run(params: &L2Normalize, arena: &mut [i8]) {
    let values = in_place::copied(arena, params.input, params.output);
    kernels::l2_normalize(params.input_zero_point, crate::index(params.depth), values);
}
