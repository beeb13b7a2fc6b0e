//! Products whose weights are packed for [`super::Isa::Dsp`]. How the stream of words lies is in
//! `FORMAT.md`, "Packed weights"; [`crate::kernels::Columns`] is its order.

use super::step::{Span, Window2d};
use serde::{Deserialize, Serialize};

/// Weights, biases and scales of a layer as one stream of words, and what its kernel needs beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// Words, 16-byte aligned, block after block of output channels.
    pub stream: Span,
    /// Arena bytes that the step alone uses, 4-byte aligned.
    pub scratch: Span,
    /// How two weights lie in 16 bits.
    pub pairing: Pairing,
    /// How sums become int8.
    pub finish: Finish,
    /// Smallest output.
    pub min: i16,
    /// Largest output.
    pub max: i16,
}

/// How the weights `a` and `b` of two channels for one input lie in 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pairing {
    /// `256 · a + b`. The sums of such numbers less the sums of `b` are 256 times the sums of `a`, which
    /// must fit: the magnitude of the bias and 128 times those of the weights are below 2²³.
    Sum,
    /// `a` in the lower byte, `b` in the upper one.
    Bytes,
}

/// How a sum `x` of a channel, bias included, becomes an output. `upper(x)` is the upper half of a 64-bit
/// number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Finish {
    /// `(upper(x · multiplier) + offset) >> shift`, saturated to int8: the multiplier and offset of each
    /// channel are in the stream, and for `a` of [`Pairing::Sum`] `256 · x` is multiplied and `shift + 8`
    /// shifted.
    Twin {
        /// 0 to 15.
        shift: u8,
    },
    /// `(upper(2 · x · multiplier + 2³¹) + offset - (x < 0)) >> shift`, saturated to int8: multiplier,
    /// offset and shift of each channel are in the stream.
    Rounded,
}

impl Finish {
    /// Words of the stream for each channel behind its weights.
    #[must_use]
    pub const fn numbers(self) -> u32 {
        match self {
            Self::Twin { .. } => 2,
            Self::Rounded => 3,
        }
    }
}

/// Parameters of [`super::Op::PackedConv2d`]: a convolution of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedConv2d {
    /// `[1, in_h, in_w, in_c]`.
    pub input: Span,
    /// `[1, out_h, out_w, out_c]`.
    pub output: Span,
    /// Geometry.
    pub window: Window2d,
    /// Input channels.
    pub in_c: u32,
    /// Output channels.
    pub out_c: u32,
    /// What taps outside of the input read, an int8; biases have its products taken off.
    pub input_zero_point: i32,
    /// Weights and scales: blocks of 4 channels.
    pub packed: Packed,
}

/// Parameters of [`super::Op::PackedDense`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedDense {
    /// `[in_features]`.
    pub input: Span,
    /// `[out_features]`.
    pub output: Span,
    /// Inputs.
    pub in_features: u32,
    /// Outputs.
    pub out_features: u32,
    /// Weights and scales: blocks of 8 channels.
    pub packed: Packed,
}
