//! Requantization in five instructions, for channels that have no [twin](super::twin): TFLite's two
//! roundings of any sum `x`,
//! `SSAT8((SMMLAR(2 · x, multiplier, offset) - (x < 0)) >> shift)`. Derived in our `kernels.md`, 1.2.

use tiivis_runtime::blob::Scale;

/// Most bits that are shifted: with the zero point above them, and a product, still int32.
pub(crate) const MOST_SHIFT: i8 = 22;

/// The numbers of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Double {
    /// What `2 · x` is multiplied with.
    pub(crate) multiplier: i32,
    /// Half of a step, and the zero point: is added to the upper half of the product.
    pub(crate) offset: i32,
    /// Bits that the sum of both is shifted right by, 1 to [`MOST_SHIFT`].
    pub(crate) shift: u8,
}

impl Double {
    /// Whether the form takes a scale: of a half or less, or 0.
    pub(crate) fn takes(scale: Scale) -> bool {
        scale.multiplier == 0 || (-MOST_SHIFT..0).contains(&scale.shift)
    }

    /// The numbers for a scale that it [takes](Self::takes), and the output's zero point.
    pub(crate) fn of(scale: Scale, zero_point: i32) -> Self {
        // Whatever the shift of what is 0.
        let shift = match scale.multiplier {
            0 => 1,
            _ => scale.shift.unsigned_abs(),
        };
        Self {
            multiplier: scale.multiplier,
            offset: (1 << (shift - 1)) + (zero_point << shift),
            shift,
        }
    }
}
