//! Settings and tables of the micro-frontend, made as the reference makes them
//! (`window_util.c`, `filterbank_util.c`, `noise_reduction_util.c`, `pcan_gain_control_util.c`),
//! with its mixture of `float` and `double`. Functions are taken in `f64` and rounded to `float`,
//! which hosts agree on.

use super::FrontendError;
use super::fields::{Fields, within};
use super::fixed::{narrow, quarter, real, round16, truncate};
use super::tables::Tables;
use std::f64::consts::PI;
use tiivis_runtime::blob::{FrontendKind, LogScaleSpec, MicroSpec, PcanSpec};

/// Settings of the micro-frontend; defaults as `micro_speech` has them.
#[derive(Clone, Debug, PartialEq)]
pub struct MicroSettings {
    /// Channels of the filterbank, 1 to 256.
    pub bands: u32,
    /// Lower limit of the filterbank.
    pub f_min_hz: f32,
    /// Upper limit.
    pub f_max_hz: f32,
    /// Bits by which the noise estimate is scaled up, 0 to 15.
    pub smoothing_bits: u32,
    /// Smoothing of channels 0, 2, …, 0 to 1.
    pub even_smoothing: f32,
    /// Smoothing of channels 1, 3, ….
    pub odd_smoothing: f32,
    /// Least share of a signal that noise reduction leaves.
    pub min_signal_remaining: f32,
    /// Whether gain is controlled.
    pub pcan: bool,
    /// Exponent of the gain.
    pub pcan_strength: f32,
    /// Offset of the noise.
    pub pcan_offset: f32,
    /// Fraction bits of the gain.
    pub pcan_gain_bits: u32,
    /// Whether the logarithm is taken.
    pub log: bool,
    /// Bits by which it is scaled up, 0 to 15.
    pub log_scale_shift: u32,
}

impl Default for MicroSettings {
    fn default() -> Self {
        Self {
            bands: 40,
            f_min_hz: 125.0,
            f_max_hz: 7500.0,
            smoothing_bits: 10,
            even_smoothing: 0.025,
            odd_smoothing: 0.06,
            min_signal_remaining: 0.05,
            pcan: true,
            pcan_strength: 0.95,
            pcan_offset: 80.0,
            pcan_gain_bits: 21,
            log: true,
            log_scale_shift: 6,
        }
    }
}

impl MicroSettings {
    pub(super) fn from_fields(fields: &mut Fields) -> Result<Self, FrontendError> {
        let default = Self::default();
        let f_min_hz = fields.or("f_min_hz", default.f_min_hz)?;
        let f_max_hz = fields.or("f_max_hz", default.f_max_hz)?;
        let share = |fields: &mut Fields, key, default| {
            let share = fields.or(key, default)?;
            within(key, share, 0.0..=1.0_f32)
        };
        Ok(Self {
            bands: within("bands", fields.or("bands", default.bands)?, 1..=256)?,
            f_min_hz: within("f_min_hz", f_min_hz, 0.0..=500_000.0)?,
            f_max_hz: within("f_max_hz", f_max_hz, f_min_hz + 1.0..=500_000.0)?,
            smoothing_bits: within(
                "smoothing_bits",
                fields.or("smoothing_bits", default.smoothing_bits)?,
                0..=15,
            )?,
            even_smoothing: share(fields, "even_smoothing", default.even_smoothing)?,
            odd_smoothing: share(fields, "odd_smoothing", default.odd_smoothing)?,
            min_signal_remaining: share(
                fields,
                "min_signal_remaining",
                default.min_signal_remaining,
            )?,
            pcan: fields.or("pcan", default.pcan)?,
            pcan_strength: share(fields, "pcan_strength", default.pcan_strength)?,
            pcan_offset: within(
                "pcan_offset",
                fields.or("pcan_offset", default.pcan_offset)?,
                1e-3..=1e9,
            )?,
            pcan_gain_bits: within(
                "pcan_gain_bits",
                fields.or("pcan_gain_bits", default.pcan_gain_bits)?,
                17..=31,
            )?,
            log: fields.or("log", default.log)?,
            log_scale_shift: within(
                "log_scale_shift",
                fields.or("log_scale_shift", default.log_scale_shift)?,
                0..=15,
            )?,
        })
    }

