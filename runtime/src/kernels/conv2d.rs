//! Convolution, NHWC × OHWI.

use super::dot::{LANES, dots, lanes};
use super::{Axis, Channels, Taps};
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
    let group_out = index(params.out_c / params.groups);
    let layout = Layout::new(params, channels.input_zero_point);

    let mut pixels = output.chunks_exact_mut(index(params.out_c));
    for y in 0..index(window.out_h) {
        let vertical = rows.taps(y);
        for (x, pixel) in (0..index(window.out_w)).zip(&mut pixels) {
            let horizontal = columns.taps(x);
            let mut channel = 0;
            for (group, outputs) in pixel.chunks_exact_mut(group_out).enumerate() {
                let patch = layout.patch(input, vertical, horizontal, group);
                let (blocks, rest) = outputs.as_chunks_mut::<LANES>();
                for block in blocks {
                    let filters = &weights[channel * layout.filter_len..];
                    channels.finish(channel, &patch.sums::<LANES>(filters), block);
                    channel += LANES;
                }
                for out in rest {
                    let filters = &weights[channel * layout.filter_len..];
                    let out = core::slice::from_mut(out);
                    channels.finish(channel, &patch.sums::<1>(filters), out);
                    channel += 1;
                }
            }
        }
    }
}

/// How the values of taps lie in an input and a filter.
struct Layout {
    in_w: usize,
    in_c: usize,
    group_in: usize,
    kernel_w: usize,
    filter_len: usize,
    between_runs: usize,
    between_rows: usize,
    /// Neighbouring taps of a row are one run of bytes: no channels or columns are skipped.
    one_run: bool,
    zero_point: i32,
}

impl Layout {
    fn new(params: &Conv2d, zero_point: i32) -> Self {
        let window = &params.window;
        let (in_w, in_c) = (index(window.in_w), index(params.in_c));
        let (kernel_w, group_in) = (index(window.kernel_w), index(params.in_c / params.groups));
        Self {
            in_w,
            in_c,
            group_in,
            kernel_w,
            filter_len: index(window.kernel_h) * kernel_w * group_in,
            between_runs: index(window.dilation_w) * in_c,
            between_rows: index(window.dilation_h) * in_w * in_c,
            one_run: params.groups == 1 && window.dilation_w == 1,
            zero_point,
        }
    }

    #[inline]
    fn patch<'a>(&'a self, input: &'a [i8], rows: Taps, columns: Taps, group: usize) -> Patch<'a> {
        let corner = (rows.input * self.in_w + columns.input) * self.in_c;
        let (runs, run_len) = if self.one_run {
            (1, columns.count * self.group_in)
        } else {
            (columns.count, self.group_in)
        };
        Patch {
            layout: self,
            input: &input[corner + group * self.group_in..],
            filter_from: (rows.tap * self.kernel_w + columns.tap) * self.group_in,
            rows: rows.count,
            runs,
            run_len,
        }
    }
}

/// What the filters of one group see of the input at one output pixel: `rows` × `runs` runs of
/// `run_len` bytes.
struct Patch<'a> {
    layout: &'a Layout,
    /// From the first run on.
    input: &'a [i8],
    /// Where the first run meets a filter.
    filter_from: usize,
    rows: usize,
    runs: usize,
    run_len: usize,
}

impl Patch<'_> {
    /// The sums, without bias, of the first `N` of the filters.
    #[inline(never)]
    fn sums<const N: usize>(&self, filters: &[i8]) -> [i32; N] {
        let layout = self.layout;
        let mut sums = [0; N];
        let (mut x_row, mut w_row) = (0, self.filter_from);
        for _ in 0..self.rows {
            let (mut x_at, mut w_at) = (x_row, w_row);
            for _ in 0..self.runs {
                let x = &self.input[x_at..][..self.run_len];
                let filters = lanes(filters, layout.filter_len, w_at);
                dots(x, filters, layout.zero_point, &mut sums);
                x_at += layout.between_runs;
                w_at += self.run_len;
            }
            x_row += layout.between_rows;
            w_row += layout.kernel_w * layout.group_in;
        }
        sums
    }
}
