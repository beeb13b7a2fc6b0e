//! TFLite's fixed-point functions that the runtime's kernels do not have.
//!
//! `Qm.n` is a number of `m` integer and `n` fractional bits, with a sign in front. From gemmlowp's
//! `fixedpoint.h` (Jacob, Warden 2015), in its operations and order.
#![expect(
    clippy::as_conversions,
    reason = "fixed-point reinterpretation, each value proven to fit"
)]

use tiivis_runtime::kernels::{
    exp_on_negative_values, rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul as multiply,
};

/// 1 as Q0.31, as near as it comes.
const ONE: i32 = i32::MAX;

/// 1 as Q2.29.
const ONE_Q2: i32 = 1 << 29;

/// `1 / (1 + exp(-x))` as Q0.31 for `x` as Q4.27.
pub(super) fn logistic(x: i32) -> i32 {
    if x == 0 {
        return 1 << 30;
    }
    let magnitude = if x > 0 { x } else { x.wrapping_neg() };
    let positive = one_over_one_plus(exp_on_negative_values(magnitude.wrapping_neg(), 4));
    if x > 0 { positive } else { ONE - positive }
}

/// `tanh(x)` as Q0.31 for `x` as Q4.27.
pub(super) fn tanh(x: i32) -> i32 {
    if x == 0 {
        return 0;
    }
    let negative = if x < 0 { x } else { x.wrapping_neg() };
    // Doubled by reading Q4.27 as Q5.26: tanh(x) = -(1 - exp(2x)) / (1 + exp(2x)) for x < 0.
    let magnitude = one_minus_over_one_plus(exp_on_negative_values(negative, 5));
    if x < 0 {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}

/// `1 / (1 + x)` as Q0.31 for `x` in `0..1` as Q0.31.
fn one_over_one_plus(x: i32) -> i32 {
    // Halved by reading Q2.29 as Q1.30.
    shift_left(two_over_one_plus(x), 1)
}

/// `(1 - x) / (1 + x)` as Q0.31 for `x` in `0..1` as Q0.31.
fn one_minus_over_one_plus(x: i32) -> i32 {
    shift_left(two_over_one_plus(x) - ONE_Q2, 2)
}

/// `2 / (1 + x)` as Q2.29 for `x` in `0..1` as Q0.31, by three Newton-Raphson steps.
fn two_over_one_plus(x: i32) -> i32 {
    const FORTY_EIGHT_SEVENTEENTHS: i32 = 1_515_870_810;
    const MINUS_THIRTY_TWO_SEVENTEENTHS: i32 = -1_010_580_540;
    let half_denominator = ((i64::from(x) + i64::from(ONE) + 1) / 2) as i32;
    let mut estimate =
        FORTY_EIGHT_SEVENTEENTHS + multiply(half_denominator, MINUS_THIRTY_TWO_SEVENTEENTHS);
    for _ in 0..3 {
        let error = ONE_Q2 - multiply(half_denominator, estimate);
        estimate += shift_left(multiply(estimate, error), 2);
    }
    estimate
}

/// `1 / √x` for a whole number as a Q0.31 multiplier and a shift to the left.
///
/// TFLite's `GetInvSqrtQuantizedMultiplierExp` (`kernels/internal/quantization_util.h`): five
/// Newton-Raphson steps from 1 in Q3.28.
pub(super) fn inverse_root(x: i32) -> (i32, i32) {
    const ONE_AND_A_HALF: i32 = (1 << 28) + (1 << 27);
    const ROOT_OF_HALF: i32 = 1_518_500_250;
    if x <= 1 {
        return (i32::MAX, 0);
    }
    let (mut x, mut right) = (x, 11i32);
    while x >= 1 << 29 {
        x /= 4;
        right += 1;
    }
    // Pairs of bits to the left, so that x lies in 2^27..2^29.
    let pairs = ((x.leading_zeros() - 1) / 2).saturating_sub(1);
    right -= pairs as i32;
    x <<= 2 * pairs;
    let half = rounding_divide_by_pot(x >> 1, 1);
    let mut root = 1 << 28;
    for _ in 0..5 {
        let cube = shift_left(multiply(multiply(root, root), root), 6);
        let step = multiply(ONE_AND_A_HALF, root) - multiply(half, cube);
        root = shift_left(step, 3);
    }
    root = multiply(root, ROOT_OF_HALF);
    if right < 0 {
        root = shift_left(root, right.unsigned_abs());
        right = 0;
    }
    (root, -right)
}

/// `x * 2^bits`, saturated.
const fn shift_left(x: i32, bits: u32) -> i32 {
    x.saturating_mul(1 << bits)
}

/// The multiplier's upper half, rounded half up, for the 16-bit functions.
pub(super) const fn upper_half(multiplier: i32) -> i16 {
    const ROUNDING: i32 = 1 << 15;
    if multiplier >= i32::MAX - ROUNDING {
        i16::MAX
    } else {
        ((multiplier + ROUNDING) >> 16) as i16
    }
}

/// `2 * a * b / 2^16`, rounded half away from zero towards `-1/2`, saturated.
pub(super) fn multiply_rounding_i16(a: i16, b: i16) -> i16 {
    let product = i32::from(a) * i32::from(b);
    let nudge = if product >= 0 { 1 << 14 } else { 1 - (1 << 14) };
    saturate_i16((product + nudge) / (1 << 15))
}

/// `2 * a * b / 2^16`, rounded towards zero, saturated.
pub(super) fn multiply_truncating_i16(a: i16, b: i16) -> i16 {
    saturate_i16(i32::from(a) * i32::from(b) / (1 << 15))
}

/// `x * 2^bits`, saturated.
pub(super) fn shift_left_i16(x: i16, bits: u32) -> i16 {
    let bits = bits.min(15);
    saturate_i16(i32::from(x) << bits)
}

/// `x / 2^bits`, rounded half away from zero.
pub(super) fn divide_i16(x: i16, bits: u32) -> i16 {
    saturate_i16(rounding_divide_by_pot(x.into(), bits.min(31)))
}

pub(super) fn saturate_i16(x: i32) -> i16 {
    x.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_the_real_functions() {
        for x in (-(15 << 27)..=(15 << 27)).step_by(1_234_567) {
            let real = f64::from(x) / f64::from(1 << 27);
            let unit = 2f64.powi(31);
            let found = f64::from(logistic(x)) / unit;
            assert!((found - 1.0 / (1.0 + (-real).exp())).abs() < 1e-6, "{real}");
            let found = f64::from(tanh(x)) / unit;
            assert!((found - real.tanh()).abs() < 1e-6, "{real}");
        }
    }

    #[test]
    fn sixteen_bits_saturate_and_round() {
        assert_eq!(multiply_rounding_i16(i16::MIN, i16::MIN), i16::MAX);
        assert_eq!(multiply_truncating_i16(i16::MIN, i16::MIN), i16::MAX);
        assert_eq!(multiply_rounding_i16(1, 1 << 14), 1);
        assert_eq!(multiply_truncating_i16(1, 1 << 14), 0);
        assert_eq!(multiply_truncating_i16(-1, 1 << 14), 0);
        assert_eq!(shift_left_i16(-300, 7), i16::MIN);
        assert_eq!(divide_i16(-3, 1), -2);
        assert_eq!(upper_half(i32::MAX), i16::MAX);
        assert_eq!(upper_half((1 << 30) + (1 << 15)), (1 << 14) + 1);
    }
}