    /// Tables and parameters.
    pub(super) fn spec(
        &self,
        tables: &mut Tables,
        sample_rate_hz: u32,
        window_len: u32,
    ) -> Result<FrontendKind, FrontendError> {
        let fft_len = window_len.next_power_of_two().max(64);
        let circle: Vec<_> = quarter(fft_len).map(|sin| round16(32767.0 * sin)).collect();
        let bank = self.filterbank(sample_rate_hz, fft_len)?;
        let pcan = match self.pcan {
            true => Some(PcanSpec {
                gains: tables.int16(&self.gains(correction_bits(fft_len)))?,
                snr_shift: self.pcan_gain_bits - correction_bits(fft_len) - SNR_BITS,
            }),
            false => None,
        };
        let log = match self.log {
            true => Some(LogScaleSpec {
                table: tables.int16(&logarithms())?,
                scale_shift: self.log_scale_shift,
            }),
            false => None,
        };
        let share = |share: f32| truncate(share * f32::from(1_u16 << 14));
        Ok(FrontendKind::Micro(MicroSpec {
            fft_len,
            window: tables.int16(&window(window_len))?,
            circle: tables.int16(&circle)?,
            first_bin: bank.first_bin,
            widths: tables.int16(&bank.widths)?,
            weights: tables.int16(&bank.weights)?,
            unweights: tables.int16(&bank.unweights)?,
            smoothing_bits: self.smoothing_bits,
            even_smoothing: share(self.even_smoothing),
            odd_smoothing: share(self.odd_smoothing),
            min_signal_remaining: share(self.min_signal_remaining),
            pcan,
            log,
        }))
    }

    /// `FilterbankPopulateState`.
    fn filterbank(&self, sample_rate_hz: u32, fft_len: u32) -> Result<Filterbank, FrontendError> {
        let spectrum_len = fft_len / 2 + 1;
        let float = |count: u32| narrow(f64::from(count));
        let hz_per_bin =
            narrow(0.5 * f64::from(sample_rate_hz) / f64::from(float(spectrum_len) - 1.0));
        let mel_low = mel(self.f_min_hz);
        let mel_spacing = (mel(self.f_max_hz) - mel_low) / float(self.bands + 1);
        // DC belongs to no channel.
        let first_bin = truncate(narrow(1.5 + f64::from(self.f_min_hz / hz_per_bin)));
        let mut bank = Filterbank {
            first_bin,
            widths: Vec::new(),
            weights: Vec::new(),
            unweights: Vec::new(),
        };
        let mut bin = first_bin;
        let mut below = mel_low;
        for channel in 0..=self.bands {
            let center = mel_low + mel_spacing * float(channel + 1);
            let start = bin;
            while mel(float(bin) * hz_per_bin) <= center {
                let weight = (center - mel(float(bin) * hz_per_bin)) / (center - below);
                bank.weights.push(round16(f64::from(weight) * WEIGHT_ONE));
                bank.unweights
                    .push(round16((1.0 - f64::from(weight)) * WEIGHT_ONE));
                bin += 1;
                if bin > spectrum_len {
                    return Err(FrontendError::Spectrum);
                }
            }
            let width = i16::try_from(bin - start);
            bank.widths
                .push(width.map_err(|_| FrontendError::Spectrum)?);
            below = center;
        }
        // The reference wants one bin to be left over.
        if bin >= spectrum_len {
            return Err(FrontendError::Spectrum);
        }
        Ok(bank)
    }

