//! Quotient of two tensors of the same shape. Broadcasting is the caller's.

use super::reciprocal::reciprocal;
use super::{narrow, rounding_divide_by_pot, saturating_rounding_doubling_high_mul as multiply};
use crate::blob::Mul;

/// `a / b` at the scales of `params`, element by element.
///
/// TFLite's `DIV` (`reference/div.h`, `DivElementwise`): the reciprocal of the divisor as Q0.31, the
/// product with the dividend, which is shifted left as far as it goes, and that at the output's
/// scale. A divisor of 0, which the reference forbids, gives what the quotient tends to: `max` or
/// `min`, and the output's zero point for 0 by 0.
pub fn div(params: &Mul, a: &[i8], b: &[i8], output: &mut [i8]) {
    for ((out, &a), &b) in output.iter_mut().zip(a).zip(b) {
        let mut dividend = i32::from(a) - params.a.zero_point;
        let mut divisor = i32::from(b) - params.b.zero_point;
        if divisor < 0 {
            (dividend, divisor) = (-dividend, -divisor);
        }
        let quotient = if divisor == 0 {
            // Beyond int8 on either side, whatever the zero point.
            dividend.signum() << 16
        } else {
            quotient(params, dividend, divisor)
        };
        *out = narrow(
            quotient.wrapping_add(params.output_zero_point),
            params.min,
            params.max,
        );
    }
}

/// `dividend / divisor` at the output's scale, for a divisor of 1 to 255 and a magnitude of the
/// dividend of at most 255; the shift is at most 23, so that the last one goes to the right.
fn quotient(params: &Mul, dividend: i32, divisor: i32) -> i32 {
    let (inverse, bits_over_unit) = reciprocal(divisor);
    // CountLeadingSignBits, which takes 0 for positive.
    let headroom = dividend.unsigned_abs().leading_zeros() - 1;
    let headroom = headroom + u32::from(dividend < 0 && dividend.unsigned_abs().is_power_of_two());
    let unscaled = multiply(dividend << headroom, inverse);
    let left = u32::from(params.output_scale.shift.max(0).unsigned_abs());
    let right = u32::from(params.output_scale.shift.min(0).unsigned_abs());
    let exponent = bits_over_unit + headroom + right - left;
    if exponent > 31 {
        // Below 2^30 / 2^32.
        return 0;
    }
    rounding_divide_by_pot(multiply(unscaled, params.output_scale.multiplier), exponent)
}
