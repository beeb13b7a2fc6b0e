//! Front-ends: what makes an input of raw samples, as it stands in a blob.
//!
//! Every table is made by the compiler and lies in the data part; what is computed from it is said
//! in [`crate::frontend`].

use super::step::{Scale, Span};
use serde::{Deserialize, Serialize};

/// Most front-ends of a model: one for each input.
pub const MAX_FRONTENDS: usize = super::MAX_PORTS;

/// From samples to an input: a window of samples becomes a frame of features, and the latest
/// frames are the input.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrontendSpec {
    /// Index of the model's input that is filled.
    pub input: u32,
    /// Samples a second and channel that it was made for. Says what to feed, changes no result.
    pub sample_rate_hz: u32,
    /// Channels of the samples, which are interleaved.
    pub channels: u32,
    /// Samples of each channel that a frame is made of.
    pub window_len: u32,
    /// Samples of each channel from one frame to the next, 1 to `window_len`.
    pub hop_len: u32,
    /// Features of a frame.
    pub features: u32,
    /// Frames that the input holds.
    pub frames: u32,
    /// Frames from one inference to the next.
    pub stride_frames: u32,
    /// Order of the features in the input.
    pub order: FrameOrder,
    /// How features become int8.
    pub quantizer: Quantizer,
    /// How samples become features.
    pub kind: FrontendKind,
}

/// Order of an input's features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrameOrder {
    /// The features of the oldest frame come first: `[frames, features]`.
    FramesFirst,
    /// The oldest to the newest value of the first feature come first: `[features, frames]`.
    FeaturesFirst,
}

/// From a feature, a number with 16 fraction bits, to int8, saturating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quantizer {
    /// [`crate::kernels::requantize`] by `scale`, plus the zero point.
    Rescale {
        /// 2⁻¹⁶ over the input's scale.
        scale: Scale,
        /// In `-128..=127`.
        zero_point: i32,
    },
    /// `floor((x + step / 2) / step) + zero point`: half up. `step` is 6660 for the reference's
    /// `(x * 256 + 333) / 666 - 128` of `micro_speech`.
    Divide {
        /// The feature's step with 16 fraction bits, 1 to 2³⁰.
        step: i32,
        /// In `-128..=127`.
        zero_point: i32,
    },
}

/// The kinds of features. The order is the encoding: append only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum FrontendKind {
    /// The micro-frontend of TensorFlow Lite Micro.
    Micro(MicroSpec),
    /// Log-mel energies or MFCC.
    Mel(MelSpec),
    /// Normalized samples of each channel.
    Motion(MotionSpec),
}

/// Parameters of the micro-frontend.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MicroSpec {
    /// Points of the FFT, a power of two from 64 to 2048, at least the window.
    pub fft_len: u32,
    /// int16 × window, 12 fraction bits.
    pub window: Span,
    /// int16 × (`fft_len` / 4 + 1): `sin(2 pi k / fft_len)`, 15 fraction bits, none negative.
    pub circle: Span,
    /// First bin of the first channel.
    pub first_bin: u32,
    /// int16 × (features + 1): bins of each channel, which follow one another.
    pub widths: Span,
    /// int16 × (sum of the widths), 12 fraction bits: the rising share of a bin.
    pub weights: Span,
    /// As `weights`: the falling share, which goes to the channel before.
    pub unweights: Span,
    /// Bits by which noise estimates are scaled up, at most 31.
    pub smoothing_bits: u32,
    /// Smoothing of channels 0, 2, …; 14 fraction bits, at most 2¹⁴.
    pub even_smoothing: u32,
    /// Smoothing of channels 1, 3, ….
    pub odd_smoothing: u32,
    /// Least share of a signal that noise reduction leaves, 14 fraction bits, at most 2¹⁴.
    pub min_signal_remaining: u32,
    /// Gain control, if it is on.
    pub pcan: Option<PcanSpec>,
    /// The logarithm, if it is on.
    pub log: Option<LogScaleSpec>,
}

/// Per-channel amplitude normalization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PcanSpec {
    /// int16 × 125: the gain over the noise estimate.
    pub gains: Span,
    /// Shift from signal times gain to signal over noise, 0 to 63.
    pub snr_shift: u32,
}

/// The micro-frontend's logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogScaleSpec {
    /// int16 × 130: `log2(1 + k / 128) - k / 128`, 16 fraction bits.
    pub table: Span,
    /// Bits that the natural logarithm is scaled up by, 0 to 15.
    pub scale_shift: u32,
}

/// Parameters of log-mel energies and MFCC.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MelSpec {
    /// Points of the FFT, a power of two from 64 to 2048, at least the window.
    pub fft_len: u32,
    /// The first half of the window, int32 with 30 fraction bits, in `0..=2^30`.
    pub window: Span,
    /// How the other half follows.
    pub symmetry: Symmetry,
    /// Share of the sample before that is taken off each, 14 fraction bits, at most 2¹⁴; 0 for none.
    pub preemphasis: u32,
    /// int32 × (`fft_len` / 4 + 1): `sin(2 pi k / fft_len)`, 30 fraction bits, in `0..=2^30`.
    pub circle: Span,
    /// What is summed over a band.
    pub spectrum: Spectrum,
    /// Number of bands.
    pub bands: u32,
    /// int16 × 2 × bands: first bin and number of bins of each.
    pub ranges: Span,
    /// int32 × (bins of all bands), 30 fraction bits, in `0..=2^30`.
    pub weights: Span,
    /// int32 × 129: `log2(1 + k / 128)`, 28 fraction bits.
    pub logarithm: Span,
    /// Keeps silence finite.
    pub floor: Floor,
    /// From the bands' logarithms to features.
    pub mix: Mix,
    /// int32 × features, 16 fraction bits: added at the end.
    pub offsets: Span,
    /// Shift from logarithm times gain to a feature, 1 to 62.
    pub shift: u32,
}

/// Symmetry of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Symmetry {
    /// `w[i] = w[n - i]`: `n / 2 + 1` entries are stored.
    Periodic,
    /// `w[i] = w[n - 1 - i]`: `n.div_ceil(2)` entries are stored.
    Symmetric,
}

/// What of a spectrum is summed over a band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spectrum {
    /// Squared magnitudes.
    Power,
    /// Magnitudes.
    Magnitude,
}

/// The smallest energy of a band, in units of samples' steps (or their square).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Floor {
    /// Logarithms are at least this, base 2 with 20 fraction bits, -2²⁷ to 2²⁷.
    Clamp(i32),
    /// `mantissa * 2^exponent` is added. The mantissa is not 0, the exponent in -200 to 200.
    Add {
        /// 1 to 2³² - 1.
        mantissa: u32,
        /// Of 2.
        exponent: i32,
    },
}

/// From logarithms of bands (20 fraction bits) to features (16 fraction bits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mix {
    /// Feature `i` is band `i` times its gain; int32 × bands.
    Gains(Span),
    /// Features are a matrix times the bands (a cosine transform); int32 × features × bands.
    Matrix(Span),
}

/// Parameters of normalized samples: a frame is one sample of each channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MotionSpec {
    /// int32 × channels.
    pub gains: Span,
    /// int32 × channels, 16 fraction bits: added at the end.
    pub offsets: Span,
    /// Shift from sample times gain to a feature, 1 to 62.
    pub shift: u32,
}
