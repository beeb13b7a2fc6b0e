//! The larger or smaller of two numbers.

use super::bounds::Bounds;
use super::operand::Binary;
use crate::blob::Extreme;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Extreme, bounds: &Bounds<'_>) -> Result<(), Fault> {
    binary(params).check(bounds)
}

#[inline(never)]
pub(super) fn run(params: &Extreme, arena: &mut [i8], data: Data<'_>) {
    binary(params).run(arena, data, &|a, b, output| {
        kernels::extreme(params.which, a, b, output);
    });
}

fn binary(params: &Extreme) -> Binary<'_> {
    Binary {
        a: &params.a,
        b: &params.b,
        output: params.output,
        shape: params.shape,
    }
}
