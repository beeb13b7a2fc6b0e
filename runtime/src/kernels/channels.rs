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

/// Channels that are summed at a time, so that each value is loaded and freed of its zero point
/// once for all of them: what fits a Cortex-M's registers.
pub(super) const LANES: usize = 4;

impl Channels<'_> {
    /// Fills the outputs of the channels from `first` on. The products of the channels from `c` on
    /// are added to their bias by `lanes(c, ..)` and, for the last few, one by one by `one(c, ..)`.
    #[inline]
    pub(super) fn fill(
        &self,
        first: usize,
        outputs: &mut [i8],
        lanes: impl Fn(usize, &mut [i32; LANES]),
        one: impl Fn(usize, &mut [i32; 1]),
    ) {
        let mut channel = first;
        let (whole, rest) = outputs.as_chunks_mut();
        for outputs in whole {
            let mut sums = *self.bias[channel..]
                .first_chunk::<LANES>()
                .expect("a bias per channel");
            lanes(channel, &mut sums);
            self.finish(channel, &sums, outputs);
            channel += LANES;
        }
        for output in rest.as_chunks_mut().0 {
            let mut sum = [self.bias[channel]];
            one(channel, &mut sum);
            self.finish::<1>(channel, &sum, output);
            channel += 1;
        }
    }

    /// The outputs of the channels from `first` on, one for each of the sums.
    #[inline(never)]
    fn finish<const N: usize>(&self, first: usize, sums: &[i32; N], outputs: &mut [i8; N]) {
        let multipliers = &self.multipliers[first..][..N];
        let shifts = &self.shifts[first..][..N];
        for i in 0..N {
            let scaled = requantize(sums[i], multipliers[i], shifts[i]);
            outputs[i] = narrow(
                scaled.wrapping_add(self.output_zero_point),
                self.min,
                self.max,
            );
        }
    }
}
