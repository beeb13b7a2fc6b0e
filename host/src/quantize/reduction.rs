//! The fixed-point scales of sums and means, and which pools are means.
#![expect(
    clippy::as_conversions,
    reason = "a multiplier divided by a count of at least its power of two"
)]

use super::graph::{DType, QuantParams};
use super::multiplier::quantize_multiplier;
use crate::ir::AvgPool2d;
use tiivis_runtime::blob::Scale;

/// Largest difference between a value and its zero point, which is 0 but of int8.
const fn reach(dtype: DType) -> u64 {
    match dtype {
        DType::I8 => 255,
        DType::I16 => 1 << 15,
        DType::I32 | DType::Bool => 1 << 31,
    }
}

/// What brings the sum of so many values of this type, less their zero point, to the output's scale: of the
/// sum, or of the mean. None if that, or the sum on its way there, does not fit int32.
///
/// TFLite's `QuantizedMeanOrSum` (`reference/reduce.h`): the multiplier of a mean is divided by the
/// count, rounded down, after it was shifted left by as many bits as the count has, less one.
pub fn reduction_scale(
    from: QuantParams,
    to: QuantParams,
    (dtype, count): (DType, usize),
    is_mean: bool,
) -> Option<Scale> {
    let real = f64::from(from.scale) / f64::from(to.scale);
    let mut scale = quantize_multiplier(real).ok()?;
    let count = u32::try_from(count).ok().filter(|&count| count > 0)?;
    if is_mean {
        let shift = (31 - count.leading_zeros() as i32).min(31 + i32::from(scale.shift));
        let divided = (i64::from(scale.multiplier) << shift) / i64::from(count);
        scale = Scale {
            multiplier: i32::try_from(divided).ok()?,
            shift: i8::try_from(i32::from(scale.shift) - shift).ok()?,
        };
    }
    let left = u32::try_from(scale.shift).unwrap_or(0);
    let reach = reach(dtype)
        .checked_mul(count.into())?
        .checked_mul(1 << left)?;
    i32::try_from(reach).ok().map(|_| scale)
}

/// Whether the one window of a pool is its whole input, so that it is a mean over rows and columns.
pub(super) fn is_mean(pool: &AvgPool2d, input: &[usize]) -> bool {
    let window = &pool.window;
    let unpadded = window.pad_before == [0; 2] && window.pad_after == [0; 2];
    unpadded && window.dilation == [1; 2] && input.get(1..3) == Some(&window.kernel[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(scale: f32) -> QuantParams {
        QuantParams {
            scale,
            zero_point: 0,
        }
    }

    #[test]
    fn the_count_is_in_the_multiplier() {
        let scale = |count, is_mean| {
            let Scale { multiplier, shift } =
                reduction_scale(params(0.5), params(0.25), (DType::I8, count), is_mean)?;
            Some(f64::from(multiplier) / 2f64.powi(31 - i32::from(shift)))
        };
        assert_eq!(scale(9, false), Some(2.0));
        for count in [1, 2, 3, 48, 49, 50, 100_000] {
            let real = 2.0 / f64::from(u32::try_from(count).unwrap());
            let found = scale(count, true).unwrap();
            assert!((0.0..1e-8).contains(&(1.0 - found / real)), "{count}");
        }
        assert_eq!(scale(0, true), None);
        // 255 · 2^20 · 2^2 fits, twice as many do not.
        assert!(scale(1 << 21, false).is_some());
        assert_eq!(scale(1 << 22, false), None);
        assert!(reduction_scale(params(1e30), params(1e-30), (DType::I8, 1), true).is_none());
        assert!(reduction_scale(params(1e-30), params(1e-10), (DType::I8, 7), true).is_some());
    }
}
