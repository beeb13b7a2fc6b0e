//! From a sum to int8, as the two- and five-instruction forms of the DSP extension do it.
#![expect(
    clippy::as_conversions,
    reason = "halves of 64-bit products, bits of 32"
)]

use crate::blob::{Finish, Packed, Pairing};

/// Largest shift of [`Finish::Twin`].
pub(crate) const MOST_TWIN_SHIFT: u8 = 15;
/// Bits by which the sums of the first channel of a pair are larger, [`Pairing::Sum`].
const PAIRED: u32 = 8;

/// What finishes the sums of one channel.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Finisher {
    multiplier: i32,
    offset: i32,
    /// Of the upper half.
    shift: u32,
    /// Of the sum, before it is multiplied.
    pre_shift: u32,
    is_rounded: bool,
}

impl Packed {
    /// The finisher of a channel, the `channel`th of its block, from its numbers.
    pub(super) fn finisher(&self, channel: usize, numbers: &[i32]) -> Finisher {
        let at = |index| numbers.get(index).copied().unwrap_or(0);
        let (multiplier, offset) = (at(0), at(1));
        match (self.finish, self.pairing) {
            (Finish::Twin { shift }, pairing) => {
                let pre_shift = match pairing {
                    Pairing::Sum if channel.is_multiple_of(2) => PAIRED,
                    Pairing::Sum | Pairing::Bytes => 0,
                };
                Finisher {
                    multiplier,
                    offset,
                    shift: u32::from(shift) + pre_shift,
                    pre_shift,
                    is_rounded: false,
                }
            }
            (Finish::Rounded, _) => Finisher {
                multiplier,
                offset,
                shift: at(2) as u32 & 31,
                pre_shift: 1,
                is_rounded: true,
            },
        }
    }

    /// Clamps outputs of a kernel, where the range is narrower than int8.
    pub(super) fn clamp(&self, output: &mut [i8]) {
        if self.min <= i16::from(i8::MIN) && self.max >= i16::from(i8::MAX) {
            return;
        }
        for out in output {
            *out = super::super::narrow(i32::from(*out), self.min, self.max);
        }
    }
}

impl Finisher {
    /// The output for a sum, saturated to int8.
    #[inline]
    pub(super) fn finish(&self, sum: i32) -> i8 {
        let product = i64::from(sum.wrapping_shl(self.pre_shift)) * i64::from(self.multiplier);
        let (half, sign) = match self.is_rounded {
            true => (1 << 31, sum >> 31),
            false => (0, 0),
        };
        let upper = (product.wrapping_add(half) >> 32) as i32;
        let scaled = upper.wrapping_add(self.offset).wrapping_add(sign) >> self.shift;
        super::super::saturate(scaled)
    }
}
