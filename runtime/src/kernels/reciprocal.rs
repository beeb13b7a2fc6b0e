//! Reciprocals, as TFLite's integer kernels take them.
#![expect(clippy::as_conversions, reason = "fixed-point reinterpretation")]

use super::saturating_rounding_doubling_high_mul as multiply;

/// `2^n / x` as Q0.31 in `1/2..=1`, and `n`, the place of the leading bit of `x`; `x` is positive.
///
/// TFLite's `GetReciprocal` (`kernels/internal/common.h`).
pub(super) fn reciprocal(x: i32) -> (i32, u32) {
    let headroom = x.leading_zeros();
    // The leading one bit becomes the unit and is taken off.
    let fraction = ((x as u32) << headroom).wrapping_sub(1 << 31) as i32;
    (one_over_one_plus(fraction), 31u32.saturating_sub(headroom))
}

/// `1 / (1 + x)` for `x` in `0..1`, both Q0.31, by three Newton-Raphson steps in Q2.29.
///
/// gemmlowp's `one_over_one_plus_x_for_x_in_0_1` (`fixedpoint.h`), in its operations and order.
pub(super) fn one_over_one_plus(x: i32) -> i32 {
    const FORTY_EIGHT_SEVENTEENTHS: i32 = 1_515_870_810;
    const MINUS_THIRTY_TWO_SEVENTEENTHS: i32 = -1_010_580_540;
    const ONE_Q2: i32 = 1 << 29;
    // (x + 1) / 2, where 1 is i32::MAX; both terms are positive, so halves round up.
    let half_denominator = ((i64::from(x) + i64::from(i32::MAX) + 1) / 2) as i32;
    let mut estimate =
        FORTY_EIGHT_SEVENTEENTHS + multiply(half_denominator, MINUS_THIRTY_TWO_SEVENTEENTHS);
    for _ in 0..3 {
        let error = ONE_Q2 - multiply(half_denominator, estimate);
        // Q4.27 to Q2.29.
        estimate += saturating_shift_left(multiply(estimate, error), 2);
    }
    // Halved by reading Q2.29 as Q1.30, then to Q0.31.
    saturating_shift_left(estimate, 1)
}

/// `x * 2^bits`, saturated. gemmlowp's `SaturatingRoundingMultiplyByPOT` for positive exponents.
pub(super) fn saturating_shift_left(x: i32, bits: u32) -> i32 {
    x.saturating_mul(1 << bits)
}
