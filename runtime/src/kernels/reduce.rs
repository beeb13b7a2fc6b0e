//! Sums, means and extremes over axes.
#![expect(
    clippy::as_conversions,
    reason = "a count of values in an arena, as wrapping int32"
)]

use super::{narrow, requantize};
use crate::blob::{Reduce, Reduction};
use crate::{Element, index};

/// Neighbours along the innermost axis that are reduced at a time.
const LANES: usize = 4;

/// Reduces axes 1 and 3 of the five of `params.shape`.
///
/// Sum and mean: `requantize(sum of (x - input_zero_point)) + output_zero_point`, clamped to
/// `min..=max`. TFLite's `SUM` and `MEAN` (`reference/reduce.h`, `QuantizedMeanOrSum`), the
/// multiplier of a mean divided by the count beforehand. Extremes: TFLite's `REDUCE_MAX` and
/// `REDUCE_MIN`, clamped likewise.
pub fn reduce<T: Element>(params: &Reduce, input: &[T], output: &mut [T]) {
    match params.reduction {
        Reduction::Sum(rescale) => {
            let [_, far, _, near, _] = params.shape;
            let offset = rescale
                .input_zero_point
                .wrapping_mul(far.wrapping_mul(near) as i32);
            let finish = |sum: i32| {
                let sum = sum.wrapping_sub(offset);
                requantize(sum, rescale.scale.multiplier, rescale.scale.shift)
                    .wrapping_add(rescale.output_zero_point)
            };
            walk(params, input, output, 0, i32::wrapping_add, finish);
        }
        // The largest is the smallest of the complements, so that both are one loop.
        Reduction::Max => extreme(params, input, output, !0),
        Reduction::Min => extreme(params, input, output, 0),
    }
}

#[inline(never)]
fn extreme<T: Element>(params: &Reduce, input: &[T], output: &mut [T], mask: i32) {
    let smaller = |smallest: i32, x: i32| smallest.min(x ^ mask);
    walk(params, input, output, i32::MAX, smaller, |x| x ^ mask);
}

/// Calls `fold` on every value over the reduced axes and `finish` on what comes out.
#[inline]
fn walk<T: Element>(
    params: &Reduce,
    input: &[T],
    output: &mut [T],
    initial: i32,
    fold: impl Fn(i32, i32) -> i32 + Copy,
    finish: impl Fn(i32) -> i32,
) {
    let [outer, far, middle, near, inner] = params.shape.map(index);
    let block = near * inner;
    let mut rows = output.chunks_exact_mut(inner);
    for from in input.chunks_exact(far * middle * block).take(outer) {
        for (m, row) in (0..middle).zip(&mut rows) {
            let blocks = from[m * block..].chunks(middle * block).take(far);
            let mut put = |c: usize, results: &[i32]| {
                for (out, &result) in row[c..].iter_mut().zip(results) {
                    *out = narrow(finish(result), params.min, params.max);
                }
            };
            let mut c = 0;
            while c + LANES <= inner {
                let blocks = blocks.clone().map(|values| &values[..block]);
                put(c, &lanes::<T, LANES>(blocks, inner, c, initial, fold));
                c += LANES;
            }
            while c < inner {
                let blocks = blocks.clone().map(|values| &values[..block]);
                put(c, &lanes::<T, 1>(blocks, inner, c, initial, fold));
                c += 1;
            }
        }
    }
}

/// `N` columns from `first` on of all rows of all blocks.
#[inline]
fn lanes<'a, T: Element + 'a, const N: usize>(
    blocks: impl Iterator<Item = &'a [T]>,
    row_len: usize,
    first: usize,
    initial: i32,
    fold: impl Fn(i32, i32) -> i32,
) -> [i32; N] {
    let mut results = [initial; N];
    for block in blocks {
        for row in block.chunks_exact(row_len) {
            for (result, &value) in results.iter_mut().zip(&row[first..][..N]) {
                *result = fold(*result, value.into());
            }
        }
    }
    results
}
