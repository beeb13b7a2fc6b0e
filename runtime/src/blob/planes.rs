//! Depthwise convolution channel by channel, for cores that multiply pairs of int16.

use super::step::{Span, Window2d};
use serde::{Deserialize, Serialize};

/// Parameters of [`super::Op::DepthwisePlanes`]: a depthwise convolution of 3 × 3 taps, one output channel
/// per input channel, that widens one channel at a time into `scratch` and reads it from there. So the
/// output may start where the input does.
///
/// `records` has 24 bytes per channel, 4-byte aligned: int32 bias (the input's zero point folded in),
/// int32 multiplier, int32 offset; 9 int8 weights by row and column, `u8` exponent, two bytes of 0. How
/// they make int8 of a sum is [`PlaneRounding`]. The results are not clamped further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthwisePlanes {
    /// `[1, in_h, in_w, channels]`.
    pub input: Span,
    /// `[1, out_h, out_w, channels]`; apart from the input, or from the same first byte on.
    pub output: Span,
    /// As many bytes as [`crate::kernels::PlaneGeometry::scratch_bytes`] says, 4-byte aligned.
    pub scratch: Span,
    /// Records, see above.
    pub records: Span,
    /// Geometry, one that [`crate::kernels::PlaneGeometry::of`] takes.
    pub window: Window2d,
    /// Channels.
    pub channels: u32,
    /// Rows and columns have changed places in the scratch and in the weights: for images that are
    /// narrower than high.
    pub is_turned: bool,
    /// Zero point of the input, in `-128..=127`: the value of the padding.
    pub input_zero_point: i32,
    /// From sums to results.
    pub rounding: PlaneRounding,
}

/// How a sum `x`, bias included, becomes int8. `upper(p)` is the upper half of 64 bits, everything wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlaneRounding {
    /// `saturate((upper(x * multiplier) + offset) >> 4)`: equals two roundings for the sums that a
    /// channel can reach, which the compiler has proven.
    Upper4,
    /// The same with `>> 8`.
    Upper8,
    /// `saturate((upper(2 * x * multiplier + 2^31) + offset + (x < 0 ? -1 : 0)) >> exponent)`:
    /// two roundings of any sum, where `offset` is `2^(exponent - 1) + (zero point << exponent)`. The bias of the
    /// record is doubled; the exponent is 1 to 30.
    Twice,
}
