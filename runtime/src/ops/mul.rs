//! Product, element by element.

use super::bounds::{Bounds, scale};
use super::operand::Binary;
use crate::blob::Mul;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Mul, bounds: &Bounds<'_>) -> Result<(), Fault> {
    binary(params).check(bounds)?;
    scale(params.output_scale)?;
    bounds.zero_point(params.output_zero_point)?;
    bounds.ordered(params.min, params.max)
}

#[inline(never)]
pub(super) fn run(params: &Mul, arena: &mut [i8], data: Data<'_>) {
    binary(params).run(arena, data, &|a, b, output| {
        kernels::mul(params, a, b, output);
    });
}

pub(super) fn binary(params: &Mul) -> Binary<'_> {
    Binary {
        a: &params.a,
        b: &params.b,
        output: params.output,
        shape: params.shape,
    }
}
