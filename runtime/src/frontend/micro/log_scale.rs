//! `log_scale.c`.

use super::digits;

/// Entries of the table (`kLogLut`).
pub(crate) const TABLE_LEN: u32 = 130;
/// Fraction bits (`kLogScaleLog2`).
const SCALE_BITS: u32 = 16;
/// The table has two to the power of this many segments (`kLogSegmentsLog2`).
const SEGMENT_BITS: u32 = 7;
/// `ln(2)` with 16 fraction bits (`kLogCoeff`).
const LN_2: u64 = 45_426;
/// Half of the scale.
const ROUND: u32 = 1 << (SCALE_BITS - 1);

/// The natural logarithm, scaled.
pub(crate) struct LogScale<'a> {
    /// `log2(1 + k / 128) - k / 128`, 16 fraction bits.
    pub(crate) table: &'a [i16],
    pub(crate) scale_shift: u32,
}

impl LogScale<'_> {
    /// One value of `LogScaleApply`, before it is saturated.
    pub(crate) fn apply(&self, signal: u32, correction_bits: u32) -> u32 {
        let value = signal.wrapping_shl(correction_bits);
        if value <= 1 {
            return 0;
        }
        let whole = digits(value) - 1;
        let log2 = (whole << SCALE_BITS).wrapping_add(self.fraction(value, whole));
        let natural = (LN_2 * u64::from(log2) + u64::from(ROUND)) >> SCALE_BITS;
        // At most 32 * ln(2) with 16 fraction bits.
        let natural = u32::try_from(natural).unwrap_or(u32::MAX);
        natural.wrapping_shl(self.scale_shift).wrapping_add(ROUND) >> SCALE_BITS
    }

    /// `Log2FractionPart`.
    fn fraction(&self, x: u32, whole: u32) -> u32 {
        let rest = x - (1 << whole);
        let position = if whole < SCALE_BITS {
            rest << (SCALE_BITS - whole)
        } else {
            rest >> (whole - SCALE_BITS)
        };
        let segment_len_bits = SCALE_BITS - SEGMENT_BITS;
        let segment = crate::index(position >> segment_len_bits);
        let [low, high] = [segment, segment + 1].map(|at| i32::from(self.table[at]));
        let within = (position & ((1 << segment_len_bits) - 1)).cast_signed();
        let correction = low.wrapping_add(((high - low) * within) >> SCALE_BITS);
        position.wrapping_add(correction.cast_unsigned())
    }
}
