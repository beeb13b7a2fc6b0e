//! What turns the accumulator of each output channel into int16.
#![expect(
    clippy::as_conversions,
    reason = "the upper half of a multiplier, and low bits, as TFLite takes them"
)]

use super::super::{narrow, requantize};

/// `x * multiplier / 2^31 * 2^shift`, the multiplier rounded to 16 bits, rounded once, half up.
///
/// TFLite's `MultiplyByQuantizedMultiplier` of int64 (`kernels/internal/common.cc`): `multiplier` is
/// in `0..=i32::MAX`, `shift` in `-31..=14`. The product wraps, and the result's low bits are taken,
/// where they do not fit: the compiler proves that those of a real model do.
#[must_use]
pub const fn requantize_wide(x: i64, multiplier: i32, shift: i8) -> i32 {
    /// From here on the rounded multiplier would be 2^15.
    const LAST: i32 = 0x7fff_0000;
    let reduced = if multiplier < LAST {
        (multiplier + (1 << 15)) >> 16
    } else {
        0x7fff
    };
    let total = (15 - shift as i32).cast_unsigned();
    let round = 1i64 << (total - 1);
    (x.wrapping_mul(reduced as i64).wrapping_add(round) >> total) as i32
}

/// What is added to the sums of a layer; its type is theirs.
#[derive(Clone, Copy, Debug)]
pub enum Bias<'a> {
    /// Sums of int32, which are rounded twice.
    Int32(&'a [i32]),
    /// Sums of int64, which are rounded once.
    Int64(&'a [i64]),
}

/// Bias and requantization of a layer of int16 with weights; the slices have one value per output
/// channel. All zero points are 0.
#[derive(Clone, Copy, Debug)]
pub struct WideChannels<'a> {
    /// Scale input scale × weight scale.
    pub bias: Bias<'a>,
    /// Each in `0..=i32::MAX`.
    pub multipliers: &'a [i32],
    /// Each in `-31..=30`; at most 14 for sums of int64.
    pub shifts: &'a [i8],
    /// Smallest output.
    pub min: i16,
    /// Largest output.
    pub max: i16,
}

impl WideChannels<'_> {
    /// The outputs of the channels from `first` on, one for each of the sums.
    pub(super) fn finish(&self, first: usize, sums: &[i64], outputs: &mut [i16]) {
        let channels = first..first + outputs.len();
        for ((out, &sum), c) in outputs.iter_mut().zip(sums).zip(channels) {
            let (multiplier, shift) = (self.multipliers[c], self.shifts[c]);
            let scaled = match self.bias {
                Bias::Int32(bias) => {
                    requantize((sum as i32).wrapping_add(bias[c]), multiplier, shift)
                }
                Bias::Int64(bias) => requantize_wide(sum.wrapping_add(bias[c]), multiplier, shift),
            };
            *out = narrow(scaled, self.min, self.max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_definition(
            x in -(1i64 << 47)..1 << 47,
            multiplier in 0..=i32::MAX,
            shift in -31i8..=14,
        ) {
            // The multiplier's upper half, rounded half up, but never 2^15.
            let reduced = ((i128::from(multiplier) + 0x8000) / 0x1_0000).min(0x7fff);
            let divisor = 1i128 << (15 - i32::from(shift));
            let quotient = (2 * i128::from(x) * reduced + divisor).div_euclid(2 * divisor);
            let low = quotient as i32;
            prop_assert_eq!(requantize_wide(x, multiplier, shift), low);
        }
    }

    #[test]
    fn multipliers_are_rounded_and_halves_go_up() {
        assert_eq!(requantize_wide(1 << 15, 0x7fff_ffff, 0), 0x7fff);
        assert_eq!(requantize_wide(1 << 15, 0x7ffe_8000, 0), 0x7fff);
        assert_eq!(requantize_wide(1 << 15, 0x7ffe_7fff, 0), 0x7ffe);
        assert_eq!(requantize_wide(1, 1 << 30, 0), 1);
        assert_eq!(requantize_wide(-1, 1 << 30, 0), 0);
        assert_eq!(requantize_wide(-3, 1 << 30, 0), -1);
    }
}
