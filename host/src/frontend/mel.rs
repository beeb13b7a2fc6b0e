//! Settings and tables of log-mel energies and MFCC, by the formulas of librosa, torchaudio and
//! HTK.

use super::FrontendError;
use super::bank::{Bank, MelScale, Norm, Triangles};
use super::fields::{Fields, within};
use super::fixed::{fixed, quarter};
use super::numbers::Numbers;
use super::tables::Tables;
use super::window::Window;
use serde::Deserialize;
use std::f64::consts::PI;
use tiivis_runtime::blob::{Floor, FrontendKind, MelSpec, Mix, Spectrum};

/// Log-mel energies, or MFCC if there are coefficients.
///
/// | Setting | Meaning | Default |
/// |---|---|---|
/// | `fft_len` | points of the FFT, 64 to 2048 | next power of two |
/// | `window` | `hann`, `hann-symmetric`, `hamming`, `hamming-symmetric`, `rectangular` | `hann` |
/// | `preemphasis` | HTK's, 0 to 1 | 0 |
/// | `spectrum` | `power` or `magnitude` | `power` |
/// | `bands` | of the filterbank | 40 |
/// | `f_min_hz`, `f_max_hz` | its limits | 0, half of the rate |
/// | `mel` | `slaney` or `htk` | `slaney` |
/// | `triangles` | straight in `hz` (librosa, torchaudio) or in `mel` (HTK, Kaldi) | `hz` |
/// | `norm` | `slaney` (area) or `none` | `slaney` |
/// | `samples` | `unit` (-1 to 1) or `integer` (int16) | `unit` |
/// | `log` | `ln`, `log10` or `db` | `ln` |
/// | `floor`, `floor_mode` | smallest energy, `clamp` or `add` | 1e-10, `clamp` |
/// | `mean`, `std` | a number or one for each feature: `(x - mean) / std` | 0, 1 |
/// | `coefficients` (`mfcc`) | how many, from 0 on | 13 |
/// | `dct` (`mfcc`) | `ortho` or `htk` | `ortho` |
/// | `lifter` (`mfcc`) | HTK's, 0 for none | 0 |
#[derive(Clone, Debug, PartialEq)]
pub struct MelSettings {
    /// Points of the FFT.
    pub fft_len: u32,
    /// Samples in a window.
    pub window_len: u32,
    /// Its shape.
    pub window: Window,
    /// HTK's, framewise.
    pub preemphasis: f64,
    /// Power or magnitude.
    pub spectrum: SpectrumName,
    /// The filterbank.
    pub bank: Bank,
    /// What a step of a sample is worth.
    pub samples: SampleScale,
    /// Which logarithm.
    pub log: Logarithm,
    /// The smallest energy.
    pub floor: f64,
    /// What is done with it.
    pub floor_mode: FloorMode,
    /// Coefficients, if any.
    pub cosine: Option<Cosine>,
    mean: Numbers,
    std: Numbers,
}

/// What is summed over a band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpectrumName {
    /// Squared magnitudes.
    Power,
    /// Magnitudes.
    Magnitude,
}

/// What samples are to the formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SampleScale {
    /// int16 over 32768, as librosa and torchaudio load files.
    Unit,
    /// int16 as they are, as HTK and Kaldi take them.
    Integer,
}

/// A logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Logarithm {
    /// Natural.
    Ln,
    /// Decimal.
    Log10,
    /// Decibels: `10 log10` of a power, `20 log10` of a magnitude.
    Db,
}

/// What keeps silence finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FloorMode {
    /// `log(max(x, floor))`, as librosa.
    Clamp,
    /// `log(x + floor)`, as torchaudio's MFCC.
    Add,
}

/// The cosine transform of MFCC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    /// Coefficients from 0 on, at most as many as bands.
    pub coefficients: u32,
    /// How rows are scaled.
    pub norm: CosineNorm,
    /// HTK's `1 + L / 2 sin(pi n / L)`; 0 for none.
    pub lifter: f64,
}

/// Scale of a DCT-II's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CosineNorm {
    /// Orthonormal: `sqrt(2 / n)`, and `sqrt(1 / n)` for row 0.
    Ortho,
    /// `sqrt(2 / n)` for all.
    Htk,
}

