//! Depthwise convolution, NHWC.
#![expect(clippy::as_conversions, reason = "a zero point of int8 range")]

use super::channels::BLOCK;
use super::{Axis, Channels, Taps};
use crate::blob::DepthwiseConv2d;
use crate::index;

/// Depthwise 2-D convolution: output channel `c * multiplier + m` sees input channel `c`.
///
/// As [`super::conv2d`] otherwise. TFLite's `DEPTHWISE_CONV_2D`
/// (`reference/integer_ops/depthwise_conv.h`).
///
/// `input` is `[in_h, in_w, in_c]`, `weights` `[kernel_h, kernel_w, in_c * multiplier]`, `output`
/// `[out_h, out_w, in_c * multiplier]`, each value of the full int8 range.
#[inline(never)]
pub fn depthwise_conv2d(
    params: &DepthwiseConv2d,
    input: &[i8],
    weights: &[i8],
    channels: &Channels<'_>,
    output: &mut [i8],
) {
    let window = &params.window;
    let (rows, columns) = (Axis::rows(window), Axis::columns(window));
    let mut sums = [0; BLOCK];
    let plane = Plane::new(params, input, weights, channels.input_zero_point);
    let weights_zero_point = channels.weights_zero_point;

    let mut pixels = output.chunks_exact_mut(plane.out_c);
    for y in 0..index(window.out_h) {
        let vertical = rows.taps(y);
        for (x, pixel) in (0..index(window.out_w)).zip(&mut pixels) {
            let patch = plane.patch(vertical, columns.taps(x));
            channels.fill(0, pixel, &mut sums, |c, bias, sums| {
                sums.copy_from_slice(bias);
                plane.add_to(sums, &patch, c);
                if weights_zero_point != 0 {
                    plane.take_off(sums, &patch, c, weights_zero_point);
                }
            });
        }
    }
}

/// The operands and how to step through them.
struct Plane<'a> {
    input: &'a [i8],
    weights: &'a [i8],
    in_c: usize,
    multiplier: usize,
    out_c: usize,
    in_w: usize,
    kernel_w: usize,
    dilation_w: usize,
    between_rows: usize,
    /// In 16 bits, see [`super::dot`].
    zero_point: i16,
}

/// The taps of one output pixel: `rows` × `runs` runs of `run_len` neighbours.
struct Patch {
    rows: usize,
    runs: usize,
    run_len: usize,
    /// First pixel of the input.
    pixel: usize,
    /// First tap of the filter.
    tap: usize,
}

impl<'a> Plane<'a> {
    fn new(params: &DepthwiseConv2d, input: &'a [i8], weights: &'a [i8], zero_point: i32) -> Self {
        let window = &params.window;
        let (in_c, in_w) = (index(params.in_c), index(window.in_w));
        Self {
            input,
            weights,
            in_c,
            multiplier: index(params.multiplier),
            out_c: in_c * index(params.multiplier),
            in_w,
            kernel_w: index(window.kernel_w),
            dilation_w: index(window.dilation_w),
            between_rows: index(window.dilation_h) * in_w,
            zero_point: zero_point as i16,
        }
    }

    #[inline]
    fn patch(&self, rows: Taps, columns: Taps) -> Patch {
        let (runs, run_len) = if self.dilation_w == 1 {
            (1, columns.count)
        } else {
            (columns.count, 1)
        };
        Patch {
            // No taps, where there are no columns.
            rows: if columns.count == 0 { 0 } else { rows.count },
            runs,
            run_len,
            pixel: rows.input * self.in_w + columns.input,
            tap: rows.tap * self.kernel_w + columns.tap,
        }
    }

    /// Adds the products of the channels from `channel` on to their sums.
    #[inline(never)]
    fn add_to(&self, sums: &mut [i32], patch: &Patch, channel: usize) {
        let (mut pixel_row, mut tap_row) = (patch.pixel, patch.tap);
        for _ in 0..patch.rows {
            let (mut pixel, mut tap) = (pixel_row, tap_row);
            for _ in 0..patch.runs {
                let x = &self.input[pixel * self.in_c..][..patch.run_len * self.in_c];
                let w = &self.weights[tap * self.out_c..][..patch.run_len * self.out_c];
                if self.multiplier == 1 {
                    self.run(sums, &x[channel..], &w[channel..], patch.run_len);
                } else {
                    self.several(sums, x, w, channel);
                }
                pixel += self.dilation_w;
                tap += patch.run_len;
            }
            pixel_row += self.between_rows;
            tap_row += self.kernel_w;
        }
    }

    /// Takes the products of the inputs with the weights' zero point off the sums.
    #[inline(never)]
    fn take_off(&self, sums: &mut [i32], patch: &Patch, channel: usize, weights_zero_point: i32) {
        let step = if patch.runs == 1 { 1 } else { self.dilation_w };
        let columns = patch.runs * patch.run_len;
        for (out_channel, sum) in (channel..).zip(sums) {
            let mut inputs = 0i32;
            for row in 0..patch.rows {
                let first = patch.pixel + row * self.between_rows;
                for column in 0..columns {
                    let x = self.input
                        [(first + column * step) * self.in_c + out_channel / self.multiplier];
                    inputs += i32::from(i16::from(x).wrapping_sub(self.zero_point));
                }
            }
            *sum = sum.wrapping_sub(inputs.wrapping_mul(weights_zero_point));
        }
    }

    /// The products of neighbouring taps where an input channel has several output channels.
    fn several(&self, sums: &mut [i32], x: &[i8], w: &[i8], channel: usize) {
        for (out_channel, sum) in (channel..).zip(sums) {
            let x = x[out_channel / self.multiplier..].iter().step_by(self.in_c);
            let w = w[out_channel..].iter().step_by(self.out_c);
            for (&x, &w) in x.zip(w) {
                let x = i16::from(x).wrapping_sub(self.zero_point);
                *sum = sum.wrapping_add(i32::from(x) * i32::from(w));
            }
        }
    }

    /// The products of neighbouring taps where channel meets channel: three at a time, so that a
    /// sum is loaded and stored once for them.
    #[inline(never)]
    fn run(&self, sums: &mut [i32], x: &[i8], w: &[i8], count: usize) {
        let len = sums.len();
        let product = |(&x, &w): (&i8, &i8)| {
            i32::from(i16::from(x).wrapping_sub(self.zero_point)) * i32::from(w)
        };
        let mut rest = [x, w];
        let mut next = || {
            let [x, w] = rest;
            rest = [x, w].map(|values| values.get(self.out_c..).unwrap_or_default());
            x[..len].iter().zip(&w[..len])
        };
        for _ in 0..count / 3 {
            let taps = next().zip(next()).zip(next());
            for (sum, ((a, b), c)) in sums.iter_mut().zip(taps) {
                *sum = sum.wrapping_add(product(a) + product(b) + product(c));
            }
        }
        for _ in 0..count % 3 {
            for (sum, a) in sums.iter_mut().zip(next()) {
                *sum = sum.wrapping_add(product(a));
            }
        }
    }
}
