//! The logistic function and the hyperbolic tangent of int16, by one table and linear interpolation.
//!
//! TFLite's (`reference/integer_ops/logistic.h` and `tanh.h`, the table in `internal/common.cc`):
//! `tanh(x) = 2 * logistic(2 * x) - 1` and both are symmetric, so that a table of one half of one
//! of them does for both.
#![expect(
    clippy::as_conversions,
    reason = "the table's index and results of 16 bits, each within its range"
)]

/// `logistic(i / 24)` as Q0.16, up to `i / 24 = 10.6`. Read out of TFLM's results, which pin every
/// entry; they are near the function and not its roundings.
static TABLE: [u16; 256] = [
    32_768, 33_451, 34_133, 34_813, 35_493, 36_169, 36_843, 37_513, 38_180, 38_841, 39_498, 40_149,
    40_794, 41_432, 42_064, 42_688, 43_304, 43_912, 44_511, 45_102, 45_683, 46_255, 46_817, 47_369,
    47_911, 48_443, 48_964, 49_475, 49_975, 50_464, 50_942, 51_409, 51_865, 52_311, 52_745, 53_169,
    53_581, 53_983, 54_374, 54_755, 55_125, 55_485, 55_834, 56_174, 56_503, 56_823, 57_133, 57_433,
    57_724, 58_007, 58_280, 58_544, 58_800, 59_048, 59_288, 59_519, 59_743, 59_959, 60_168, 60_370,
    60_565, 60_753, 60_935, 61_110, 61_279, 61_441, 61_599, 61_750, 61_896, 62_036, 62_172, 62_302,
    62_428, 62_549, 62_666, 62_778, 62_886, 62_990, 63_090, 63_186, 63_279, 63_368, 63_454, 63_536,
    63_615, 63_691, 63_765, 63_835, 63_903, 63_968, 64_030, 64_090, 64_148, 64_204, 64_257, 64_308,
    64_357, 64_405, 64_450, 64_494, 64_536, 64_576, 64_614, 64_652, 64_687, 64_721, 64_754, 64_786,
    64_816, 64_845, 64_873, 64_900, 64_926, 64_950, 64_974, 64_997, 65_019, 65_039, 65_060, 65_079,
    65_097, 65_115, 65_132, 65_149, 65_164, 65_179, 65_194, 65_208, 65_221, 65_234, 65_246, 65_258,
    65_269, 65_280, 65_291, 65_301, 65_310, 65_319, 65_328, 65_337, 65_345, 65_352, 65_360, 65_367,
    65_374, 65_381, 65_387, 65_393, 65_399, 65_404, 65_410, 65_415, 65_420, 65_425, 65_429, 65_433,
    65_438, 65_442, 65_445, 65_449, 65_453, 65_456, 65_459, 65_462, 65_465, 65_468, 65_471, 65_474,
    65_476, 65_479, 65_481, 65_483, 65_485, 65_488, 65_489, 65_491, 65_493, 65_495, 65_497, 65_498,
    65_500, 65_501, 65_503, 65_504, 65_505, 65_507, 65_508, 65_509, 65_510, 65_511, 65_512, 65_513,
    65_514, 65_515, 65_516, 65_517, 65_517, 65_518, 65_519, 65_520, 65_520, 65_521, 65_522, 65_522,
    65_523, 65_523, 65_524, 65_524, 65_525, 65_525, 65_526, 65_526, 65_526, 65_527, 65_527, 65_528,
    65_528, 65_528, 65_529, 65_529, 65_529, 65_529, 65_530, 65_530, 65_530, 65_530, 65_531, 65_531,
    65_531, 65_531, 65_531, 65_532, 65_532, 65_532, 65_532, 65_532, 65_532, 65_533, 65_533, 65_533,
    65_533, 65_533, 65_533, 65_533, 65_533, 65_534, 65_534, 65_534, 65_534, 65_534, 65_534, 65_534,
    65_534, 65_534, 65_534, 65_535,
];

/// `2^bits` times the table at `index + fraction / 2^bits`, or `beyond` where that is past its end.
fn interpolate(index: u32, fraction: u32, bits: u32, beyond: i32) -> i32 {
    let index = index as usize;
    let (Some(&a), Some(&b)) = (TABLE.get(index), TABLE.get(index + 1)) else {
        return beyond;
    };
    let (a, b) = (i32::from(a), i32::from(b));
    (a << bits) + fraction as i32 * (b - a)
}

/// `1 / (1 + exp(-x))` as Q0.15 for `x` in units of 1/12288, any number of them.
#[must_use]
pub fn logistic(x: i32) -> i16 {
    // An entry of the table is 1/24, or 2^9 units.
    let magnitude = x.unsigned_abs();
    let half = interpolate(magnitude >> 9, magnitude & 0x1ff, 9, 0x7fff << 10);
    let result = if x >= 0 {
        half + (1 << 9)
    } else {
        (1 << 25) - half + (1 << 9) - 1
    };
    (result >> 10) as i16
}

/// `tanh(x)` as Q0.15 for `x` in units of 1/12288, any number of them.
#[must_use]
pub fn tanh(x: i32) -> i16 {
    const ONE: i32 = 1 << 23;
    const HALF_UNIT: i32 = 1 << 7;
    // An entry of the table is 1/48, or 2^8 units.
    let magnitude = x.unsigned_abs();
    let half = interpolate(magnitude >> 8, magnitude & 0xff, 8, 0xffff << 8);
    let result = if x >= 0 {
        half - ONE + HALF_UNIT
    } else {
        ONE - half + HALF_UNIT - 1
    };
    (result >> 8) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::Crc32;

    /// Checksum of a function of every int16, little endian, in order.
    fn checksum(function: impl Fn(i32) -> i16) -> u32 {
        let mut crc = Crc32::new();
        for x in i16::MIN..=i16::MAX {
            crc = crc.update(&function(x.into()).to_le_bytes());
        }
        crc.finish()
    }

    /// Against TFLM's LOGISTIC and TANH of int16 inputs of scales 2^-12, 2^-9 and 2^-14, whose
    /// results' checksums (zlib's `crc32`) are here.
    #[test]
    fn every_result_is_tflms() {
        let scales: [fn(i32) -> i32; 3] = [|x| 3 * x, |x| 24 * x, |x| (3 * x + 2) >> 2];
        let found = scales.map(|scaled| {
            [
                checksum(|x| logistic(scaled(x))),
                checksum(|x| tanh(scaled(x))),
            ]
        });
        let expected = [
            [0x928f_0a46, 0xabdd_53cc],
            [0x80aa_a1a7, 0x2537_531d],
            [0xe8d4_1e5e, 0x0a35_e7ef],
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn near_the_real_functions() {
        for x in (-200_000..200_000).step_by(7) {
            let real = f64::from(x) / 12288.0;
            let expected = 32768.0 / (1.0 + (-real).exp());
            let found = f64::from(logistic(x));
            assert!((found - expected).abs() < 12.0, "{x}: {found} {expected}");
            let found = f64::from(tanh(x));
            let expected = 32768.0 * real.tanh();
            assert!((found - expected).abs() < 24.0, "{x}: {found} {expected}");
        }
    }

    #[test]
    fn the_ends_saturate() {
        assert_eq!([logistic(0), tanh(0)], [1 << 14, 0]);
        assert_eq!([logistic(i32::MAX), tanh(i32::MAX)], [32767, 32767]);
        assert_eq!([logistic(i32::MIN), tanh(i32::MIN)], [1, -32767]);
    }
}
