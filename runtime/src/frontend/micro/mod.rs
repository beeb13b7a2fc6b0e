//! The micro-frontend of TensorFlow Lite Micro, the same numbers
//! (`tensorflow/lite/experimental/microfrontend/lib`).
//!
//! `window → FFT → energies → channels → root → noise reduction → gain control → logarithm`.

mod filterbank;
mod log_scale;
mod noise;
mod pcan;

pub(crate) use filterbank::Filterbank;
pub(crate) use log_scale::{LogScale, TABLE_LEN as LOG_TABLE_LEN};
pub(crate) use noise::Noise;
pub(crate) use pcan::{GAINS_LEN, Pcan};

use super::circle::Circle;
use super::fft16;

/// Fraction bits of the window (`kFrontendWindowBits`).
const WINDOW_BITS: u32 = 12;
/// A feature's real value is its number times 0.0390625 (`micro_features`, `pymicro-features`),
/// which is so many steps of 2⁻¹⁶.
pub(crate) const STEPS_OF_ONE: i32 = 2560;

/// Digits of a number (`MostSignificantBit32`): 0 for 0.
fn digits(x: u32) -> u32 {
    u32::BITS - x.leading_zeros()
}

/// Tables, parameters and state.
pub(crate) struct Micro<'m, 'a> {
    pub(crate) window: &'a [i16],
    pub(crate) circle: Circle<'a, i16>,
    pub(crate) filterbank: Filterbank<'a>,
    pub(crate) noise: Noise<'m>,
    pub(crate) pcan: Option<Pcan<'a>>,
    pub(crate) log: Option<LogScale<'a>>,
    /// Of `fft_len`, from `MostSignificantBit32(fft_len) - 1 - kFilterbankBits / 2`.
    pub(crate) correction_bits: u32,
    /// `fft_len + 2`.
    pub(crate) work: &'m mut [i16],
    /// One number for each channel.
    pub(crate) signal: &'m mut [u32],
}

impl Micro<'_, '_> {
    /// Forgets the noise.
    pub(crate) fn reset(&mut self) {
        self.noise.reset();
    }

    /// The features of a full window, as multiples of [`STEPS_OF_ONE`].
    pub(crate) fn frame(&mut self, samples: &[i16], values: &mut [i32]) {
        let shift = self.load(samples);
        fft16::transform(self.work, self.circle);
        self.filterbank.apply(self.work, shift, self.signal);
        self.noise.reduce(self.signal);
        if let Some(pcan) = &self.pcan {
            pcan.apply(self.signal, self.noise.estimates());
        }
        for (value, &signal) in values.iter_mut().zip(&*self.signal) {
            let logged = match &self.log {
                Some(log) => log.apply(signal, self.correction_bits),
                None => signal,
            };
            // kuint16max.
            let feature = u16::try_from(logged).unwrap_or(u16::MAX);
            *value = i32::from(feature) * STEPS_OF_ONE;
        }
    }

    /// Weighs the samples into their places, shifted up as far as the largest allows; by how much.
    fn load(&mut self, samples: &[i16]) -> u32 {
        let count = self.work.len() / 2 - 1;
        let mut largest = 0_i16;
        self.work.fill(0);
        let pairs = samples.chunks(2).zip(self.window.chunks(2));
        for (at, (samples, weights)) in pairs.enumerate() {
            let places = &mut self.work[2 * fft16::position(at, count)..][..2];
            for (place, (&sample, &weight)) in places.iter_mut().zip(samples.iter().zip(weights)) {
                let product = (i32::from(sample) * i32::from(weight)) >> WINDOW_BITS;
                *place = cut(product);
                largest = largest.max(place.wrapping_neg().max(*place));
            }
        }
        // `-32768` has no counterpart and does not count, as there.
        let shift = 15 - digits(largest.max(0).unsigned_abs().into());
        for value in &mut *self.work {
            *value = value.wrapping_shl(shift);
        }
        shift
    }
}

/// The low 16 bits.
#[expect(clippy::as_conversions, reason = "cut as in the reference")]
const fn cut(x: i32) -> i16 {
    x as i16
}
