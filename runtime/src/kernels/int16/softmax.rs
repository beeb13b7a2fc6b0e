//! Softmax of int16, as TFLite's reference.
#![expect(
    clippy::as_conversions,
    reason = "fixed-point reinterpretation, each value proven to fit"
)]

use super::super::{requantize, saturate};
use crate::blob::Scale;
use crate::index;

/// Entries of a table over the int16 numbers, one for each 128 of them and one past the last.
pub const TABLE_LEN: u32 = 513;

/// Softmax of each row of `depth` values, at most 65535, in place; the result has scale 2^-15.
///
/// `scale` brings a difference to units of 10/65535; `exponentials` and `reciprocals` have
/// [`TABLE_LEN`] entries, none negative, the last exponential 32767.
///
/// TFLite's `SOFTMAX` from int16 to int16 (`reference/softmax.h`, `SoftmaxInt16`): exponentials as
/// Q0.15, their sum as Q16.15, its reciprocal by a table over its leading bits.
pub fn softmax_int16(
    scale: Scale,
    exponentials: &[i16],
    reciprocals: &[i16],
    depth: u32,
    values: &mut [i16],
) {
    for row in values.chunks_exact_mut(index(depth)) {
        let largest = row.iter().fold(i16::MIN, |largest, &x| largest.max(x));
        let mut sum = 0i32;
        for x in &mut *row {
            let difference = i32::from(*x) - i32::from(largest);
            let scaled = requantize(difference, scale.multiplier, scale.shift);
            *x = look_up(exponentials, saturate(scaled.saturating_add(32_767)));
            sum += i32::from(*x);
        }
        // The row's largest value adds 32767: the sum is in 2^14..2^31.
        let headroom = sum.leading_zeros() - 1;
        let normal = ((i64::from(sum) << headroom) + (1 << 13)) >> 14;
        // In 2^16..=2^17, less 1 as Q0.16 and centered.
        let centered = normal as i32 - ((1 << 15) + (1 << 16));
        let reciprocal = i32::from(look_up(reciprocals, saturate(centered)));
        let shift = 30 - headroom;
        let round = 1 << (shift - 1);
        for x in row {
            let scaled = (i32::from(*x) * reciprocal + round) >> shift;
            *x = saturate(scaled.max(0));
        }
    }
}

/// The table at a number, by linear interpolation: TFLite's `LUTLookup` (`kernels/internal/common.h`).
fn look_up(table: &[i16], x: i16) -> i16 {
    let at = (256 + (i32::from(x) >> 7)) as usize;
    let (base, next) = (i32::from(table[at]), i32::from(table[at + 1]));
    let offset = i32::from(x) & 0x7f;
    (base + (((next - base) * offset + 64) >> 7)) as i16
}
