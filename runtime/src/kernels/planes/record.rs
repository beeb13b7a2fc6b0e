//! The numbers of a channel.

use crate::blob::PlaneRounding;
use crate::kernels::saturate;

/// Words of a channel's record, see [`crate::blob::DepthwisePlanes`].
pub const RECORD_WORDS: usize = 6;

/// A channel's record, [`RECORD_WORDS`] long.
pub(super) struct Record<'a>(pub(super) &'a [i32]);

impl Record<'_> {
    pub(super) fn bias(&self) -> i32 {
        self.0[0]
    }

    /// 9 weights, the exponent and two bytes that mean nothing.
    fn bytes(&self) -> [i8; 12] {
        let mut bytes = [0; 12];
        for (to, word) in bytes.chunks_exact_mut(4).zip(&self.0[3..]) {
            to.copy_from_slice(&word.to_le_bytes().map(u8::cast_signed));
        }
        bytes
    }

    pub(super) fn weights(&self) -> [i8; 9] {
        let [weights @ .., _, _, _] = self.bytes();
        weights
    }

    /// Bits that [`PlaneRounding::Twice`] shifts by.
    fn exponent(&self) -> u32 {
        u32::from(self.bytes()[9].cast_unsigned())
    }

    /// A sum as int8; see [`PlaneRounding`].
    pub(super) fn round(&self, sum: i32, rounding: PlaneRounding) -> i8 {
        let (multiplier, offset) = (i64::from(self.0[1]), i64::from(self.0[2]) << 32);
        let product = i64::from(sum).wrapping_mul(multiplier).wrapping_add(offset);
        match rounding {
            PlaneRounding::Upper4 => saturate(upper(product) >> 4),
            PlaneRounding::Upper8 => saturate(upper(product) >> 8),
            PlaneRounding::Twice => {
                let rounded = upper(product.wrapping_add(1 << 31));
                saturate(rounded.wrapping_add(sum >> 31) >> self.exponent())
            }
        }
    }
}

#[expect(clippy::as_conversions, reason = "the upper half of 64 bits")]
const fn upper(product: i64) -> i32 {
    (product >> 32) as i32
}
