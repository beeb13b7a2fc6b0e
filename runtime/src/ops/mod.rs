//! The operators: a file for each, with what `parse` proves (`check`) and what a run does (`run`).
//!
//! `run` relies on `check`: nothing is looked at twice. Every dimension is at least 1, every span
//! has the length of its shape and lies inside the arena or the data, and the output overlaps no
//! input but where the operator works in place. So the time of a step is bounded too: no operator
//! does more than `arena_bytes * max(arena_bytes, data bytes)` multiplications or comparisons.
//!
//! No `run` is inlined: what one of them needs of the stack would else be added to what others need.

mod add;
mod arg_extreme;
mod arithmetic;
mod avg_pool;
mod bounds;
mod channels;
mod choose;
mod compare;
mod concat;
mod conv2d;
mod convert;
mod cum_sum;
mod dense;
mod depthwise;
mod depthwise_planes;
mod div;
mod extreme;
mod gather;
mod in_place;
mod int16;
mod l2_normalize;
mod log_softmax;
mod lstm;
mod lut;
mod mat_mul;
mod max_pool;
mod mul;
mod operand;
mod packed;
mod pad;
mod plain;
mod prelu;
mod reduce;
mod requantize;
mod rescale;
mod resize_bilinear;
mod select;
mod softmax;
mod squared_difference;
mod sub;
mod svdf;
mod take;
mod transpose;
mod transpose_conv;
mod window;
mod winograd;

pub(crate) use bounds::{Bounds, Constant, multiplier_and_shift, value_of, zero_point};

use crate::blob::{Op, OpTag};
use crate::data::Data;
use crate::fault::Fault;
use crate::op_set::Operators;

/// A match on an operator in which the arm of one that `$O` leaves out is `$left_out`, so that what it
/// calls is not linked. (In braces, rustfmt leaves the arms alone: each ends with a comma.)
macro_rules! linked {
    ($O:ident, $Tag:ident, $left_out:expr, match $op:ident {
        $($($Op:ident::$name:ident($params:ident))|+ => $body:expr,)+
    }) => {
        match $op {
            $($($Op::$name($params))|+ => {
                if const { false $(|| $Tag::$name.linked_in($O::SET))+ } {
                    $body
                } else {
                    $left_out
                }
            })+
        }
    };
}
use linked;

/// Proves that `op` can be run on an arena and data of these bounds.
pub(crate) fn check<O: Operators>(op: &Op, bounds: &Bounds<'_>) -> Result<(), Fault> {
    linked! { O, OpTag, Err(Fault::Unlinked(op.kind())), match op {
        Op::Conv2d(params) => conv2d::check(params, bounds),
        Op::DepthwiseConv2d(params) => depthwise::check(params, bounds),
        Op::Dense(params) => dense::check(params, bounds),
        Op::MaxPool2d(params) => max_pool::check(params, bounds),
        Op::AvgPool2d(params) => avg_pool::check(params, bounds),
        Op::Add(params) => add::check(params, bounds),
        Op::Sub(params) => sub::check(params, bounds),
        Op::Mul(params) => mul::check(params, bounds),
        Op::Concat(params) => concat::check(params, bounds),
        Op::Pad(params) => pad::check(params, bounds),
        Op::Softmax(params) => softmax::check(params, bounds),
        Op::Lut(params) => lut::check(params, bounds),
        Op::Requantize(params) => requantize::check(params, bounds),
        Op::Transpose(params) => transpose::check(params, bounds),
        Op::Extreme(params) => extreme::check(params, bounds),
        Op::SquaredDifference(params) => squared_difference::check(params, bounds),
        Op::Div(params) => div::check(params, bounds),
        Op::Compare(params) => compare::check(params, bounds),
        Op::Select(params) => select::check(params, bounds),
        Op::Prelu(params) => prelu::check(params, bounds),
        Op::TransposeConv2d(params) => transpose_conv::check(params, bounds),
        Op::MatMul(params) => mat_mul::check(params, bounds),
        Op::Take(params) => take::check(params, bounds),
        Op::Reduce(params) => reduce::check(params, bounds),
        Op::ArgExtreme(params) => arg_extreme::check(params, bounds),
        Op::ResizeBilinear(params) => resize_bilinear::check(params, bounds),
        Op::L2Normalize(params) => l2_normalize::check(params, bounds),
        Op::LogSoftmax(params) => log_softmax::check(params, bounds),
        Op::Arithmetic(params) => arithmetic::check(params, bounds),
        Op::Choose(params) => choose::check(params, bounds),
        Op::Convert(params) => convert::check(params, bounds),
        Op::Gather(params) => gather::check(params, bounds),
        Op::CumSum(params) => cum_sum::check(params, bounds),
        Op::DepthwisePlanes(params) => depthwise_planes::check(params, bounds),
        Op::Svdf(params) => svdf::check(params, bounds),
        Op::Lstm(params) => lstm::check(params, bounds),
        Op::Int16(params) => int16::check::<O>(params, bounds),
        Op::WinogradConv2d(params) => winograd::check(params, bounds),
        Op::PackedConv2d(params) => packed::check_conv2d(params, bounds),
        Op::PackedDense(params) => packed::check_dense(params, bounds),
    }}
}

