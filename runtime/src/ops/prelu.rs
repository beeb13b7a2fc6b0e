//! Rectifier with learned slopes.

use super::bounds::{Bounds, scale};
use super::operand::{self, Binary};
use crate::blob::Prelu;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Prelu, bounds: &Bounds<'_>) -> Result<(), Fault> {
    bounds.activation(params.output, &params.shape)?;
    operand::check(&params.input, params.output, &params.shape, bounds)?;
    operand::check(&params.slope, params.output, &params.shape, bounds)?;
    scale(params.positive)?;
    scale(params.negative)?;
    bounds.zero_point(params.output_zero_point)
}

pub(super) fn run(params: &Prelu, arena: &mut [i8], data: Data<'_>) {
    let binary = Binary {
        a: &params.input,
        b: &params.slope,
        output: params.output,
        shape: params.shape,
    };
    binary.run(arena, data, &|input, slope, output| {
        kernels::prelu(params, input, slope, output);
    });
}
