//! Sums of 64 bits to another scale, rounded once, as TFLite's reference does with int16 numbers.
#![expect(
    clippy::as_conversions,
    reason = "the low half of what fits 32 bits in a real model, and wraps in a hostile one"
)]

/// Largest shift of [`requantize_wide`].
pub const MAX_WIDE_SHIFT: i8 = 14;

/// `x * multiplier / 2^31 * 2^shift`, the multiplier rounded to 16 bits first, the result rounded
/// half up; products and the result wrap.
///
/// TFLite's `MultiplyByQuantizedMultiplier` of an int64 (`kernels/internal/common.cc`).
/// `multiplier` is in `0..=i32::MAX`, `shift` in `-31..=14`.
///
/// # Panics
///
/// In builds with overflow checks, if `shift` is out of range.
#[inline]
#[must_use]
pub const fn requantize_wide(x: i64, multiplier: i32, shift: i8) -> i32 {
    let reduced = if multiplier < 0x7fff_0000 {
        (multiplier + (1 << 15)) >> 16
    } else {
        0x7fff
    };
    let right = (15 - shift) as u32;
    let product = x.wrapping_mul(reduced as i64);
    (product.wrapping_add(1 << (right - 1)) >> right) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_multiplier_is_rounded_and_saturated_and_halves_go_up() {
        assert_eq!(requantize_wide(1 << 40, 1 << 30, -20), 1 << 19);
        // 0x40007fff rounds to 2^14 of 2^15, 0x40008000 to one more.
        assert_eq!(requantize_wide(1 << 20, 0x4000_7fff, 0), 1 << 19);
        assert_eq!(
            requantize_wide(1 << 20, 0x4000_8000, 0),
            (1 << 19) + (1 << 5)
        );
        assert_eq!(requantize_wide(1 << 20, i32::MAX, 0), (1 << 20) - (1 << 5));
        assert_eq!(
            [1, -1, 3, -3].map(|x| requantize_wide(x, 1 << 30, 0)),
            [1, 0, 2, -1]
        );
    }

    proptest! {
        #[test]
        fn equals_the_definition(
            x in -(1i64 << 47)..1 << 47, multiplier in 1i32 << 30..=i32::MAX, shift in -31i8..=-2,
        ) {
            let reduced = ((i128::from(multiplier) + (1 << 15)) >> 16).min(0x7fff);
            let divisor = 1i128 << (15 - i32::from(shift));
            let rounded = (2 * i128::from(x) * reduced + divisor).div_euclid(2 * divisor);
            if let Ok(rounded) = i32::try_from(rounded) {
                prop_assert_eq!(requantize_wide(x, multiplier, shift), rounded);
            }
        }
    }
}