/// Runs `op`, which [`check`] has proven for this arena and data.
pub(crate) fn run<O: Operators>(op: &Op, arena: &mut [i8], data: Data<'_>) {
    linked! { O, OpTag, (), match op {
        Op::Conv2d(params) => conv2d::run(params, arena, data),
        Op::DepthwiseConv2d(params) => depthwise::run(params, arena, data),
        Op::Dense(params) => dense::run(params, arena, data),
        Op::MaxPool2d(params) => max_pool::run(params, arena),
        Op::AvgPool2d(params) => avg_pool::run(params, arena),
        Op::Add(params) => add::run(params, arena, data),
        Op::Sub(params) => sub::run(params, arena, data),
        Op::Mul(params) => mul::run(params, arena, data),
        Op::Concat(params) => concat::run(params, arena, data),
        Op::Pad(params) => pad::run(params, arena),
        Op::Softmax(params) => softmax::run(params, arena, data),
        Op::Lut(params) => lut::run(params, arena, data),
        Op::Requantize(params) => requantize::run(params, arena),
        Op::Transpose(params) => transpose::run(params, arena),
        Op::Extreme(params) => extreme::run(params, arena, data),
        Op::SquaredDifference(params) => squared_difference::run(params, arena, data),
        Op::Div(params) => div::run(params, arena, data),
        Op::Compare(params) => compare::run(params, arena, data),
        Op::Select(params) => select::run(params, arena, data),
        Op::Prelu(params) => prelu::run(params, arena, data),
        Op::TransposeConv2d(params) => transpose_conv::run(params, arena, data),
        Op::MatMul(params) => mat_mul::run(params, arena, data),
        Op::Take(params) => take::run(params, arena, data),
        Op::Reduce(params) => reduce::run(params, arena),
        Op::ArgExtreme(params) => arg_extreme::run(params, arena),
        Op::ResizeBilinear(params) => resize_bilinear::run(params, arena),
        Op::L2Normalize(params) => l2_normalize::run(params, arena),
        Op::LogSoftmax(params) => log_softmax::run(params, arena, data),
        Op::Arithmetic(params) => arithmetic::run(params, arena, data),
        Op::Choose(params) => choose::run(params, arena, data),
        Op::Convert(params) => convert::run(params, arena),
        Op::Gather(params) => gather::run(params, arena, data),
        Op::CumSum(params) => cum_sum::run(params, arena),
        Op::DepthwisePlanes(params) => depthwise_planes::run(params, arena, data),
        Op::Svdf(params) => svdf::run(params, arena, data),
        Op::Lstm(params) => lstm::run(params, arena, data),
        Op::Int16(params) => int16::run::<O>(params, arena, data),
        Op::WinogradConv2d(params) => winograd::run(params, arena, data),
        Op::PackedConv2d(params) => packed::run_conv2d(params, arena, data),
        Op::PackedDense(params) => packed::run_dense(params, arena, data),
    }}
}
