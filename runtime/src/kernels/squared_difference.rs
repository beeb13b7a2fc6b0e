//! Squared difference of two tensors of the same shape. Broadcasting is the caller's.

use super::{narrow, requantize};
use crate::Element;
use crate::blob::AddSub;

/// `(a - b)²` at the scales of `params`, element by element.
///
/// TFLite's `SQUARED_DIFFERENCE` (`micro/kernels/squared_difference.cc`): both operands, less their
/// zero points, are shifted left by `left_shift` and scaled; the square of their difference is scaled
/// to the output and clamped to `min..=max`.
pub fn squared_difference<T: Element>(params: &AddSub, a: &[T], b: &[T], output: &mut [T]) {
    for ((out, &a), &b) in output.iter_mut().zip(a).zip(b) {
        let (a, b): (i32, i32) = (a.into(), b.into());
        let a = (a - params.a.zero_point) << params.left_shift;
        let b = (b - params.b.zero_point) << params.left_shift;
        let a = requantize(a, params.a_scale.multiplier, params.a_scale.shift);
        let b = requantize(b, params.b_scale.multiplier, params.b_scale.shift);
        let difference = a.wrapping_sub(b);
        let scale = params.output_scale;
        let square = difference.wrapping_mul(difference);
        let scaled = requantize(square, scale.multiplier, scale.shift);
        *out = narrow(
            scaled.wrapping_add(params.output_zero_point),
            params.min,
            params.max,
        );
    }
}
