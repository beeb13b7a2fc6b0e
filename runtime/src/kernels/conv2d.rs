//! Convolution, NHWC × OHWI.

use super::{Axis, Channels, dot};
use crate::blob::Conv2d;
use crate::index;

/// 2-D convolution, grouped or not, dilated or not.
///
/// `output[y, x, o] = finish(bias[o] + sum over taps and channels of
/// (input[y * stride - pad + k * dilation, .., i] - input_zero_point) * weights[o, k, .., i])`,
/// taps outside the input add nothing (they are the zero point). TFLite's `CONV_2D`
/// (`reference/integer_ops/conv.h`).
///
/// `input` is `[in_h, in_w, in_c]`, `weights` `[out_c, kernel_h, kernel_w, in_c / groups]`,
/// `output` `[out_h, out_w, out_c]`, each value of the full int8 range.
pub fn conv2d(
    params: &Conv2d,
    input: &[i8],
    weights: &[i8],
    channels: &Channels<'_>,
    output: &mut [i8],
) {
    let window = &params.window;
    let (rows, columns) = (Axis::rows(window), Axis::columns(window));
    let in_c = index(params.in_c);
    let group_in = index(params.in_c / params.groups);
    let group_out = index(params.out_c / params.groups);
    let (in_w, kernel_w) = (index(window.in_w), index(window.kernel_w));
    let filter_len = index(window.kernel_h) * kernel_w * group_in;
    // Neighbouring taps of a row are one run of bytes unless channels or columns are skipped.
    let one_run = params.groups == 1 && window.dilation_w == 1;
    let between_runs = index(window.dilation_w) * in_c;
    let between_rows = index(window.dilation_h) * in_w * in_c;

    let mut pixels = output.chunks_exact_mut(index(params.out_c));
    for y in 0..index(window.out_h) {
        let vertical = rows.taps(y);
        for (x, pixel) in (0..index(window.out_w)).zip(&mut pixels) {
            let horizontal = columns.taps(x);
            let (runs, run_len) = if one_run {
                (1, horizontal.count * group_in)
            } else {
                (horizontal.count, group_in)
            };
            let corner = (vertical.input * in_w + horizontal.input) * in_c;
            let mut channel = channels.iter();
            let groups = pixel
                .chunks_exact_mut(group_out)
                .zip(weights.chunks_exact(filter_len * group_out));
            for (group, (outputs, filters)) in groups.enumerate() {
                let outputs = outputs.iter_mut().zip(filters.chunks_exact(filter_len));
                for ((out, filter), channel) in outputs.zip(&mut channel) {
                    let mut sum = channel.bias;
                    let mut x_at = corner + group * group_in;
                    let mut w_at = (vertical.tap * kernel_w + horizontal.tap) * group_in;
                    for _ in 0..vertical.count {
                        for run in 0..runs {
                            sum = dot(
                                &input[x_at + run * between_runs..][..run_len],
                                &filter[w_at + run * run_len..][..run_len],
                                channels.input_zero_point,
                                sum,
                            );
                        }
                        x_at += between_rows;
                        w_at += kernel_w * group_in;
                    }
                    *out = channels.finish(channel, sum);
                }
            }
        }
    }
}
