//! Elements in another type.

use super::bounds::{Bounds, apart, scale, value_of};
use crate::arena::Split;
use crate::blob::Convert;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Convert, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let count = params.output.len / params.to.bytes();
    bounds.tensor(params.input, &[count], params.from)?;
    bounds.tensor(params.output, &[count], params.to)?;
    if let Some(rescale) = params.rescale {
        scale(rescale.scale)?;
        value_of(params.from, rescale.input_zero_point)?;
        value_of(params.to, rescale.output_zero_point)?;
    }
    apart(params.input, params.output)
}

#[inline(never)]
pub(super) fn run(params: &Convert, arena: &mut [i8]) {
    let split = Split::around(arena, params.output);
    kernels::convert(params, split.input(params.input), split.output);
}
