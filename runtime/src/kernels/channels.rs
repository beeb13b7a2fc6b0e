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

/// One output channel of [`Channels`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Channel {
    pub(super) bias: i32,
    multiplier: i32,
    shift: i8,
}

impl Channels<'_> {
    /// The channels in order.
    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = Channel> {
        self.bias.iter().zip(self.multipliers).zip(self.shifts).map(
            |((&bias, &multiplier), &shift)| Channel {
                bias,
                multiplier,
                shift,
            },
        )
    }

    /// The output for an accumulator that includes the bias.
    ///
    /// Not inlined: it is the same for every layer, and kernels call it once per output, not per
    /// multiplication.
    #[inline(never)]
    pub(super) fn finish(&self, channel: Channel, accumulator: i32) -> i8 {
        let scaled = requantize(accumulator, channel.multiplier, channel.shift);
        narrow(
            scaled.wrapping_add(self.output_zero_point),
            self.min,
            self.max,
        )
    }
}
