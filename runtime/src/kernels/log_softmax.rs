//! The logarithm of softmax, as TFLite's int8 reference.

use super::reciprocal::{one_over_one_plus, saturating_shift_left};
use super::softmax::sum_of_exponentials;
use super::{requantize, rounding_divide_by_pot, saturate, saturating_rounding_doubling_high_mul};
use crate::blob::LogSoftmax;

/// Integer bits of differences and their logarithms.
const INTEGER_BITS: u32 = 5;
/// Integer bits of the sum of exponentials.
const SUM_BITS: i32 = 12;
/// Integer bits of the output, scale 1/16.
const OUTPUT_BITS: u32 = 4;
const OUTPUT_ZERO_POINT: i32 = 127;

/// `log(softmax(x))` of each row of `depth` values, in place; the result has scale 1/16 and zero
/// point 127.
///
/// TFLite's `LOG_SOFTMAX` (`reference/integer_ops/log_softmax.h`) with its exponentials looked up
/// as [`super::softmax`] does. Beyond 4095 values the sum may saturate, which the reference leaves
/// undefined.
pub fn log_softmax(params: &LogSoftmax, table: &[i32], depth: usize, values: &mut [i8]) {
    let scaled = |difference| requantize(difference, params.scale.multiplier, params.scale.shift);
    for row in values.chunks_exact_mut(depth) {
        let largest = row.iter().fold(i8::MIN, |largest, &x| largest.max(x));
        let log_sum = log(sum_of_exponentials(table, row, largest));
        // What is representable less the logarithm is Q5.26.
        let least = requantize(
            log_sum.wrapping_add(i32::MIN),
            params.inverse.multiplier,
            params.inverse.shift,
        )
        .max(params.least.wrapping_sub(1));
        for x in row {
            let difference = i32::from(*x) - i32::from(largest);
            *x = if difference > least {
                let log = scaled(difference).wrapping_sub(log_sum);
                let log = rounding_divide_by_pot(log, 31 - INTEGER_BITS - OUTPUT_BITS);
                saturate(log + OUTPUT_ZERO_POINT)
            } else {
                i8::MIN
            };
        }
    }
}

/// `log(x)` as Q5.26 for `x` of at least 1 as Q12.19.
///
/// TFLite's `log_x_for_x_greater_than_or_equal_to_1_impl<5, 12>`
/// (`reference/log_softmax.h`, `kernels/internal/types.h`), in its operations and order: `x` is
/// split into a power of two and a rest about 1, once as it is and once times `sqrt(1/2)`, of
/// which the rest nearer to 1 is taken; its logarithm is a quotient of polynomials. Sums of Q0.31
/// wrap, those of Q6.25 saturate.
fn log(x: i32) -> i32 {
    const LOG_2: i32 = 1_488_522_236;
    const ROOT_ROOT_HALF: i32 = 1_805_811_301;
    const ROOT_HALF: i32 = 1_518_500_250;
    const ALPHA_N: i32 = 117_049_297;
    const ALPHA_D: i32 = 127_690_142;
    const ALPHA_I: i32 = 1_057_819_769;
    const ALPHA_F: i32 = 638_450_708;
    /// Integer bits of the sum that becomes the result.
    const SUM_INTEGER_BITS: u32 = INTEGER_BITS + 1;
    const FRACTION_BITS: u32 = 31 - SUM_INTEGER_BITS;
    const QUARTER: i32 = 1 << (FRACTION_BITS - 2);
    let multiply = saturating_rounding_doubling_high_mul;
    let power = |bits: i32| saturating_shift_left(SUM_BITS - bits, FRACTION_BITS);

    let headroom = x.leading_zeros();
    let shifted = saturating_shift_left(x, headroom.saturating_sub(1));
    let rest_a = saturating_shift_left(multiply(shifted, ROOT_HALF), 1);
    let power_a = power(headroom.cast_signed()).saturating_add(QUARTER);
    let headroom = multiply(x, ROOT_HALF).leading_zeros().saturating_sub(1);
    let rest_b = saturating_shift_left(x, headroom);
    let power_b = power(headroom.cast_signed()).saturating_sub(QUARTER);
    let (rest, power) = (rest_a.min(rest_b), power_a.max(power_b));

    let p = half_sum(rest, ROOT_ROOT_HALF);
    let q = rest.wrapping_sub(ROOT_ROOT_HALF);
    let q = q.wrapping_add(q);
    let square = multiply(q, q);
    let numerator = multiply(q, rest).wrapping_add(multiply(multiply(q, square), ALPHA_N));
    let sum = ALPHA_I
        .wrapping_add(q)
        .wrapping_add(multiply(ALPHA_D, square));
    let denominator = multiply(p, sum).wrapping_add(multiply(ALPHA_F, q));
    let quotient = multiply(
        rounding_divide_by_pot(numerator, SUM_INTEGER_BITS),
        one_over_one_plus(denominator),
    );
    saturating_shift_left(multiply(power, LOG_2).wrapping_add(quotient), 1)
}

/// `(a + b) / 2`, rounded half away from zero (gemmlowp's `RoundingHalfSum`).
fn half_sum(a: i32, b: i32) -> i32 {
    let sum = i64::from(a) + i64::from(b);
    let sign = if sum >= 0 { 1 } else { -1 };
    #[expect(clippy::as_conversions, reason = "the mean of two int32 fits")]
    let half = ((sum + sign) / 2) as i32;
    half
}
