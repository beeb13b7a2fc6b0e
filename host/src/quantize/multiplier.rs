//! Real scales as fixed-point multipliers: the one place where they are made.
#![expect(
    clippy::as_conversions,
    reason = "taking a float apart; each value is proven to fit"
)]

use thiserror::Error;
use tiivis_runtime::blob::Scale;

/// A scale that no multiplier and shift can stand for.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("scale {real} is not in 0..2^30")]
pub struct ScaleError {
    /// The scale.
    pub real: f64,
}

/// The fixed-point scale nearest to a real one: `multiplier / 2^31 * 2^shift`, the multiplier
/// rounded half away from zero.
///
/// TFLite's `QuantizeMultiplier` (`kernels/internal/quantization_util.cc`): the multiplier is
/// normalized to `2^30..2^31`; a scale that would need a shift below -31 becomes 0 with shift 0.
///
/// # Errors
/// If `real` is negative, not finite, or needs a shift above 30.
pub fn quantize_multiplier(real: f64) -> Result<Scale, ScaleError> {
    const TWO_31: i64 = 1 << 31;
    if !(real.is_finite() && real >= 0.0) {
        return Err(ScaleError { real });
    }
    // Far below 2^-32; also keeps subnormal numbers away from the bit fields.
    if real < f64::MIN_POSITIVE {
        return Ok(Scale {
            multiplier: 0,
            shift: 0,
        });
    }
    // frexp: real = fraction * 2^exponent, fraction in 0.5..1.
    let bits = real.to_bits();
    let mut exponent = ((bits >> 52) & 0x7ff) as i32 - 1022;
    let fraction = f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52));
    let mut multiplier = (fraction * TWO_31 as f64).round() as i64;
    if multiplier == TWO_31 {
        multiplier /= 2;
        exponent += 1;
    }
    match exponent {
        ..-31 => Ok(Scale {
            multiplier: 0,
            shift: 0,
        }),
        -31..=30 => Ok(Scale {
            multiplier: multiplier as i32,
            shift: exponent as i8,
        }),
        31.. => Err(ScaleError { real }),
    }
}

/// `multiplier` and `left_shift` of the softmax of an input of this scale, times beta; the arguments
/// of [`tiivis_runtime::kernels::table_entry`].
///
/// TFLite's `PreprocessSoftmaxScaling` (`kernels/internal/quantization_util.cc`) with 5 integer
/// bits: `min(scale * 2^26, 2^31 - 1)` as a multiplier of at least 1. TFLite aborts below 1; here
/// it is raised to 1, which changes nothing: all exponentials are within `2^-18` of 1.
pub fn softmax_parameters(scale: f64) -> (i32, u32) {
    let real = (scale * f64::from(1u32 << 26)).clamp(1.0, f64::from(i32::MAX));
    // TFLite's QuantizeMultiplierGreaterThanOne allows the shift 31, which the general form does
    // not; so it is halved here and doubled in the shift.
    let Scale { multiplier, shift } =
        quantize_multiplier(real / 2.0).expect("between 1/2 and 2^30");
    (multiplier, u32::from(shift.unsigned_abs()) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(real: f64) -> (i32, i8) {
        let Scale { multiplier, shift } = quantize_multiplier(real).unwrap();
        (multiplier, shift)
    }

    #[test]
    fn known_values() {
        // From TFLite's quantization_util_test.cc (QuantizeMultiplierSmallerThanOneExp and
        // GreaterThanOne) and by hand.
        assert_eq!(scale(0.0), (0, 0));
        assert_eq!(scale(0.25), (1 << 30, -1));
        assert_eq!(scale(0.5), (1 << 30, 0));
        assert_eq!(scale(1.0), (1 << 30, 1));
        assert_eq!(scale(1.25), (1_342_177_280, 1));
        assert_eq!(scale(1.5), (1_610_612_736, 1));
        assert_eq!(scale(0.1), (1_717_986_918, -3));
        // Rounds up to 2^31, so the exponent grows.
        assert_eq!(scale(1.0 - 2f64.powi(-40)), (1 << 30, 1));
        assert_eq!(scale(2f64.powi(-32)), (1 << 30, -31));
        assert_eq!(scale(2f64.powi(-33)), (0, 0));
        assert_eq!(scale(f64::from_bits(1)), (0, 0));
        assert_eq!(scale(2f64.powi(30) - 1.0).1, 30);
    }

    #[test]
    fn within_half_a_unit_of_the_last_place() {
        let mut state = 7u64;
        for _ in 0..10_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let exponent = (state >> 58) as i32 - 32; // -32..=31
            let mantissa = 1.0 + (state << 12 >> 12) as f64 / 2f64.powi(52);
            let real = mantissa * 2f64.powi(exponent - 2);
            let Ok(Scale { multiplier, shift }) = quantize_multiplier(real) else {
                assert!(real >= 2f64.powi(30) - 1.0);
                continue;
            };
            if multiplier == 0 {
                assert!(real < 2f64.powi(-32));
                continue;
            }
            assert!(multiplier >= 1 << 30);
            // Exact: a power of two times an integer below 2^53.
            let unit = 2f64.powi(i32::from(shift) - 31);
            assert!((real / unit - f64::from(multiplier)).abs() <= 0.5, "{real}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_a_scale() {
        for real in [-1.0, f64::NAN, f64::INFINITY, 2f64.powi(30)] {
            assert!(quantize_multiplier(real).is_err(), "{real}");
        }
    }

    #[test]
    fn softmax_scales() {
        // 0.1 * 2^26 = 6710886.4 = 0.8 * 2^23; f32's 0.1 is 0.10000000149.
        assert_eq!(softmax_parameters(f64::from(0.1f32)), (1_717_986_944, 23));
        assert_eq!(softmax_parameters(1.0), (1 << 30, 27));
        // Saturated at 2^31 - 1, which rounds to 2^31 * (1 - 2^-31).
        assert_eq!(softmax_parameters(1e9), (i32::MAX, 31));
        assert_eq!(softmax_parameters(1e-12), (1 << 30, 1));
    }
}
