//! What turns the accumulator of each output channel into int8.

use super::{narrow, requantize};

/// Bias and requantization of a layer with weights; the slices have one value per output channel.
///
/// `out = clamp(requantize(acc + bias, multiplier, shift) + output_zero_point, min, max)`, where
/// `acc = sum((x - input_zero_point) * (w - weights_zero_point))`.
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
    /// In `-128..=127`; 0 for symmetric weights.
    pub weights_zero_point: i32,
    /// In `-128..=127`.
    pub output_zero_point: i32,
    /// Smallest output.
    pub min: i16,
    /// Largest output.
    pub max: i16,
}

/// Channels whose sums are held together: what every call in a kernel is shared by.
pub(super) const BLOCK: usize = 16;

impl Channels<'_> {
    /// Fills the outputs of the channels from `first` on: `sum(c, bias, sums)` sets the sums of the
    /// channels from `c` on to their bias and products.
    #[inline]
    pub(super) fn fill(
        &self,
        first: usize,
        outputs: &mut [i8],
        sums: &mut [i32; BLOCK],
        mut sum: impl FnMut(usize, &[i32], &mut [i32]),
    ) {
        let mut channel = first;
        for block in outputs.chunks_mut(BLOCK) {
            let sums = &mut sums[..block.len()];
            sum(channel, &self.bias[channel..][..block.len()], sums);
            self.finish(channel, sums, block);
            channel += block.len();
        }
    }

    /// The outputs of the channels from `first` on, one for each of the sums.
    ///
    /// Not inlined: it is the same for every layer.
    #[inline(never)]
    fn finish(&self, first: usize, sums: &[i32], outputs: &mut [i8]) {
        let multipliers = self.multipliers[first..].iter();
        let shifts = self.shifts[first..].iter();
        let sums = sums.iter().zip(multipliers.zip(shifts));
        for (out, (&sum, (&multiplier, &shift))) in outputs.iter_mut().zip(sums) {
            let scaled = requantize(sum, multiplier, shift);
            *out = narrow(
                scaled.wrapping_add(self.output_zero_point),
                self.min,
                self.max,
            );
        }
    }
}
