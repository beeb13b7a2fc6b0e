//! What turns the accumulator of each output channel into int16.
#![expect(
    clippy::as_conversions,
    reason = "the low bits of a sum that is proven to fit int32"
)]

use super::super::{narrow, requantize, requantize_wide};

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
