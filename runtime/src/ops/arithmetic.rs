//! Functions of two integers as they are.

use super::bounds::Bounds;
use super::plain::{self, Output};
use crate::blob::{Arithmetic, DType, Function};
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

/// What the output is.
fn output(params: &Arithmetic) -> Output<'_> {
    let dtype = match params.function {
        Function::Compare(_) => DType::Bool,
        Function::Add
        | Function::Sub
        | Function::Mul
        | Function::SquaredDifference
        | Function::Div
        | Function::FloorDiv
        | Function::FloorMod
        | Function::Extreme(_) => params.dtype,
    };
    Output {
        span: params.output,
        shape: &params.shape,
        dtype,
    }
}

pub(super) fn check(params: &Arithmetic, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let output = output(params);
    match params.dtype {
        DType::I16 | DType::I32 => {}
        DType::I8 | DType::Bool => return Err(Fault::DType),
    }
    if params.min > params.max {
        return Err(Fault::Bounds);
    }
    bounds.tensor(params.output, &params.shape, output.dtype)?;
    plain::check(&params.a, params.dtype, output, bounds)?;
    plain::check(&params.b, params.dtype, output, bounds)
}

#[inline(never)]
pub(super) fn run(params: &Arithmetic, arena: &mut [i8], data: Data<'_>) {
    let operands = [(&params.a, params.dtype), (&params.b, params.dtype)];
    plain::run(operands, output(params), arena, data, &|[a, b]| {
        kernels::arithmetic(params, a, b)
    });
}
