//! Comparison, element by element.

use super::add::MAX_LEFT_SHIFT;
use super::bounds::{Bounds, scale};
use super::operand::{self, Binary};
use crate::blob::Compare;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Compare, bounds: &Bounds<'_>) -> Result<(), Fault> {
    bounds.activation(params.output, &params.shape)?;
    operand::check(&params.a, params.output, &params.shape, bounds)?;
    operand::check(&params.b, params.output, &params.shape, bounds)?;
    if params.left_shift > MAX_LEFT_SHIFT {
        return Err(Fault::Shift);
    }
    for one in [params.a_scale, params.b_scale] {
        scale(one)?;
        if one.shift > 0 {
            return Err(Fault::Shift);
        }
    }
    Ok(())
}

pub(super) fn run(params: &Compare, arena: &mut [i8], data: Data<'_>) {
    let binary = Binary {
        a: &params.a,
        b: &params.b,
        output: params.output,
        shape: params.shape,
    };
    binary.run(arena, data, &|a, b, output| {
        kernels::compare(params, a, b, output);
    });
}
