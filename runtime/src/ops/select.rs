//! One of two numbers, as a condition says.

use super::bounds::{Bounds, apart};
use super::operand::{self, Binary};
use crate::blob::{Operand, Select, Source};
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Select, bounds: &Bounds<'_>) -> Result<(), Fault> {
    bounds.activation(params.output, &params.shape)?;
    for operand in [&params.condition, &params.a, &params.b] {
        operand::check(operand, params.output, &params.shape, bounds)?;
    }
    match params.condition.source {
        // It is read twice, the second time after half of the output is written.
        Source::Arena(span) => apart(span, params.output),
        Source::Data(_) => Ok(()),
    }
}

#[inline(never)]
pub(super) fn run(params: &Select, arena: &mut [i8], data: Data<'_>) {
    let zero_point = params.condition.zero_point;
    let mut write = |values: &Operand, when: bool| {
        let binary = Binary {
            a: &params.condition,
            b: values,
            output: params.output,
            shape: params.shape,
        };
        binary.run(arena, data, &|condition, values, output| {
            kernels::select(when, zero_point, condition, values, output);
        });
    };
    // Where the output is `b` itself, this overwrites only what is not chosen from it.
    write(&params.a, true);
    write(&params.b, false);
}
