//! Quotient, element by element.

use super::bounds::Bounds;
use super::mul;
use crate::blob::Mul;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

/// Largest shift of the output's scale: the dividend has been shifted left as far at least.
const MAX_SHIFT: i8 = 23;

pub(super) fn check(params: &Mul, bounds: &Bounds<'_>) -> Result<(), Fault> {
    mul::check(params, bounds)?;
    if params.output_scale.shift > MAX_SHIFT {
        return Err(Fault::Shift);
    }
    Ok(())
}

#[inline(never)]
pub(super) fn run(params: &Mul, arena: &mut [i8], data: Data<'_>) {
    mul::binary(params).run(arena, data, &|a, b, output| {
        kernels::div(params, a, b, output);
    });
}
