//! One of two elements of any type, as a condition says.

use super::bounds::Bounds;
use super::plain::{self, Output};
use crate::blob::{Choose, DType};
use crate::data::Data;
use crate::fault::Fault;

fn output(params: &Choose) -> Output<'_> {
    Output {
        span: params.output,
        shape: &params.shape,
        dtype: params.dtype,
    }
}

pub(super) fn check(params: &Choose, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let output = output(params);
    bounds.tensor(params.output, &params.shape, params.dtype)?;
    plain::check(&params.condition, DType::I8, output, bounds)?;
    plain::check(&params.a, params.dtype, output, bounds)?;
    plain::check(&params.b, params.dtype, output, bounds)
}

#[inline(never)]
pub(super) fn run(params: &Choose, arena: &mut [i8], data: Data<'_>) {
    let operands = [
        (&params.condition, DType::I8),
        (&params.a, params.dtype),
        (&params.b, params.dtype),
    ];
    let zero_point = i32::from(params.condition_zero_point);
    let choose = |[condition, a, b]: [i32; 3]| if condition == zero_point { b } else { a };
    plain::run(operands, output(params), arena, data, &choose);
}
