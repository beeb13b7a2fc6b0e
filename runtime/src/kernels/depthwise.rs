//! Depthwise convolution, NHWC.
#![expect(clippy::as_conversions, reason = "a zero point of int8 range")]

use super::channels::LANES;
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
    let multiplier = index(params.multiplier);
    let plane = Plane::new(params, input, weights, channels.input_zero_point);

    let mut pixels = output.chunks_exact_mut(plane.out_c);
    for y in 0..index(window.out_h) {
        let vertical = rows.taps(y);
        for (x, pixel) in (0..index(window.out_w)).zip(&mut pixels) {
            let patch = plane.patch(vertical, columns.taps(x));
            let one = |c: usize, sum: &mut [i32; 1]| {
                plane.lane(&patch, c / multiplier, c, sum);
            };
            channels.fill(
                0,
                pixel,
                |c, sums| {
                    if multiplier == 1 {
                        plane.lanes(&patch, c, sums);
                    } else {
                        for (c, sum) in (c..).zip(sums.as_chunks_mut().0) {
                            one(c, sum);
                        }
                    }
                },
                one,
            );
        }
    }
}

/// The operands and how to step through them.
struct Plane<'a> {
    input: &'a [i8],
    weights: &'a [i8],
    in_c: usize,
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
            rows: if run_len == 0 { 0 } else { rows.count },
            runs,
            run_len,
            pixel: rows.input * self.in_w + columns.input,
            tap: rows.tap * self.kernel_w + columns.tap,
        }
    }

    /// Adds the products of [`LANES`] channels from `channel` on, where the multiplier is 1.
    #[inline(never)]
    fn lanes(&self, patch: &Patch, channel: usize, sums: &mut [i32; LANES]) {
        self.add(patch, [channel; 2], [self.out_c; 2], sums);
    }

    /// Adds the products of one output channel.
    #[inline(never)]
    fn lane(&self, patch: &Patch, in_channel: usize, out_channel: usize, sum: &mut [i32; 1]) {
        self.add(
            patch,
            [in_channel, out_channel],
            [self.in_c, self.out_c],
            sum,
        );
    }

    /// Adds the products of `N` channels of the input from `x_channel` on with as many of the
    /// filter from `w_channel` on; a pitch is the number of channels that there are.
    #[inline(always)]
    fn add<const N: usize>(
        &self,
        patch: &Patch,
        [x_channel, w_channel]: [usize; 2],
        [x_pitch, w_pitch]: [usize; 2],
        sums: &mut [i32; N],
    ) {
        let mut totals = *sums;
        let (mut x_row, mut w_row) = (patch.pixel, patch.tap);
        for _ in 0..patch.rows {
            let (mut pixel, mut tap) = (x_row, w_row);
            for _ in 0..patch.runs {
                let x = &self.input[pixel * x_pitch + x_channel..];
                let w = &self.weights[tap * w_pitch + w_channel..];
                totals = run(
                    patch.run_len,
                    x,
                    w,
                    [x_pitch, w_pitch],
                    self.zero_point,
                    totals,
                );
                pixel += self.dilation_w;
                tap += patch.run_len;
            }
            x_row += self.between_rows;
            w_row += self.kernel_w;
        }
        *sums = totals;
    }
}

/// Adds the products of the first `N` values of `taps` pixels.
#[inline(always)]
fn run<const N: usize>(
    taps: usize,
    x: &[i8],
    w: &[i8],
    [x_pitch, w_pitch]: [usize; 2],
    zero_point: i16,
    mut totals: [i32; N],
) -> [i32; N] {
    let len = |pitch| (taps - 1) * pitch + N;
    let (mut x, mut w) = (&x[..len(x_pitch)], &w[..len(w_pitch)]);
    loop {
        let (Some(values), Some(weights)) = (x.first_chunk::<N>(), w.first_chunk::<N>()) else {
            return totals;
        };
        for (total, (&x, &w)) in totals.iter_mut().zip(values.iter().zip(weights)) {
            let x = i16::from(x).wrapping_sub(zero_point);
            *total = total.wrapping_add(i32::from(x) * i32::from(w));
        }
        if x.len() <= x_pitch || w.len() <= w_pitch {
            return totals;
        }
        x = &x[x_pitch..];
        w = &w[w_pitch..];
    }
}
