//! Log-mel energies and MFCC.
//!
//! `window → FFT → power or magnitude → bands → logarithm → gains or cosine transform → offsets`.
//! Samples keep 28 to 29 bits through window and FFT by a common exponent ([`super::fft32`]), powers and
//! bands up to 64, logarithms 20 fraction bits.
#![expect(
    clippy::as_conversions,
    reason = "products of 64 bits, shifted to what fits as argued at each"
)]

use super::circle::Circle;
use super::fft32::{self, HEADED_BITS, magnitude_bits};
use super::log2::Wide;
use super::mix::Mixer;
use super::root::square_root;
use crate::blob::{Floor, Spectrum, Symmetry};

/// Fraction bits of window and weights.
const UNIT_BITS: u32 = 30;
/// Fraction bits of the pre-emphasis.
const PREEMPHASIS_BITS: u32 = 14;

/// Tables and memory; see [`crate::blob::MelSpec`] for the former.
pub(crate) struct Mel<'m, 'a> {
    pub(crate) window: &'a [i32],
    pub(crate) symmetry: Symmetry,
    pub(crate) preemphasis: i32,
    pub(crate) circle: Circle<'a, i32>,
    pub(crate) spectrum: Spectrum,
    pub(crate) ranges: &'a [i16],
    pub(crate) weights: &'a [i32],
    pub(crate) logarithm: &'a [i32],
    pub(crate) floor: Floor,
    pub(crate) mixer: Mixer<'a>,
    pub(crate) offsets: &'a [i32],
    pub(crate) shift: u32,
    /// `fft_len + 2`.
    pub(crate) work: &'m mut [i32],
    /// One logarithm for each band.
    pub(crate) bands: &'m mut [i32],
}

impl Mel<'_, '_> {
    /// The features of a full window.
    pub(crate) fn frame(&mut self, samples: &[i16], values: &mut [i32]) {
        let exponent = self.load(samples) + fft32::transform(self.work, self.circle);
        self.sum_bands(exponent);
        self.mixer
            .apply(self.bands, self.offsets, self.shift, values);
    }

    /// Weighs the samples into their places, at most 2²⁹ in magnitude; returns the exponent.
    fn load(&mut self, samples: &[i16]) -> i32 {
        let (emphasis_bits, emphasize) = match self.preemphasis {
            0 => (0, 0),
            share => (PREEMPHASIS_BITS, share),
        };
        // HTK's: the sample before a frame's first one is taken to be equal to it.
        let emphasized = |at: usize| {
            let before = samples[at.saturating_sub(1)];
            (i32::from(samples[at]) << emphasis_bits) - emphasize * i32::from(before)
        };
        let all = (0..samples.len()).map(emphasized);
        let bits = all.fold(0, |bits, x| bits.max(magnitude_bits(&[x])));
        // `bits` and the window's 30 become 29.
        let shift = bits + UNIT_BITS - HEADED_BITS;
        self.work.fill(0);
        let count = self.work.len() / 2 - 1;
        for at in 0..samples.len() {
            let mirrored = match self.symmetry {
                Symmetry::Symmetric => samples.len() - 1 - at,
                Symmetry::Periodic => samples.len() - at,
            };
            let weight = self.window[at.min(mirrored)];
            let product = i64::from(emphasized(at)) * i64::from(weight);
            let place = 2 * fft32::position(at / 2, count) + at % 2;
            self.work[place] = ((product + (1 << (shift - 1))) >> shift) as i32;
        }
        shift as i32 - (UNIT_BITS + emphasis_bits) as i32
    }

    /// The logarithm of every band of the spectrum, whose numbers have this exponent.
    fn sum_bands(&mut self, exponent: i32) {
        // A power, re² + im², has at most so many bits: 63 if the largest has 31.
        let power_bits = 2 * magnitude_bits(self.work) + 1;
        let mut weights = self.weights;
        for (band, range) in self.bands.iter_mut().zip(self.ranges.chunks_exact(2)) {
            // Proven not to be negative, and to lie in the spectrum.
            let [first, len] = [range[0], range[1]].map(|x| usize::from(x.cast_unsigned()));
            let (own, rest) = weights.split_at(len);
            weights = rest;
            let bins = self.work[2 * first..].chunks_exact(2).zip(own);
            let powers = bins.map(|(bin, &weight)| (square(bin[0]) + square(bin[1]), weight));
            let energy = match self.spectrum {
                Spectrum::Power => {
                    // Weights are at most 1, so that the sum fits.
                    let sum_bits = power_bits + len.next_power_of_two().ilog2();
                    let shift = sum_bits.saturating_sub(u64::BITS);
                    let parts = powers.map(|(power, weight)| weigh(power >> shift, weight));
                    Wide {
                        mantissa: parts.sum(),
                        exponent: 2 * exponent + shift as i32,
                    }
                }
                Spectrum::Magnitude => {
                    // As many fraction bits as 32 hold.
                    let bits = u64::BITS.saturating_sub(power_bits) / 2;
                    let root = |power: u64| u64::from(square_root(power << (2 * bits)));
                    let parts = powers.map(|(power, weight)| weigh(root(power), weight));
                    Wide {
                        mantissa: parts.sum(),
                        exponent: exponent - bits as i32,
                    }
                }
            };
            *band = logarithm(energy, self.floor, self.logarithm);
        }
    }
}

/// At most 2⁶².
fn square(x: i32) -> u64 {
    u64::from(x.unsigned_abs()) * u64::from(x.unsigned_abs())
}

/// `x * weight * 2^-30`, rounded down; the weight is at most 2³⁰.
fn weigh(x: u64, weight: i32) -> u64 {
    let weight = u64::from(weight.cast_unsigned());
    let (high, low) = (x >> UNIT_BITS, x & ((1 << UNIT_BITS) - 1));
    high * weight + ((low * weight) >> UNIT_BITS)
}

fn logarithm(energy: Wide, floor: Floor, table: &[i32]) -> i32 {
    match floor {
        Floor::Clamp(least) => energy.log2(table).map_or(least, |log2| log2.max(least)),
        Floor::Add { mantissa, exponent } => {
            let offset = Wide {
                mantissa: mantissa.into(),
                exponent,
            };
            // The mantissa is proven not to be 0, so that the sum has a logarithm.
            energy.plus(offset).log2(table).unwrap_or(0)
        }
    }
}
