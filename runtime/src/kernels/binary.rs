//! Sum, difference, its square and product of two tensors of the same shape. Broadcasting is the caller's.

use super::{narrow, requantize};
use crate::Element;
use crate::blob::{AddSub, Mul, Scale};

/// `a + b` at the scales of `params`, element by element.
///
/// TFLite's `ADD` (`reference/integer_ops/add.h`): both operands, less their zero points, are
/// shifted left by `left_shift`, scaled, added, scaled to the output and clamped to `min..=max`.
pub fn add<T: Element>(params: &AddSub, a: &[T], b: &[T], output: &mut [T]) {
    combine(params, a, b, output, i32::wrapping_add);
}

/// `a - b` at the scales of `params`, element by element; see [`add`].
///
/// TFLite's `SUB` (`reference/sub.h`).
pub fn sub<T: Element>(params: &AddSub, a: &[T], b: &[T], output: &mut [T]) {
    combine(params, a, b, output, i32::wrapping_sub);
}

/// `(a - b)²` at the scales of `params`, element by element; see [`add`].
///
/// TFLite's `SQUARED_DIFFERENCE` (`micro/kernels/squared_difference.cc`).
pub fn squared_difference<T: Element>(params: &AddSub, a: &[T], b: &[T], output: &mut [T]) {
    combine(params, a, b, output, |a, b| {
        let difference = a.wrapping_sub(b);
        difference.wrapping_mul(difference)
    });
}

#[inline]
fn combine<T: Element>(
    params: &AddSub,
    a: &[T],
    b: &[T],
    output: &mut [T],
    operation: impl Fn(i32, i32) -> i32,
) {
    let scaled = |x: T, zero_point: i32, scale: Scale| {
        let x: i32 = x.into();
        let difference = (x - zero_point) << params.left_shift;
        requantize(difference, scale.multiplier, scale.shift)
    };
    for ((out, &a), &b) in output.iter_mut().zip(a).zip(b) {
        let a = scaled(a, params.a.zero_point, params.a_scale);
        let b = scaled(b, params.b.zero_point, params.b_scale);
        let scale = params.output_scale;
        let scaled = requantize(operation(a, b), scale.multiplier, scale.shift);
        *out = narrow(
            scaled.wrapping_add(params.output_zero_point),
            params.min,
            params.max,
        );
    }
}

/// `a * b` at the scales of `params`, element by element.
///
/// TFLite's `MUL` (`reference/integer_ops/mul.h`): the product of the operands less their zero
/// points (18 bits; 31 of int16, which has none) is requantized and clamped to `min..=max`.
pub fn mul<T: Element>(params: &Mul, a: &[T], b: &[T], output: &mut [T]) {
    for ((out, &a), &b) in output.iter_mut().zip(a).zip(b) {
        let (a, b): (i32, i32) = (a.into(), b.into());
        let product = (a - params.a.zero_point) * (b - params.b.zero_point);
        let scale = params.output_scale;
        let scaled = requantize(product, scale.multiplier, scale.shift);
        *out = narrow(
            scaled.wrapping_add(params.output_zero_point),
            params.min,
            params.max,
        );
    }
}
