//! Vectors of length 1.

use super::reciprocal::saturating_shift_left;
use super::{requantize, rounding_divide_by_pot, saturate, saturating_rounding_doubling_high_mul};

/// Fractional bits of the output, scale 1/128.
const OUTPUT_BITS: i8 = 7;

/// Each row of `depth` values, less the zero point, over the root of its sum of squares, in place;
/// the result has scale 1/128 and zero point 0.
///
/// TFLite's `L2_NORMALIZATION` (`reference/integer_ops/l2normalization.h`). The sum wraps from
/// 33026 values on.
pub fn l2_normalize(zero_point: i32, depth: usize, values: &mut [i8]) {
    for row in values.chunks_exact_mut(depth) {
        let sum = row.iter().fold(0i32, |sum, &x| {
            let x = i32::from(x) - zero_point;
            sum.wrapping_add(x * x)
        });
        let (multiplier, shift) = inverse_root(sum);
        for x in row {
            let scaled = requantize(i32::from(*x) - zero_point, multiplier, shift + OUTPUT_BITS);
            *x = saturate(scaled);
        }
    }
}

/// `1 / sqrt(x)` as multiplier and shift, 1 for what is below 2.
///
/// TFLite's `GetInvSqrtQuantizedMultiplierExp` (`kernels/internal/common.cc`): five Newton-Raphson
/// steps in Q3.28 from 1, on an input that pairs of bits were shifted out of.
fn inverse_root(x: i32) -> (i32, i8) {
    const THREE_HALVES: i32 = (1 << 28) + (1 << 27);
    const HALF_SQRT_2: i32 = 1_518_500_250;
    let multiply = saturating_rounding_doubling_high_mul;
    if x <= 1 {
        return (i32::MAX, 0);
    }
    let (mut scaled, mut right_shift) = (x, 11i8);
    while scaled >= 1 << 29 {
        scaled /= 4;
        right_shift += 1;
    }
    while scaled < 1 << 27 {
        scaled *= 4;
        right_shift -= 1;
    }
    // Q3.28, and half of it.
    let half = rounding_divide_by_pot(scaled >> 1, 1);
    let mut root = 1 << 28;
    for _ in 0..5 {
        let cube = saturating_shift_left(multiply(multiply(root, root), root), 6);
        let next = multiply(THREE_HALVES, root).wrapping_sub(multiply(half, cube));
        root = saturating_shift_left(next, 3);
    }
    let multiplier = multiply(root, HALF_SQRT_2);
    if right_shift < 0 {
        (
            multiplier.wrapping_shl(right_shift.unsigned_abs().into()),
            0,
        )
    } else {
        (multiplier, -right_shift)
    }
}
