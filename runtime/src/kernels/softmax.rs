//! Softmax, as TFLite's int8 reference.
#![expect(clippy::as_conversions, reason = "fixed-point reinterpretation")]

use super::reciprocal::reciprocal;
use super::{rounding_divide_by_pot, saturate, saturating_rounding_doubling_high_mul};

/// Bits of the sum's fraction.
const SUM_FRACTION_BITS: u32 = 19;

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
        // The sum is at least 1 (`2^19`), because a row's largest value adds `exp(0)`.
        let (reciprocal, bits_over_unit) = reciprocal(sum_of_exponentials(table, row, largest));
        let exponent = (bits_over_unit - SUM_FRACTION_BITS) + 31 - 8;
        for x in row {
            *x = match exponential(*x) {
                Some(exponential) if exponent <= 31 => {
                    let quotient = saturating_rounding_doubling_high_mul(reciprocal, exponential);
                    let scaled = rounding_divide_by_pot(quotient, exponent);
                    saturate(scaled - 128)
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
