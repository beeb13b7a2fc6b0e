//! Operators of int16 activations.
//!
//! Where the arithmetic is that of int8 on wider elements, what is proven and what is run are that
//! operator's, of another element type.

mod layers;
mod unary;

use super::bounds::Bounds;
use super::operand::Binary;
use super::{add, avg_pool, linked, max_pool, mul, pad, reduce, squared_difference};
use crate::arena::Split;
use crate::blob::{DType, Int16, Int16Tag, Span};
use crate::data::Data;
use crate::element::{elements, elements_mut};
use crate::fault::Fault;
use crate::kernels::{self, Direction};
use crate::op_set::Operators;

pub(super) fn check<O: Operators>(op: &Int16, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let bounds = &bounds.of(DType::I16);
    linked! { O, Int16Tag, Err(Fault::Unlinked(op.kind().whole())), match op {
        Int16::Conv2d(params) | Int16::TransposeConv2d(params) => layers::check(params, bounds),
        Int16::MaxPool2d(params) => max_pool::check(params, bounds),
        Int16::AvgPool2d(params) => avg_pool::check(params, bounds),
        Int16::Add(params) | Int16::Sub(params) => add::check(params, bounds),
        Int16::Mul(params) => mul::check(params, bounds),
        Int16::SquaredDifference(params) => squared_difference::check(params, bounds),
        Int16::MatMul(params) => layers::check_mat_mul(params, bounds),
        Int16::Reduce(params) => reduce::check(params, bounds),
        Int16::Pad(params) => pad::check(params, bounds),
        Int16::Slopes(params) => unary::check_slopes(params, bounds),
        Int16::Logistic(params) | Int16::Tanh(params) => unary::check_curve(params, bounds),
        Int16::Softmax(params) => unary::check_softmax(params, bounds),
    }}
}

#[inline(never)]
pub(super) fn run<O: Operators>(op: &Int16, arena: &mut [i8], data: Data<'_>) {
    linked! { O, Int16Tag, (), match op {
        Int16::Conv2d(params) => layers::run(params, Direction::Forward, arena, data),
        Int16::TransposeConv2d(params) => layers::run(params, Direction::Transposed, arena, data),
        Int16::MaxPool2d(params) => whole(arena, params.input, params.output, |x, y| {
            kernels::max_pool2d(params, x, y);
        }),
        Int16::AvgPool2d(params) => whole(arena, params.input, params.output, |x, y| {
            kernels::avg_pool2d(params, x, y);
        }),
        Int16::Add(params) => binary(&add::binary(params), arena, data, |a, b, y| {
            kernels::add(params, a, b, y);
        }),
        Int16::Sub(params) => binary(&add::binary(params), arena, data, |a, b, y| {
            kernels::sub(params, a, b, y);
        }),
        Int16::Mul(params) => binary(&mul::binary(params), arena, data, |a, b, y| {
            kernels::mul(params, a, b, y);
        }),
        Int16::SquaredDifference(params) => {
            binary(&add::binary(params), arena, data, |a, b, y| {
                kernels::squared_difference(params, a, b, y);
            });
        },
        Int16::MatMul(params) => layers::run_mat_mul(params, arena, data),
        Int16::Reduce(params) => whole(arena, params.input, params.output, |x, y| {
            kernels::reduce(params, x, y);
        }),
        Int16::Pad(params) => whole(arena, params.input, params.output, |x, y| {
            kernels::pad(params, x, y);
        }),
        Int16::Slopes(params) => {
            kernels::slopes(params, unary::values(arena, params.input, params.output));
        },
        Int16::Logistic(params) => unary::curve(params, kernels::logistic, arena),
        Int16::Tanh(params) => unary::curve(params, kernels::tanh, arena),
        Int16::Softmax(params) => unary::softmax(params, arena, data),
    }}
}

/// Runs a kernel from one activation to another.
fn whole(arena: &mut [i8], input: Span, output: Span, kernel: impl FnOnce(&[i16], &mut [i16])) {
    let split = Split::around(arena, output);
    kernel(elements(split.input(input)), elements_mut(split.output));
}

/// Runs a kernel on two operands, element by element.
fn binary(
    operands: &Binary<'_>,
    arena: &mut [i8],
    data: Data<'_>,
    kernel: impl Fn(&[i16], &[i16], &mut [i16]),
) {
    operands.run_as(DType::I16, arena, data, &|a, b, output| {
        kernel(elements(a), elements(b), elements_mut(output));
    });
}
