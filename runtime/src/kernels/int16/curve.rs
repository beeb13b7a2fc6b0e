//! Functions of one int16 number that a table serves.

use crate::blob::Curve;

/// `function` of every value, brought to its units of 1/12288, in place: [`super::super::logistic`]
/// or [`super::super::tanh`].
///
/// TFLite's `LOGISTIC` and `TANH` of int16 (`reference/integer_ops/logistic.h`, `tanh.h`): the
/// product wraps in int32 and is rounded half up.
pub fn curve(params: &Curve, function: fn(i32) -> i16, values: &mut [i16]) {
    let round = match params.shift {
        0 => 0,
        shift => 1i32 << (shift - 1),
    };
    for value in values {
        let product = i32::from(*value).wrapping_mul(params.multiplier);
        *value = function(product.wrapping_add(round) >> params.shift);
    }
}
