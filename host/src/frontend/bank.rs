//! Mel filterbanks.

use serde::Deserialize;

/// A filterbank over the bins of a spectrum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bank {
    /// Samples a second.
    pub sample_rate_hz: u32,
    /// Points of the FFT.
    pub fft_len: u32,
    /// Filters, 1 to 256.
    pub bands: u32,
    /// Where the first triangle starts.
    pub f_min_hz: f64,
    /// Where the last one ends.
    pub f_max_hz: f64,
    /// The mel scale.
    pub scale: MelScale,
    /// In what triangles are straight.
    pub triangles: Triangles,
    /// What their heights are.
    pub norm: Norm,
}

/// A mel scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MelScale {
    /// Slaney's Auditory Toolbox: straight below 1 kHz (librosa's default).
    Slaney,
    /// `2595 log10(1 + f / 700)` (HTK, torchaudio's default).
    Htk,
}

/// The axis on which filters are triangles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Triangles {
    /// Frequency.
    Hz,
    /// Mel.
    Mel,
}

/// Height of the triangles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// Area 1: `2 / (end - start)` in Hz.
    Slaney,
    /// 1.
    None,
}

/// Weights of a bank.
pub(super) struct Filters {
    /// First bin and number of bins of each band.
    pub(super) ranges: Vec<i16>,
    /// Of all bands' bins, over the largest one.
    pub(super) weights: Vec<f64>,
    /// What they are to be multiplied by.
    pub(super) largest: f64,
}

impl MelScale {
    fn of_hz(self, hz: f64) -> f64 {
        match self {
            Self::Htk => 2595.0 * (1.0 + hz / 700.0).log10(),
            Self::Slaney if hz >= 1000.0 => 15.0 + (hz / 1000.0).ln() / log_step(),
            Self::Slaney => hz * 3.0 / 200.0,
        }
    }

    fn to_hz(self, mel: f64) -> f64 {
        match self {
            Self::Htk => 700.0 * (10_f64.powf(mel / 2595.0) - 1.0),
            Self::Slaney if mel >= 15.0 => 1000.0 * (log_step() * (mel - 15.0)).exp(),
            Self::Slaney => mel * 200.0 / 3.0,
        }
    }
}

/// A step of Slaney's logarithmic part.
fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

impl Bank {
    /// `max(0, min(rising, falling))` of every filter at every bin.
    pub(super) fn filters(&self) -> Filters {
        let low = self.scale.of_hz(self.f_min_hz);
        let step = (self.scale.of_hz(self.f_max_hz) - low) / f64::from(self.bands + 1);
        let corner_hz = |k: u32| self.scale.to_hz(low + step * f64::from(k));
        let bin_hz = f64::from(self.sample_rate_hz) / f64::from(self.fft_len);
        let axis = |hz: f64| match self.triangles {
            Triangles::Hz => hz,
            Triangles::Mel => self.scale.of_hz(hz),
        };
        let bins: Vec<f64> = (0..=self.fft_len / 2)
            .map(|bin| axis(f64::from(bin) * bin_hz))
            .collect();
        let (mut ranges, mut weights) = (Vec::new(), Vec::new());
        for band in 0..self.bands {
            let corners_hz = [band, band + 1, band + 2].map(corner_hz);
            let [start, top, end] = corners_hz.map(axis);
            let height = match self.norm {
                Norm::Slaney => 2.0 / (corners_hz[2] - corners_hz[0]),
                Norm::None => 1.0,
            };
            let weight = |&x: &f64| ((x - start) / (top - start)).min((end - x) / (end - top));
            let first = bins.iter().take_while(|x| weight(x) <= 0.0).count();
            let own = bins[first..].iter().map(weight);
            let before = weights.len();
            weights.extend(own.take_while(|&x| x > 0.0).map(|x| x * height));
            let len = weights.len() - before;
            // A band between two bins has none, and starts nowhere.
            let first = if len == 0 { 0 } else { first };
            ranges.extend([first, len].map(|x| i16::try_from(x).expect("at most 1025 bins")));
        }
        let largest = weights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        Filters {
            ranges,
            weights: weights.iter().map(|weight| weight / largest).collect(),
            largest,
        }
    }
}
