//! `pcan_gain_control.c`.
#![expect(
    clippy::as_conversions,
    reason = "results are cut to 16 and 32 bits as in the reference"
)]

use super::digits;

/// Entries of the table of gains (`kWideDynamicFunctionLUTSize`).
pub(crate) const GAINS_LEN: u32 = 125;
/// Fraction bits of signal over noise (`kPcanSnrBits`).
const SNR_BITS: u32 = 12;
/// Fraction bits of the result (`kPcanOutputBits`).
const OUTPUT_BITS: u32 = 6;

/// The table of gains and its scale.
pub(crate) struct Pcan<'a> {
    pub(crate) gains: &'a [i16],
    pub(crate) snr_shift: u32,
}

impl Pcan<'_> {
    /// `PcanGainControlApply`.
    pub(crate) fn apply(&self, signal: &mut [u32], estimates: &[u32]) {
        for (signal, &estimate) in signal.iter_mut().zip(estimates) {
            // A negative gain would be converted with its sign; tables have none.
            let gain = i32::from(self.gain(estimate)).cast_unsigned();
            let snr = (u64::from(*signal) * u64::from(gain)) >> self.snr_shift;
            *signal = shrink(snr as u32);
        }
    }

    /// `WideDynamicFunction`: a parabola for each power of two.
    fn gain(&self, x: u32) -> i16 {
        if x <= 2 {
            return self.gains[x as usize];
        }
        let interval = digits(x);
        // x has at least two digits: from 2 on.
        let entry = &self.gains[4 * interval as usize - 6..];
        let fraction = if interval < 11 {
            x << (11 - interval)
        } else {
            x >> (interval - 11)
        } as i32
            & 0x3ff;
        let slope = (i32::from(entry[2]) * fraction) >> 5;
        let slope = slope.wrapping_add(i32::from(entry[1]) << 5);
        let rise = slope.wrapping_mul(fraction).wrapping_add(1 << 14) >> 15;
        rise.wrapping_add(entry[0].into()) as i16
    }
}

/// `PcanShrink`: a square that runs into a line.
fn shrink(x: u32) -> u32 {
    if x < 2 << SNR_BITS {
        (x * x) >> (2 + 2 * SNR_BITS - OUTPUT_BITS)
    } else {
        (x >> (SNR_BITS - OUTPUT_BITS)) - (1 << OUTPUT_BITS)
    }
}
