//! int32 to another scale by a fixed-point multiplier, rounded twice as TFLite's reference does.
#![expect(
    clippy::as_conversions,
    reason = "the high half of a 64-bit product, proven to fit"
)]

/// `2 * a * b / 2^32`, rounded half up, and saturated where both are `i32::MIN`.
///
/// The same value as gemmlowp's `SaturatingRoundingDoublingHighMul` (`fixedpoint.h`): that one adds
/// `2^30` or, below zero, `1 - 2^30`, and divides by `2^31` towards zero, which is
/// `floor((a * b + 2^30) / 2^31)` for either sign.
#[inline]
#[must_use]
pub const fn saturating_rounding_doubling_high_mul(a: i32, b: i32) -> i32 {
    if a == i32::MIN && b == i32::MIN {
        return i32::MAX;
    }
    high_mul(a, b)
}

/// [`saturating_rounding_doubling_high_mul`] where not both are `i32::MIN`.
#[inline]
const fn high_mul(a: i32, b: i32) -> i32 {
    // |a * b| <= 2^62 - 2^31, so that the sum fits and the shifted one fits 32 bits.
    ((a as i64 * b as i64 + (1 << 30)) >> 31) as i32
}

/// `x / 2^exponent`, rounded half away from zero; `exponent` is in `0..=31`.
///
/// gemmlowp's `RoundingDivideByPOT` (`fixedpoint.h`).
///
/// # Panics
///
/// In builds with overflow checks, if `exponent` is above 31.
#[inline]
#[must_use]
pub const fn rounding_divide_by_pot(x: i32, exponent: u32) -> i32 {
    let mask = (1u32 << exponent).wrapping_sub(1) as i32;
    let remainder = x & mask;
    let threshold = (mask >> 1) + (x < 0) as i32;
    (x >> exponent) + (remainder > threshold) as i32
}

/// `x * multiplier / 2^31 * 2^shift`, rounded after the multiplication (half up) and again after
/// the division (half away from zero).
///
/// TFLite's `MultiplyByQuantizedMultiplier` with double rounding (`kernels/internal/common.cc`), as
/// the reference kernels of TFLM are built. `multiplier` is in `0..=i32::MAX`, `shift` in
/// `-31..=30`. A positive shift is applied before the multiplication and wraps: the compiler
/// proves that the accumulators of a real model do not.
///
/// # Panics
///
/// In builds with overflow checks, if `shift` is out of range.
#[inline]
#[must_use]
pub const fn requantize(x: i32, multiplier: i32, shift: i8) -> i32 {
    if shift >= 0 {
        return high_mul(x.wrapping_shl(shift as u32), multiplier);
    }
    let high = high_mul(x, multiplier);
    // Half away from zero is half up for what is one less below zero: `(y / 2^(n-1) + 1) / 2`,
    // rounded down, where `!shift` is n - 1. As the multiplier is not negative, `high` is in
    // `-i32::MAX..i32::MAX`, so that nothing overflows.
    let away = high + (high >> 31);
    ((away >> !shift) + 1) >> 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// gemmlowp's text, in 128 bits.
    fn doubling_high_mul(a: i32, b: i32) -> i32 {
        let product = i128::from(a) * i128::from(b);
        let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
        let result = (product + nudge) / (1 << 31);
        i32::try_from(result).unwrap_or(i32::MAX)
    }

    /// Half away from zero, by the definition.
    fn divide(x: i128, exponent: u32) -> i128 {
        let magnitude = (2 * x.abs() + (1 << exponent)) / (2 << exponent);
        if x < 0 { -magnitude } else { magnitude }
    }

    fn oracle(x: i32, multiplier: i32, shift: i8) -> i128 {
        let left = u32::try_from(shift.max(0)).expect("not negative");
        let right = u32::try_from(-shift.min(0)).expect("not negative");
        let shifted = (i64::from(x) << left) as i32;
        divide(i128::from(doubling_high_mul(shifted, multiplier)), right)
    }

    const EDGES: [i32; 17] = [
        i32::MIN,
        i32::MIN + 1,
        -(1 << 30) - 1,
        -(1 << 30),
        -65_537,
        -3,
        -2,
        -1,
        0,
        1,
        2,
        3,
        65_535,
        (1 << 30) - 1,
        1 << 30,
        i32::MAX - 1,
        i32::MAX,
    ];

    #[test]
    fn every_edge_with_every_edge_and_every_shift() {
        for a in EDGES {
            for b in EDGES {
                assert_eq!(
                    saturating_rounding_doubling_high_mul(a, b),
                    doubling_high_mul(a, b),
                    "{a} * {b}"
                );
                for shift in -31..=30 {
                    if b >= 0 {
                        let expected = oracle(a, b, shift);
                        assert_eq!(
                            i128::from(requantize(a, b, shift)),
                            expected,
                            "{a} {b} {shift}"
                        );
                    }
                }
            }
            for exponent in 0..=31 {
                let expected = divide(i128::from(a), exponent);
                assert_eq!(i128::from(rounding_divide_by_pot(a, exponent)), expected);
            }
        }
    }

    #[test]
    fn halves_round_away_from_zero_and_both_roundings_happen() {
        assert_eq!(rounding_divide_by_pot(5, 1), 3);
        assert_eq!(rounding_divide_by_pot(-5, 1), -3);
        // 1 / 4 is rounded up to 1 / 2 and that up to 1: a single rounding would give 0.
        assert_eq!(requantize(1, 1 << 30, -1), 1);
        assert_eq!(requantize(1, (1 << 30) - 1, -1), 0);
        // The first rounding is half up, not away from zero.
        assert_eq!(requantize(-1, 1 << 30, 0), 0);
    }

    proptest! {
        #[test]
        fn equals_the_definition(x: i32, multiplier in 0..=i32::MAX, shift in -31i8..=30) {
            prop_assert_eq!(
                i128::from(requantize(x, multiplier, shift)),
                oracle(x, multiplier, shift)
            );
        }

        #[test]
        fn high_multiplication_equals_gemmlowps(a: i32, b: i32) {
            prop_assert_eq!(saturating_rounding_doubling_high_mul(a, b), doubling_high_mul(a, b));
        }
    }
}
