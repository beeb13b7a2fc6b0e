//! Elements in another type.

use super::bounds::{Bounds, apart, scale};
use crate::arena::Split;
use crate::blob::{Convert, DType};
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Convert, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let count = params.output.len / params.to.bytes();
    bounds.tensor(params.input, &[count], params.from)?;
    bounds.tensor(params.output, &[count], params.to)?;
    if let Some(rescale) = params.rescale {
        scale(rescale.scale)?;
        zero_point(rescale.input_zero_point, params.from)?;
        zero_point(rescale.output_zero_point, params.to)?;
    }
    apart(params.input, params.output)
}

fn zero_point(zero_point: i32, dtype: DType) -> Result<(), Fault> {
    let (min, max) = dtype.range();
    if (min..=max).contains(&zero_point) {
        Ok(())
    } else {
        Err(Fault::ZeroPoint)
    }
}

pub(super) fn run(params: &Convert, arena: &mut [i8]) {
    let split = Split::around(arena, params.output);
    kernels::convert(params, split.input(params.input), split.output);
}
