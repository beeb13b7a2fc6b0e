//! Comparison of two tensors of the same shape. Broadcasting is the caller's.

use super::requantize;
use crate::blob::{Compare, Comparison};

/// 1 where `a` and `b` compare so at the scales of `params`, else 0, element by element.
///
/// TFLite's `EQUAL`, `NOT_EQUAL`, `GREATER`, `GREATER_EQUAL` (`reference/comparisons.h`,
/// `ComparisonWithScaling`): both operands, less their zero points, are shifted left, scaled and
/// compared.
pub fn compare(params: &Compare, a: &[i8], b: &[i8], output: &mut [i8]) {
    for ((out, &a), &b) in output.iter_mut().zip(a).zip(b) {
        let a = (i32::from(a) - params.a.zero_point) << params.left_shift;
        let b = (i32::from(b) - params.b.zero_point) << params.left_shift;
        let a = requantize(a, params.a_scale.multiplier, params.a_scale.shift);
        let b = requantize(b, params.b_scale.multiplier, params.b_scale.shift);
        let holds = match params.comparison {
            Comparison::Equal => a == b,
            Comparison::NotEqual => a != b,
            Comparison::Greater => a > b,
            Comparison::GreaterEqual => a >= b,
        };
        *out = i8::from(holds);
    }
}