impl MelSettings {
    pub(super) fn from_fields(
        fields: &mut Fields,
        sample_rate_hz: u32,
        window_len: u32,
    ) -> Result<Self, FrontendError> {
        let smallest = window_len.next_power_of_two().max(64);
        let fft_len = fields.or("fft_len", smallest)?;
        if !fft_len.is_power_of_two() || !(smallest..=2048).contains(&fft_len) {
            return Err(FrontendError::Range {
                key: "fft_len",
                expected: format!("a power of two from {smallest} to 2048"),
                found: fft_len.to_string(),
            });
        }
        let nyquist_hz = f64::from(sample_rate_hz) / 2.0;
        let f_min_hz = within("f_min_hz", fields.or("f_min_hz", 0.0)?, 0.0..=nyquist_hz)?;
        let f_max_hz = fields.or("f_max_hz", nyquist_hz)?;
        let preemphasis = fields.or("preemphasis", 0.0)?;
        let floor = fields.or("floor", 1e-10)?;
        Ok(Self {
            fft_len,
            window_len,
            window: fields.or("window", Window::Hann)?,
            preemphasis: within("preemphasis", preemphasis, 0.0..=1.0)?,
            spectrum: fields.or("spectrum", SpectrumName::Power)?,
            bank: Bank {
                sample_rate_hz,
                fft_len,
                bands: within("bands", fields.or("bands", 40)?, 1..=256)?,
                f_min_hz,
                f_max_hz: within("f_max_hz", f_max_hz, f_min_hz + 1.0..=nyquist_hz)?,
                scale: fields.or("mel", MelScale::Slaney)?,
                triangles: fields.or("triangles", Triangles::Hz)?,
                norm: fields.or("norm", Norm::Slaney)?,
            },
            samples: fields.or("samples", SampleScale::Unit)?,
            log: fields.or("log", Logarithm::Ln)?,
            floor: within("floor", floor, 1e-30..=1e9)?,
            floor_mode: fields.or("floor_mode", FloorMode::Clamp)?,
            cosine: None,
            mean: Numbers::take(fields, "mean", 0.0)?,
            std: Numbers::take(fields, "std", 1.0)?,
        })
    }

    pub(super) fn with_coefficients(self, fields: &mut Fields) -> Result<Self, FrontendError> {
        let coefficients = fields.or("coefficients", 13)?;
        let cosine = Cosine {
            coefficients: within("coefficients", coefficients, 1..=self.bank.bands)?,
            norm: fields.or("dct", CosineNorm::Ortho)?,
            lifter: within("lifter", fields.or("lifter", 0.0)?, 0.0..=1e4)?,
        };
        Ok(Self {
            cosine: Some(cosine),
            ..self
        })
    }

    /// Features of a frame.
    pub(super) fn features(&self) -> u32 {
        self.cosine
            .map_or(self.bank.bands, |cosine| cosine.coefficients)
    }

    /// Tables and parameters.
    pub(super) fn spec(&self, tables: &mut Tables) -> Result<FrontendKind, FrontendError> {
        let bank = self.bank.filters();
        let window = self.window.half(self.window_len);
        let circle: Vec<_> = quarter(self.fft_len).map(|sin| fixed(sin, 30)).collect();
        let logarithm: Vec<_> = (0..129_u8)
            .map(|k| fixed((1.0 + f64::from(k) / 128.0).log2(), 28))
            .collect();
        let weights: Vec<_> = bank.weights.iter().map(|&w| fixed(w, 30)).collect();
        let window: Vec<_> = window.into_iter().map(|w| fixed(w, 30)).collect();
        // What an energy in steps of int16 and with weights of at most 1 is to be multiplied by.
        let step = match self.samples {
            SampleScale::Unit => 1.0 / 32768.0,
            SampleScale::Integer => 1.0,
        };
        let (spectrum, unit) = match self.spectrum {
            SpectrumName::Power => (Spectrum::Power, step * step * bank.largest),
            SpectrumName::Magnitude => (Spectrum::Magnitude, step * bank.largest),
        };
        let (mix, offsets, shift) = self.last_step(tables, unit.log2())?;
        Ok(FrontendKind::Mel(MelSpec {
            fft_len: self.fft_len,
            window: tables.int32(&window)?,
            symmetry: self.window.symmetry(),
            preemphasis: fixed(self.preemphasis, 14).unsigned_abs(),
            circle: tables.int32(&circle)?,
            spectrum,
            bands: self.bank.bands,
            ranges: tables.int16(&bank.ranges)?,
            weights: tables.int32(&weights)?,
            logarithm: tables.int32(&logarithm)?,
            floor: self.floor(unit)?,
            mix,
            offsets: tables.int32(&offsets)?,
            shift,
        }))
    }

