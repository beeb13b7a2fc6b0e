//! Softmax, as TFLite's int8 reference.
#![expect(clippy::as_conversions, reason = "fixed-point reinterpretation")]

use super::{narrow, rounding_divide_by_pot, saturating_rounding_doubling_high_mul};

/// Softmax of each row of `depth` values, in place; the result has scale 1/256 and zero point
/// -128.
///
/// `table[d]` is `exp(-beta * scale * d)` as Q0.31, made by [`super::table_entry`]; entry 0 is
/// `i32::MAX`, none is negative. A value that lies further below the row's largest than the table
/// is long becomes -128.
///
/// TFLite's `SOFTMAX` (`reference/softmax.h`, int8 to int8) with its exponentials looked up: the sum
/// as Q12.19, its reciprocal by three Newton steps, one multiplication and one rounding division
/// per value. Where 512 values or more equal the largest, the reference divides by 2^32, which C
/// leaves undefined; here that gives the rounded value, 0, so -128. Beyond 4095 the sum saturates,
/// with the same result.
pub fn softmax(table: &[i32], depth: usize, values: &mut [i8]) {
    for row in values.chunks_exact_mut(depth) {
        let largest = row.iter().fold(i8::MIN, |largest, &x| largest.max(x));
        let exponential = |x: i8| {
            let difference = usize::from(largest.wrapping_sub(x) as u8);
            table.get(difference).copied()
        };
        let (reciprocal, bits_over_unit) = reciprocal(sum_of_exponentials(table, row, largest));
        let exponent = bits_over_unit + 31 - 8;
        for x in row {
            *x = match exponential(*x) {
                Some(exponential) if exponent <= 31 => {
                    let quotient = saturating_rounding_doubling_high_mul(reciprocal, exponential);
                    let scaled = rounding_divide_by_pot(quotient, exponent);
                    narrow(scaled - 128, i8::MIN, i8::MAX)
                }
                Some(_) | None => i8::MIN,
            };
        }
    }
}

/// The sum of the exponentials of a row's differences to its largest value, as Q12.19, saturated;
/// at least 1, because that value adds `exp(0)`.
pub(super) fn sum_of_exponentials(table: &[i32], row: &[i8], largest: i8) -> i32 {
    row.iter().fold(0, |sum: i32, &x| {
        let difference = usize::from(largest.wrapping_sub(x) as u8);
        match table.get(difference) {
            // From Q0.31 to Q12.19.
            Some(&exponential) => sum.saturating_add(rounding_divide_by_pot(exponential, 12)),
            None => sum,
        }
    })
}

/// `1 / (sum / 2^n)` as Q0.31 and `n`, the number of bits of `sum`'s integer part less one; `sum`
/// is Q12.19 and at least 1 (`2^19`), because a row's largest value adds `exp(0)`.
///
/// TFLite's `GetReciprocal` (`kernels/internal/common.h`).
fn reciprocal(sum: i32) -> (i32, u32) {
    let headroom = sum.leading_zeros();
    // The leading one bit becomes the unit and is taken off.
    let fraction = ((sum as u32) << headroom).wrapping_sub(1 << 31) as i32;
    (one_over_one_plus(fraction), 12u32.saturating_sub(headroom))
}

/// `1 / (1 + x)` for `x` in `0..1`, both Q0.31, by three Newton-Raphson steps in Q2.29.
///
/// gemmlowp's `one_over_one_plus_x_for_x_in_0_1` (`fixedpoint.h`), in its operations and order.
pub(super) fn one_over_one_plus(x: i32) -> i32 {
    const FORTY_EIGHT_SEVENTEENTHS: i32 = 1_515_870_810;
    const MINUS_THIRTY_TWO_SEVENTEENTHS: i32 = -1_010_580_540;
    const ONE_Q2: i32 = 1 << 29;
    let multiply = saturating_rounding_doubling_high_mul;
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
