//! Transposed convolution, NHWC × OHWI.

use super::Channels;
use super::channels::BLOCK;
use super::dot::{PATCH, center, products};
use crate::blob::TransposeConv2d;
use crate::index;

/// Transposed 2-D convolution, grouped or not, dilated or not.
///
/// `output[y, x, o] = finish(bias[o] + sum over taps and channels of
/// (input[(y + pad - k * dilation) / stride, .., i] - input_zero_point) * weights[o, k, .., i])`
/// over those taps for which the division leaves no rest and the pixel is inside the input.
/// TFLite's `TRANSPOSE_CONV` (`reference/integer_ops/transpose_conv.h`), which scatters the same
/// products.
///
/// `input` is `[in_h, in_w, in_c]`, `weights` `[out_c, kernel_h, kernel_w, in_c / groups]`,
/// `output` `[out_h, out_w, out_c]`, each value of the full int8 range.
#[inline(never)]
pub fn transpose_conv2d(
    params: &TransposeConv2d,
    input: &[i8],
    weights: &[i8],
    channels: &Channels<'_>,
    output: &mut [i8],
) {
    let window = &params.window;
    let [rows, columns] = Axis::both(params);
    let (in_w, in_c, kernel_w) = (index(window.in_w), index(params.in_c), columns.kernel);
    let group_in = index(params.in_c / params.groups);
    let group_out = index(params.out_c / params.groups);
    let filter_len = rows.kernel * kernel_w * group_in;
    let mut piece = [0; PATCH];
    let mut sums = [0; BLOCK];

    let mut pixels = output.chunks_exact_mut(index(params.out_c));
    for y in 0..index(window.out_h) {
        for (x, pixel) in (0..index(window.out_w)).zip(&mut pixels) {
            for (group, outputs) in pixel.chunks_mut(group_out).enumerate() {
                channels.fill(group * group_out, outputs, &mut sums, |c, bias, sums| {
                    sums.copy_from_slice(bias);
                    let filters = &weights[c * filter_len..];
                    for (row, in_y) in rows.taps(y) {
                        for (column, in_x) in columns.taps(x) {
                            let from = (in_y * in_w + in_x) * in_c + group * group_in;
                            let mut at = (row * kernel_w + column) * group_in;
                            for x in input[from..][..group_in].chunks(PATCH) {
                                let piece = &mut piece[..x.len()];
                                center(x, channels.input_zero_point, piece);
                                products(piece, filters, filter_len, at, None, sums);
                                at += x.len();
                            }
                        }
                    }
                });
            }
        }
    }
}

/// One axis of the geometry.
struct Axis {
    input: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    padding: usize,
}

impl Axis {
    /// Rows, then columns.
    fn both(params: &TransposeConv2d) -> [Self; 2] {
        let window = &params.window;
        let rows = Self {
            input: index(window.in_h),
            kernel: index(window.kernel_h),
            stride: index(window.stride_h),
            dilation: index(window.dilation_h),
            padding: index(window.pad_top),
        };
        let columns = Self {
            input: index(window.in_w),
            kernel: index(window.kernel_w),
            stride: index(window.stride_w),
            dilation: index(window.dilation_w),
            padding: index(window.pad_left),
        };
        [rows, columns]
    }

    /// The taps of output coordinate `output` and the input coordinates that they read.
    #[inline]
    fn taps(&self, output: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.kernel).filter_map(move |tap| {
            let reach = (output + self.padding).checked_sub(tap * self.dilation)?;
            let at = reach / self.stride;
            (at * self.stride == reach && at < self.input).then_some((tap, at))
        })
    }
}
