//! Scale and zero point from a range, and quantized values from real ones.
#![expect(
    clippy::as_conversions,
    reason = "f64 to f32 by rounding, and to integers after clamping"
)]

use super::graph::{DType, QClamp, QuantParams};
use super::range::Range;
use crate::ir::Clamp;

impl QuantParams {
    /// The scale and zero point that spread the range over int8.
    ///
    /// TFLite's `ChooseQuantizationParams` (`kernels/internal/quantization_util.h`): the scale is the
    /// range's width over 255; the zero point comes from the bound that gives the smaller rounding
    /// error and is rounded to an integer, so that real 0 is exact and the represented interval is
    /// the range shifted by at most half a step. A range that holds only 0, as a tensor that was
    /// never anything else in calibration has, gets the interval of a signed fraction, about
    /// -1..1. The scale is at least the smallest normal f32.
    pub fn from_range(range: Range) -> Self {
        if range == Range::ZERO {
            return Self {
                scale: 1.0 / 128.0,
                zero_point: 0,
            };
        }
        let (min, max) = (f64::from(range.min()), f64::from(range.max()));
        let scale = (((max - min) / 255.0) as f32).max(f32::MIN_POSITIVE);
        let (low, high) = (min / f64::from(scale), max / f64::from(scale));
        let (from_min, from_max) = (-128.0 - low, 127.0 - high);
        let nearest = if 128.0 + low.abs() < 127.0 + high.abs() {
            from_min
        } else {
            from_max
        };
        Self {
            scale,
            zero_point: nearest.round().clamp(-128.0, 127.0) as i32,
        }
    }

    /// `round(x / scale) + zero_point`, halves away from zero, saturated to int8. Infinite values
    /// give the ends of int8.
    pub fn quantize(self, x: f64) -> i8 {
        let steps = (x / f64::from(self.scale)).round() + f64::from(self.zero_point);
        steps.clamp(-128.0, 127.0) as i8
    }

    /// The real value of a quantized one.
    pub fn dequantize(self, q: i8) -> f64 {
        f64::from(self.scale) * f64::from(i32::from(q) - self.zero_point)
    }

    /// The quantized values that a clamp allows; all where there is no clamp.
    ///
    /// TFLite's `CalculateActivationRangeQuantized` (`kernels/kernel_util.cc`).
    pub fn clamp(self, clamp: Option<Clamp>) -> QClamp {
        match clamp {
            None => QClamp::open(DType::I8),
            Some(Clamp { min, max }) => QClamp {
                min: self.quantize(f64::from(min)).into(),
                max: self.quantize(f64::from(max)).into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(min: f32, max: f32) -> QuantParams {
        QuantParams::from_range(Range::new(min, max).unwrap())
    }

    #[test]
    fn known_ranges() {
        let pixels = params(0.0, 1.0);
        assert_eq!(pixels.scale, 1.0 / 255.0);
        assert_eq!(pixels.zero_point, -128);
        let negative = params(-255.0, 0.0);
        assert_eq!((negative.scale, negative.zero_point), (1.0, 127));
        // TFLite's own example: -128/0.5 + 127/0.5.
        let exact = params(-64.0, 63.5);
        assert_eq!((exact.scale, exact.zero_point), (0.5, 0));
        assert_eq!(params(0.0, 0.0).zero_point, 0);
    }

    #[test]
    fn zero_is_exact_and_the_range_is_met_within_half_a_step() {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        for _ in 0..2000 {
            let magnitude = 10f32.powf(next() * 60.0 - 30.0);
            let (min, max) = (-next() * magnitude, next() * magnitude);
            let params = params(min, max);
            assert!(params.scale > 0.0 && params.scale.is_finite());
            assert!((-128..=127).contains(&params.zero_point));
            assert_eq!(params.dequantize(params.quantize(0.0)), 0.0);
            for x in [min, max] {
                let x = f64::from(x);
                let error = (params.dequantize(params.quantize(x)) - x).abs();
                assert!(error <= 0.5001 * f64::from(params.scale), "{min} {max}");
            }
        }
    }

    #[test]
    fn extreme_ranges_stay_finite() {
        for (min, max) in [(-f32::MAX, f32::MAX), (0.0, f32::from_bits(1))] {
            let params = params(min, max);
            assert!(params.scale.is_normal() && params.scale > 0.0);
            assert_eq!(params.dequantize(params.quantize(0.0)), 0.0);
        }
    }

    #[test]
    fn clamps_become_integer_bounds() {
        let params = params(-2.0, 8.0);
        let zero_point = i8::try_from(params.zero_point).unwrap();
        let relu = params.clamp(Some(Clamp {
            min: 0.0,
            max: f32::INFINITY,
        }));
        assert_eq!((relu.min, relu.max), (zero_point.into(), 127));
        let six = params.clamp(Some(Clamp { min: 0.0, max: 6.0 }));
        assert_eq!(six.max, i16::from(params.quantize(6.0)));
        assert_eq!(
            params.clamp(None),
            QClamp {
                min: -128,
                max: 127
            }
        );
    }
}
