//! Convolutions by Winograd's transform.

use super::step::{Span, Window2d};
use serde::{Deserialize, Serialize};

/// Parameters of [`super::Op::WinogradConv2d`]: a convolution of one group, 3×3 taps and stride 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WinogradConv2d {
    /// `[1, in_h, in_w, in_c]`. It may reach into the output's end as far as
    /// [`crate::kernels::winograd::lag_bytes`] allows.
    pub input: Span,
    /// `[1, out_h, out_w, out_c]`.
    pub output: Span,
    /// Arena bytes that the step alone uses, 4-byte aligned.
    pub scratch: Span,
    /// Transformed filters: words, 16-byte aligned, block after block of 4 output channels.
    pub filters: Span,
    /// Four int32 for each output channel and those that fill the last block, 4-byte aligned.
    pub channels: Span,
    /// Geometry.
    pub window: Window2d,
    /// Input channels, a multiple of 4.
    pub in_c: u32,
    /// Output channels.
    pub out_c: u32,
    /// What taps outside of the input read.
    pub input_zero_point: i8,
    /// How sums become int8.
    pub rounding: Rounding,
    /// Smallest output.
    pub min: i16,
    /// Largest output.
    pub max: i16,
}

/// How the sums `y` of an output channel become results, with its four numbers: `shift`, in `1..=31`,
/// `bias`, `multiplier`, which is not negative, and `offset`. `upper(x)` is the upper half of a 64-bit
/// number, and `s = 64 · y + bias`, where `y` sums products with inputs of int8 plus 128.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rounding {
    /// `(upper(s · multiplier) + offset) >> shift`.
    Twin,
    /// `(upper((s >> 5) · multiplier + 2^31) + offset - (s < 0)) >> shift`: TFLite's double rounding,
    /// where `offset` is `2^(shift - 1)` and the zero point times `2^shift`.
    Double,
}
