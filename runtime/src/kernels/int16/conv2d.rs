//! Convolution of int16 with int8, NHWC × OHWI, in both directions.

use super::super::channels::BLOCK;
use super::super::dot::products;
use super::WideChannels;
use crate::blob::Conv2d;
use crate::index;

/// Which pixel of the input a tap sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// As [`crate::blob::Op::Conv2d`]: `y * stride - pad + k * dilation`.
    Forward,
    /// As [`crate::blob::Op::TransposeConv2d`]: `(y + pad - k * dilation) / stride`, where that
    /// leaves no rest.
    Transposed,
}

/// Most products of int16 and int8, 22 bits each, whose sum fits int32.
const PIECE: usize = 256;

/// 2-D convolution or its transpose, grouped or not, dilated or not.
///
/// `output[y, x, o] = finish(bias[o] + sum over taps and channels of input[.., i] *
/// weights[o, k, .., i])`; taps outside the input add nothing. TFLite's `CONV_2D` and
/// `TRANSPOSE_CONV` of int16 (`reference/integer_ops/conv.h`, `transpose_conv.h`). Its
/// `FULLY_CONNECTED` is one of a single tap over rows of one pixel, its `DEPTHWISE_CONV_2D` one of
/// as many groups as channels.
///
/// `input` is `[in_h, in_w, in_c]`, `weights` `[out_c, kernel_h, kernel_w, in_c / groups]`,
/// `output` `[out_h, out_w, out_c]`, each value of the full range of its type.
#[inline(never)]
pub fn conv2d_int16(
    params: &Conv2d,
    direction: Direction,
    input: &[i16],
    weights: &[i8],
    channels: &WideChannels<'_>,
    output: &mut [i16],
) {
    let window = &params.window;
    let [rows, columns] = Axis::both(params, direction);
    let (in_w, in_c) = (index(window.in_w), index(params.in_c));
    let group_in = index(params.in_c / params.groups);
    let group_out = index(params.out_c / params.groups);
    let filter_len = rows.kernel * columns.kernel * group_in;

    let mut pixels = output.chunks_exact_mut(index(params.out_c));
    for y in 0..index(window.out_h) {
        for (x, pixel) in (0..index(window.out_w)).zip(&mut pixels) {
            for (group, outputs) in pixel.chunks_mut(group_out).enumerate() {
                let mut channel = group * group_out;
                for block in outputs.chunks_mut(BLOCK) {
                    let mut sums = [0; BLOCK];
                    let sums = &mut sums[..block.len()];
                    let filters = &weights[channel * filter_len..];
                    for (row, in_y) in rows.taps(y) {
                        for (column, in_x) in columns.taps(x) {
                            let from = (in_y * in_w + in_x) * in_c + group * group_in;
                            let at = (row * columns.kernel + column) * group_in;
                            add(&input[from..][..group_in], filters, (filter_len, at), sums);
                        }
                    }
                    channels.finish(channel, sums, block);
                    channel += block.len();
                }
            }
        }
    }
}

/// Adds the products of neighbouring values with each filter, from its place on, to the sums.
fn add(x: &[i16], filters: &[i8], (filter_len, at): (usize, usize), sums: &mut [i64]) {
    let mut at = at;
    for x in x.chunks(PIECE) {
        let mut parts = [0; BLOCK];
        let parts = &mut parts[..sums.len()];
        products(x, filters, filter_len, at, None, parts);
        for (sum, &part) in sums.iter_mut().zip(&*parts) {
            *sum += i64::from(part);
        }
        at += x.len();
    }
}

/// One axis of the geometry.
struct Axis {
    direction: Direction,
    input: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    padding: usize,
}

impl Axis {
    /// Rows, then columns.
    fn both(params: &Conv2d, direction: Direction) -> [Self; 2] {
        let window = &params.window;
        let rows = Self {
            direction,
            input: index(window.in_h),
            kernel: index(window.kernel_h),
            stride: index(window.stride_h),
            dilation: index(window.dilation_h),
            padding: index(window.pad_top),
        };
        let columns = Self {
            direction,
            input: index(window.in_w),
            kernel: index(window.kernel_w),
            stride: index(window.stride_w),
            dilation: index(window.dilation_w),
            padding: index(window.pad_left),
        };
        [rows, columns]
    }

    /// The taps of output coordinate `output` and the input coordinates that they read.
    fn taps(&self, output: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.kernel).filter_map(move |tap| {
            let reach = tap * self.dilation;
            let at = match self.direction {
                Direction::Forward => (output * self.stride + reach).checked_sub(self.padding)?,
                Direction::Transposed => {
                    let scattered = (output + self.padding).checked_sub(reach)?;
                    let at = scattered / self.stride;
                    (at * self.stride == scattered).then_some(at)?
                }
            };
            (at < self.input).then_some((tap, at))
        })
    }
}
