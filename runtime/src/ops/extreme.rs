//! The larger or smaller of two numbers.

use super::bounds::Bounds;
use super::operand::{self, Binary};
use crate::blob::Extreme;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Extreme, bounds: &Bounds<'_>) -> Result<(), Fault> {
    bounds.activation(params.output, &params.shape)?;
    operand::check(&params.a, params.output, &params.shape, bounds)?;
    operand::check(&params.b, params.output, &params.shape, bounds)
}

pub(super) fn run(params: &Extreme, arena: &mut [i8], data: Data<'_>) {
    let binary = Binary {
        a: &params.a,
        b: &params.b,
        output: params.output,
        shape: params.shape,
    };
    binary.run(arena, data, &|a, b, output| {
        kernels::extreme(params.which, a, b, output);
    });
}
