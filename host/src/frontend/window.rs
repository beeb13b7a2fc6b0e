//! Windows.

use serde::Deserialize;
use std::f64::consts::TAU;
use tiivis_runtime::blob::Symmetry;

/// Shape of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Window {
    /// `0.5 - 0.5 cos(2 pi i / n)`: librosa, torchaudio.
    Hann,
    /// The same over `n - 1`.
    HannSymmetric,
    /// `0.54 - 0.46 cos(2 pi i / n)`.
    Hamming,
    /// The same over `n - 1`: HTK.
    HammingSymmetric,
    /// 1.
    Rectangular,
}

impl Window {
    /// Which of its halves are equal.
    pub(super) fn symmetry(self) -> Symmetry {
        match self {
            Self::Hann | Self::Hamming => Symmetry::Periodic,
            Self::HannSymmetric | Self::HammingSymmetric | Self::Rectangular => Symmetry::Symmetric,
        }
    }

    /// The entries that the runtime keeps of `len`, 2 or more.
    pub(super) fn half(self, len: u32) -> Vec<f64> {
        let (count, period) = match self.symmetry() {
            Symmetry::Periodic => (len / 2 + 1, len),
            Symmetry::Symmetric => (len.div_ceil(2), len - 1),
        };
        let cosine = |i: u32| (TAU * f64::from(i) / f64::from(period)).cos();
        (0..count)
            .map(|i| match self {
                Self::Hann | Self::HannSymmetric => 0.5 - 0.5 * cosine(i),
                Self::Hamming | Self::HammingSymmetric => 0.54 - 0.46 * cosine(i),
                Self::Rectangular => 1.0,
            })
            .collect()
    }
}
