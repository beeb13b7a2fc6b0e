//! Convolution, NHWC × OHWI.

use super::channels::BLOCK;
use super::dot::{PATCH, center, products, subtract_zero_point};
use super::{Axis, Channels, Taps};
use crate::blob::{Conv2d, Window2d};
use crate::index;

/// 2-D convolution, grouped or not, dilated or not.
///
/// `output[y, x, o] = finish(bias[o] + sum over taps and channels of
/// (input[y * stride - pad + k * dilation, .., i] - input_zero_point) *
/// (weights[o, k, .., i] - weights_zero_point))`, taps outside the input add nothing (they are the
/// zero point). TFLite's `CONV_2D` (`reference/integer_ops/conv.h`).
///
/// `input` is `[in_h, in_w, in_c]`, `weights` `[out_c, kernel_h, kernel_w, in_c / groups]`,
/// `output` `[out_h, out_w, out_c]`, each value of the full int8 range.
#[inline(never)]
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
    let layout = Layout::new(params, channels);
    let mut buffer = [0; PATCH];
    let mut sums = [0; BLOCK];

    let mut pixels = output.chunks_exact_mut(index(params.out_c));
    for y in 0..index(window.out_h) {
        let vertical = rows.taps(y);
        for (x, pixel) in (0..index(window.out_w)).zip(&mut pixels) {
            let horizontal = columns.taps(x);
            for (group, outputs) in pixel.chunks_mut(group_out).enumerate() {
                let patch = layout.patch(input, vertical, horizontal, group);
                let whole = layout.filter_len <= PATCH;
                if whole {
                    patch.gather(&mut buffer);
                }
                channels.fill(group * group_out, outputs, &mut sums, |c, bias, sums| {
                    let filters = &weights[c * layout.filter_len..];
                    if whole {
                        let x = &buffer[..layout.filter_len];
                        products(x, filters, layout.filter_len, 0, Some(bias), sums);
                        if layout.weights_zero_point != 0 {
                            subtract_zero_point(x, layout.weights_zero_point, sums);
                        }
                    } else {
                        sums.copy_from_slice(bias);
                        patch.stream(&mut buffer, filters, sums);
                    }
                });
            }
        }
    }
}

/// How the values of taps lie in an input and a filter.
pub(super) struct Layout {
    in_w: usize,
    in_c: usize,
    group_in: usize,
    kernel_w: usize,
    pub(super) filter_len: usize,
    between_runs: usize,
    between_rows: usize,
    /// Neighbouring taps of a row are one run of bytes: no channels or columns are skipped.
    one_run: bool,
    zero_point: i32,
    weights_zero_point: i32,
}

impl Layout {
    fn new(params: &Conv2d, channels: &Channels<'_>) -> Self {
        Self {
            weights_zero_point: channels.weights_zero_point,
            ..Self::of(
                &params.window,
                params.in_c,
                params.groups,
                channels.input_zero_point,
            )
        }
    }

    /// Of symmetric weights.
    pub(super) fn of(window: &Window2d, in_c: u32, groups: u32, zero_point: i32) -> Self {
        let (kernel_w, group_in) = (index(window.kernel_w), index(in_c / groups));
        let (in_w, in_c) = (index(window.in_w), index(in_c));
        Self {
            in_w,
            in_c,
            group_in,
            kernel_w,
            filter_len: index(window.kernel_h) * kernel_w * group_in,
            between_runs: index(window.dilation_w) * in_c,
            between_rows: index(window.dilation_h) * in_w * in_c,
            one_run: groups == 1 && window.dilation_w == 1,
            zero_point,
            weights_zero_point: 0,
        }
    }

    #[inline]
    pub(super) fn patch<'a>(
        &'a self,
        input: &'a [i8],
        rows: Taps,
        columns: Taps,
        group: usize,
    ) -> Patch<'a> {
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
pub(super) struct Patch<'a> {
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
    /// The whole patch, centered and in the order of a filter. Taps outside the input are 0.
    #[inline(never)]
    pub(super) fn gather(&self, buffer: &mut [i16; PATCH]) {
        let Layout {
            filter_len,
            zero_point,
            ..
        } = *self.layout;
        if self.rows * self.runs * self.run_len < filter_len {
            buffer[..filter_len].fill(0);
        }
        self.each_run(|x, at| center(x, zero_point, &mut buffer[at..]));
    }

    /// Adds the products with the filters to the sums, piece by piece.
    #[inline(never)]
    pub(super) fn stream(&self, buffer: &mut [i16; PATCH], filters: &[i8], sums: &mut [i32]) {
        let Layout {
            filter_len,
            zero_point,
            weights_zero_point,
            ..
        } = *self.layout;
        self.each_run(|x, at| {
            let mut at = at;
            for x in x.chunks(PATCH) {
                let piece = &mut buffer[..x.len()];
                center(x, zero_point, piece);
                products(piece, filters, filter_len, at, None, sums);
                if weights_zero_point != 0 {
                    subtract_zero_point(piece, weights_zero_point, sums);
                }
                at += x.len();
            }
        });
    }

    /// Calls `run` with each run and its place in a filter.
    #[inline]
    fn each_run(&self, mut run: impl FnMut(&[i8], usize)) {
        let layout = self.layout;
        let (mut x_row, mut w_row) = (0, self.filter_from);
        for _ in 0..self.rows {
            let (mut x_at, mut w_at) = (x_row, w_row);
            for _ in 0..self.runs {
                run(&self.input[x_at..][..self.run_len], w_at);
                x_at += layout.between_runs;
                w_at += self.run_len;
            }
            x_row += layout.between_rows;
            w_row += layout.kernel_w * layout.group_in;
        }
    }
}
