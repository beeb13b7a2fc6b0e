//! `noise_reduction.c`.

/// Fraction bits of shares (`kNoiseReductionBits`).
const SHARE_BITS: u32 = 14;

/// Smoothing and estimates.
pub(crate) struct Noise<'m> {
    pub(crate) smoothing_bits: u32,
    /// Of even and of odd channels.
    pub(crate) smoothing: [u32; 2],
    pub(crate) min_signal_remaining: u32,
    /// One for each channel.
    pub(crate) estimates: &'m mut [u32],
}

impl Noise<'_> {
    /// No noise is known.
    pub(crate) fn reset(&mut self) {
        self.estimates.fill(0);
    }

    /// The noise in each channel.
    pub(crate) fn estimates(&self) -> &[u32] {
        self.estimates
    }

    /// `NoiseReductionApply`.
    pub(crate) fn reduce(&mut self, signal: &mut [u32]) {
        for (channel, (signal, estimate)) in signal.iter_mut().zip(&mut *self.estimates).enumerate()
        {
            let smoothing = self.smoothing[channel % 2];
            let scaled = signal.wrapping_shl(self.smoothing_bits);
            let sum = u64::from(scaled) * u64::from(smoothing)
                + u64::from(*estimate) * u64::from((1 << SHARE_BITS) - smoothing);
            // A mean of two 32-bit numbers.
            *estimate = low(sum >> SHARE_BITS);
            let floor =
                low((u64::from(*signal) * u64::from(self.min_signal_remaining)) >> SHARE_BITS);
            let noise = (*estimate).min(scaled);
            *signal = floor.max((scaled - noise) >> self.smoothing_bits);
        }
    }
}

/// The low 32 bits.
#[expect(clippy::as_conversions, reason = "cut as in the reference")]
const fn low(x: u64) -> u32 {
    x as u32
}
