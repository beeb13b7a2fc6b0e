//! From features to int8.

use crate::blob::Quantizer;
use crate::kernels::requantize;

/// A feature with 16 fraction bits as int8, saturated; see [`Quantizer`].
pub(crate) fn quantize(value: i32, quantizer: Quantizer) -> i8 {
    let (scaled, zero_point) = match quantizer {
        Quantizer::Rescale { scale, zero_point } => {
            (requantize(value, scale.multiplier, scale.shift), zero_point)
        }
        Quantizer::Divide { step, zero_point } => {
            (value.saturating_add(step / 2).div_euclid(step), zero_point)
        }
    };
    let sum = scaled.saturating_add(zero_point);
    let clamped = sum.clamp(i8::MIN.into(), i8::MAX.into());
    i8::try_from(clamped).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::Scale;

    #[test]
    fn the_division_is_micro_speechs() {
        let quantizer = Quantizer::Divide {
            step: 6660,
            zero_point: -128,
        };
        for feature in 0..=u16::MAX {
            let feature = i32::from(feature);
            let expected = ((feature * 256 + 333) / 666 - 128).clamp(-128, 127);
            let found = quantize(feature * 2560, quantizer);
            assert_eq!(i32::from(found), expected, "{feature}");
        }
    }

    #[test]
    fn both_ways_saturate() {
        let scale = Scale {
            multiplier: i32::MAX,
            shift: 0,
        };
        for quantizer in [
            Quantizer::Rescale {
                scale,
                zero_point: 127,
            },
            Quantizer::Divide {
                step: 1,
                zero_point: 127,
            },
        ] {
            assert_eq!(quantize(i32::MAX, quantizer), 127);
            assert_eq!(quantize(i32::MIN, quantizer), -128);
        }
    }
}
