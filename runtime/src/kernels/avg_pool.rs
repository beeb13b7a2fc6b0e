//! Mean of a window.
#![expect(
    clippy::as_conversions,
    reason = "a count of at most 2^23, and a mean of such values"
)]

use super::{Axis, Taps, narrow};
use crate::blob::Pool2d;
use crate::{Element, index};

/// Most values that a window may average: their sum and half their count fit int32. A 256th of it
/// for int16.
pub(crate) const MAX_VALUES: u64 = 1 << 23;

/// Channels that are summed at a time.
const LANES: usize = 4;

/// The mean of the valid values of each window, rounded half away from zero, or half up if
/// `ties_up`, clamped to `min..=max`.
///
/// TFLite's `AVERAGE_POOL_2D` (`reference/integer_ops/pooling.h`, and of uint8, which is not below
/// 0, `reference/pooling.h`): taps outside the input neither add nor count. Every window holds a
/// valid value, and at most 2^23 of them (2^15 of int16); dilation is 1.
///
/// `input` is `[in_h, in_w, channels]`, `output` `[out_h, out_w, channels]`.
pub fn avg_pool2d<T: Element>(params: &Pool2d, input: &[T], output: &mut [T]) {
    let window = &params.window;
    let (rows, columns) = (Axis::rows(window), Axis::columns(window));
    let channels = index(params.channels);
    let in_w = index(window.in_w);
    // As uint8, halfway from 0 is halfway up. 255 * 2^23 and half the count fit int32.
    let raise = if params.ties_up { 128 } else { 0 };

    let mut pixels = output.chunks_exact_mut(channels);
    for y in 0..index(window.out_h) {
        let vertical = rows.taps(y);
        for (x, pixel) in (0..index(window.out_w)).zip(&mut pixels) {
            let horizontal = columns.taps(x);
            let count = (vertical.count * horizontal.count) as i32;
            let mut mean = |c: usize, sums: &[i32]| {
                for (out, &sum) in pixel[c..].iter_mut().zip(sums) {
                    let sum = sum + raise * count;
                    let half = if sum > 0 { count / 2 } else { -(count / 2) };
                    *out = narrow((sum + half) / count - raise, params.min, params.max);
                }
            };
            let mut c = 0;
            while c + LANES <= channels {
                mean(
                    c,
                    &sums::<T, LANES>(input, in_w, channels, vertical, horizontal, c),
                );
                c += LANES;
            }
            while c < channels {
                mean(
                    c,
                    &sums::<T, 1>(input, in_w, channels, vertical, horizontal, c),
                );
                c += 1;
            }
        }
    }
}

/// The sums of `N` channels from `channel` on.
#[inline]
fn sums<T: Element, const N: usize>(
    input: &[T],
    in_w: usize,
    channels: usize,
    rows: Taps,
    columns: Taps,
    channel: usize,
) -> [i32; N] {
    let mut sums = [0; N];
    for row in 0..rows.count {
        let first = (rows.input + row) * in_w + columns.input;
        for pixel in first..first + columns.count {
            let values = &input[pixel * channels + channel..][..N];
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum += value.into();
            }
        }
    }
    sums
}
