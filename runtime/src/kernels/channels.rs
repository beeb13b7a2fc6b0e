//! What turns the accumulator of each output channel into int8.

use super::{narrow, requantize};

/// Bias and requantization of a layer with weights; the slices have one value per output channel.
///
/// `out = clamp(requantize(acc + bias, multiplier, shift) + output_zero_point, min, max)`, where
/// `acc = sum((x - input_zero_point) * w)`.
#[derive(Clone, Copy, Debug)]
pub struct Channels<'a> {
    /// int32, scale input scale × weight scale.
    pub bias: &'a [i32],
    /// Each in `0..=i32::MAX`.
    pub multipliers: &'a [i32],
    /// Each in `-31..=30`.
    pub shifts: &'a [i8],
    /// In `-128..=127`.
    pub input_zero_point: i32,
    /// In `-128..=127`.
    pub output_zero_point: i32,
    /// Smallest output.
    pub min: i8,
    /// Largest output.
    pub max: i8,
}

impl Channels<'_> {
    /// The outputs of the channels from `first` on, one for each of the sums, which are without
    /// bias.
    ///
    /// Not inlined: it is the same for every layer, and kernels call it once for several outputs.
    #[inline(never)]
    pub(super) fn finish(&self, first: usize, sums: &[i32], outputs: &mut [i8]) {
        let scales = self.multipliers[first..].iter().zip(&self.shifts[first..]);
        let biases = self.bias[first..].iter().zip(scales);
        for ((out, &sum), (&bias, (&multiplier, &shift))) in
            outputs.iter_mut().zip(sums).zip(biases)
        {
            let scaled = requantize(sum.wrapping_add(bias), multiplier, shift);
            *out = narrow(
                scaled.wrapping_add(self.output_zero_point),
                self.min,
                self.max,
            );
        }
    }
}