    /// The floor in the runtime's units.
    fn floor(&self, unit: f64) -> Result<Floor, FrontendError> {
        let floor = self.floor / unit;
        if !(1e-18..=1e18).contains(&floor) {
            return Err(FrontendError::Range {
                key: "floor",
                expected: format!(
                    "{:e} to {:e} for these samples and bands",
                    1e-18 * unit,
                    1e18 * unit
                ),
                found: format!("{:e}", self.floor),
            });
        }
        Ok(match self.floor_mode {
            FloorMode::Clamp => Floor::Clamp(fixed(floor.log2(), 20)),
            FloorMode::Add => {
                // 30 bits of mantissa.
                let exponent = fixed(floor.log2().floor(), 0) - 30;
                Floor::Add {
                    mantissa: fixed(floor, -exponent).unsigned_abs().max(1),
                    exponent,
                }
            }
        })
    }

    /// From logarithms of base 2, each `unit_log2` too small, to features.
    fn last_step(
        &self,
        tables: &mut Tables,
        unit_log2: f64,
    ) -> Result<(Mix, Vec<i32>, u32), FrontendError> {
        let features = self.features();
        let mean = self.mean.clone().repeat("mean", features)?;
        let std = self.std.clone().positive("std", features)?;
        let factor = self.log.of_log2(self.spectrum);
        let rows: Vec<Vec<f64>> = match self.cosine {
            None => std.iter().map(|std| vec![factor / std]).collect(),
            Some(cosine) => (0..)
                .zip(&std)
                .map(|(n, std)| {
                    let row = cosine.row(n, self.bank.bands);
                    row.into_iter().map(|x| x * factor / std).collect()
                })
                .collect(),
        };
        let offset = |((row, mean), std): ((&Vec<f64>, &f64), &f64)| {
            fixed(row.iter().sum::<f64>() * unit_log2 - mean / std, 16)
        };
        let offsets = rows.iter().zip(&mean).zip(&std).map(offset).collect();
        let largest = rows.iter().flatten().fold(0.0, |most, x| x.abs().max(most));
        // Logarithms have 27 bits, sums of at most 256 products stay below 2⁶³.
        let shift = shift_for(largest, 27, -4)?;
        let bits = fraction_bits(shift, -4);
        let gains: Vec<_> = rows.iter().flatten().map(|&x| fixed(x, bits)).collect();
        let gains = tables.int32(&gains)?;
        let mix = match self.cosine {
            None => Mix::Gains(gains),
            Some(_) => Mix::Matrix(gains),
        };
        Ok((mix, offsets, shift))
    }
}

impl Logarithm {
    /// What a logarithm of base 2 is multiplied by.
    fn of_log2(self, spectrum: SpectrumName) -> f64 {
        match (self, spectrum) {
            (Self::Ln, _) => 2_f64.ln(),
            (Self::Log10, _) => 2_f64.log10(),
            (Self::Db, SpectrumName::Power) => 10.0 * 2_f64.log10(),
            (Self::Db, SpectrumName::Magnitude) => 20.0 * 2_f64.log10(),
        }
    }
}

impl Cosine {
    /// Row `n` of the transform of `bands` values, with its lifter.
    fn row(self, n: u32, bands: u32) -> Vec<f64> {
        let count = f64::from(bands);
        let scale = match (self.norm, n) {
            (CosineNorm::Ortho, 0) => (1.0 / count).sqrt(),
            (CosineNorm::Ortho | CosineNorm::Htk, _) => (2.0 / count).sqrt(),
        };
        let lift = if self.lifter > 0.0 {
            1.0 + self.lifter / 2.0 * (PI * f64::from(n) / self.lifter).sin()
        } else {
            1.0
        };
        (0..bands)
            .map(|k| (PI * f64::from(n) * (f64::from(k) + 0.5) / count).cos() * scale * lift)
            .collect()
    }
}

/// The shift at which gains of at most `largest` have `gain_bits` bits; products then have
/// `shift + to_bits` fraction bits more than their values.
pub(super) fn shift_for(largest: f64, gain_bits: i32, to_bits: i32) -> Result<u32, FrontendError> {
    let digits = fixed(largest.max(1e-12).log2().ceil(), 0);
    let shift = gain_bits - digits - to_bits;
    match u32::try_from(shift.min(62)) {
        Ok(shift) if shift >= 1 => Ok(shift),
        Ok(_) | Err(_) => Err(FrontendError::Range {
            key: "std",
            expected: "larger".to_owned(),
            found: format!("so small that a gain is {largest:e}"),
        }),
    }
}

/// Fraction bits of a gain at this shift.
pub(super) fn fraction_bits(shift: u32, to_bits: i32) -> i32 {
    i32::try_from(shift).unwrap_or(i32::MAX - 64) + to_bits
}