    /// `PcanGainControlPopulateState`: value and two coefficients of a parabola for each power of
    /// two of the noise.
    fn gains(&self, correction_bits: u32) -> Vec<i16> {
        let input_bits = i32::try_from(self.smoothing_bits).unwrap_or(0)
            - i32::try_from(correction_bits).unwrap_or(0);
        let gain = |x: u32| -> i32 { self.gain(x, input_bits).into() };
        let cut = |x: i32| i16::try_from(x).unwrap_or(i16::MAX);
        let mut gains = vec![cut(gain(0)), cut(gain(1))];
        for interval in 2..=32_u32 {
            let x0 = 1_u32 << (interval - 1);
            let x2 = if interval == 32 {
                x0 + (x0 - 1)
            } else {
                2 * x0
            };
            let y0 = gain(x0);
            let (first, second) = (gain(x0 + (x0 >> 1)) - y0, gain(x2) - y0);
            let slope = 4 * first - second;
            gains.extend([cut(y0), cut(slope), cut(second - slope), 0]);
        }
        gains.truncate(GAINS_LEN);
        gains
    }

    /// `PcanGainLookupFunction`.
    fn gain(&self, x: u32, input_bits: i32) -> i16 {
        let x = narrow(f64::from(narrow(f64::from(x))) * f64::from(-input_bits).exp2());
        let one = narrow(f64::from(self.pcan_gain_bits).exp2());
        let power = f64::from(x + self.pcan_offset).powf(f64::from(-self.pcan_strength));
        let gain = one * narrow(power);
        if gain > 32767.0 {
            return i16::MAX;
        }
        i16::try_from(truncate(gain + 0.5)).unwrap_or(i16::MAX)
    }
}

/// `kPcanSnrBits`.
const SNR_BITS: u32 = 12;
/// `kWideDynamicFunctionLUTSize`.
const GAINS_LEN: usize = 125;
/// `1 << kFilterbankBits`.
const WEIGHT_ONE: f64 = 4096.0;

/// `MostSignificantBit32(fft_size) - 1 - kFilterbankBits / 2`.
fn correction_bits(fft_len: u32) -> u32 {
    fft_len.ilog2() - 6
}

struct Filterbank {
    first_bin: u32,
    widths: Vec<i16>,
    weights: Vec<i16>,
    unweights: Vec<i16>,
}

/// `FreqToMel`.
fn mel(hz: f32) -> f32 {
    1127.0 * narrow(f64::from(hz / 700.0).ln_1p())
}

/// `WindowPopulateState`: Hann, half a sample off the ends, 12 fraction bits.
fn window(len: u32) -> Vec<i16> {
    let arg = narrow(2.0 * PI / f64::from(len));
    let weight = |i: u32| {
        let cosine = narrow(f64::from(arg * (narrow(f64::from(i)) + 0.5)).cos());
        0.5 - 0.5 * cosine
    };
    (0..len)
        .map(|i| round16(f64::from(weight(i)) * 4096.0))
        .collect()
}

/// `kLogLut`: `log2(1 + k / 128) - k / 128` with 16 fraction bits, and a 0 more.
fn logarithms() -> Vec<i16> {
    let entry = |k: usize| {
        let x = real(k) / 128.0;
        round16(((1.0 + x).log2() - x) * 65536.0)
    };
    (0..=128).map(entry).chain([0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithms_are_the_references() {
        let table = logarithms();
        assert_eq!(table.len(), 130);
        assert_eq!(table[..8], [0, 224, 442, 654, 861, 1063, 1259, 1450]);
        assert_eq!(
            table[56..64],
            [5640, 5641, 5638, 5633, 5626, 5615, 5602, 5586]
        );
        assert_eq!(table[126..], [282, 142, 0, 0]);
    }

    #[test]
    fn bands_beyond_the_spectrum_are_refused() {
        let settings = MicroSettings {
            f_max_hz: 9000.0,
            ..MicroSettings::default()
        };
        let error = settings.spec(&mut Tables::new(0), 16_000, 480).unwrap_err();
        assert!(matches!(error, FrontendError::Spectrum), "{error}");
    }
}
