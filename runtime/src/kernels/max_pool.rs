//! Largest value of a window.

use super::{Axis, narrow};
use crate::blob::Pool2d;
use crate::{Element, index};

/// The largest valid value of each window, clamped to `min..=max`.
///
/// TFLite's `MAX_POOL_2D` (`reference/integer_ops/pooling.h`); taps outside the input are left out.
///
/// `input` is `[in_h, in_w, channels]`, `output` `[out_h, out_w, channels]`.
#[inline(never)]
pub fn max_pool2d<T: Element>(params: &Pool2d, input: &[T], output: &mut [T]) {
    let window = &params.window;
    let (rows, columns) = (Axis::rows(window), Axis::columns(window));
    let channels = index(params.channels);
    let in_w = index(window.in_w);
    let (dilation_h, dilation_w) = (index(window.dilation_h), index(window.dilation_w));

    let mut pixels = output.chunks_exact_mut(channels);
    for y in 0..index(window.out_h) {
        let vertical = rows.taps(y);
        for (x, pixel) in (0..index(window.out_w)).zip(&mut pixels) {
            let horizontal = columns.taps(x);
            pixel.fill(T::LEAST);
            for row in 0..vertical.count {
                for column in 0..horizontal.count {
                    let at = (vertical.input + row * dilation_h) * in_w
                        + horizontal.input
                        + column * dilation_w;
                    let values = &input[at * channels..][..channels];
                    for (out, &value) in pixel.iter_mut().zip(values) {
                        *out = value.max(*out);
                    }
                }
            }
            for out in pixel {
                *out = narrow((*out).into(), params.min, params.max);
            }
        }
    }
}
