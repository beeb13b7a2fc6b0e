//! Depthwise convolution, NHWC.
#![expect(clippy::as_conversions, reason = "a zero point of int8 range")]

use super::dot::LANES;
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
    let out_c = index(params.in_c) * multiplier;
    let plane = Plane {
        input,
        weights,
        in_c: index(params.in_c),
        out_c,
        in_w: index(window.in_w),
        kernel_w: index(window.kernel_w),
        dilation_h: index(window.dilation_h),
        dilation_w: index(window.dilation_w),
        zero_point: channels.input_zero_point as i16,
    };

    let mut pixels = output.chunks_exact_mut(out_c);
    for y in 0..index(window.out_h) {
        let vertical = rows.taps(y);
        for (x, pixel) in (0..index(window.out_w)).zip(&mut pixels) {
            let horizontal = columns.taps(x);
            let mut c = 0;
            while multiplier == 1 && c + LANES <= out_c {
                let sums = plane.sums::<LANES>(vertical, horizontal, c, c);
                channels.finish(c, &sums, &mut pixel[c..]);
                c += LANES;
            }
            while c < out_c {
                let sums = plane.sums::<1>(vertical, horizontal, c / multiplier, c);
                channels.finish(c, &sums, &mut pixel[c..]);
                c += 1;
            }
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
    dilation_h: usize,
    dilation_w: usize,
    /// In 16 bits, see [`super::dot`].
    zero_point: i16,
}

impl Plane<'_> {
    /// The sums, without bias, of `N` output channels from `out_channel` on, which see the `N`
    /// input channels from `in_channel` on.
    #[inline(never)]
    fn sums<const N: usize>(
        &self,
        rows: Taps,
        columns: Taps,
        in_channel: usize,
        out_channel: usize,
    ) -> [i32; N] {
        let mut sums = [0i32; N];
        let between_taps = self.dilation_w * self.in_c;
        for row in 0..rows.count {
            let y = rows.input + row * self.dilation_h;
            let x_at = (y * self.in_w + columns.input) * self.in_c + in_channel;
            let tap = (rows.tap + row) * self.kernel_w + columns.tap;
            let w_at = tap * self.out_c + out_channel;
            let values = self.input[x_at..].chunks(between_taps);
            let weights = self.weights[w_at..].chunks(self.out_c);
            for (x, w) in values.zip(weights).take(columns.count) {
                for (sum, (&x, &w)) in sums.iter_mut().zip(x[..N].iter().zip(&w[..N])) {
                    let x = i16::from(x).wrapping_sub(self.zero_point);
                    *sum = sum.wrapping_add(i32::from(x) * i32::from(w));
                }
            }
        }
        sums
    }
}
