//! Rectifier with learned slopes.

use super::bounds::{Bounds, scale};
use super::operand::Binary;
use crate::blob::Prelu;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Prelu, bounds: &Bounds<'_>) -> Result<(), Fault> {
    binary(params).check(bounds)?;
    scale(params.positive)?;
    scale(params.negative)?;
    bounds.zero_point(params.output_zero_point)
}

#[inline(never)]
pub(super) fn run(params: &Prelu, arena: &mut [i8], data: Data<'_>) {
    binary(params).run(arena, data, &|input, slope, output| {
        kernels::prelu(params, input, slope, output);
    });
}

fn binary(params: &Prelu) -> Binary<'_> {
    Binary {
        a: &params.input,
        b: &params.slope,
        output: params.output,
        shape: params.shape,
    }
}
