//! Convolution with packed weights, for any core.

use super::super::Axis;
use super::super::conv2d::Layout;
use super::super::dot::{PATCH, products};
use super::columns::{CONV_BLOCK, Columns};
use super::finish::Finisher;
use super::unpack::{self, BLOCK};
use crate::blob::PackedConv2d;
use crate::index;

/// A convolution of one group whose weights have the zero point 0: as [`super::super::conv2d`], but for the
/// scales, which are those of the layer's [`crate::blob::Finish`]. Works block by block, and unpacks
/// the filters of each into the scratch.
///
/// `stream` is the layer's, `scratch` has [`Columns::conv_scratch_bytes`]; `columns` is
/// [`PackedConv2d::columns`].
#[inline(never)]
pub fn packed_conv2d_portable(
    params: &PackedConv2d,
    columns: Columns,
    input: &[i8],
    stream: &[i32],
    scratch: &mut [i8],
    output: &mut [i8],
) {
    let layout = Layout::of(&params.window, params.in_c, 1, params.input_zero_point);
    let filters = &mut scratch[..BLOCK * layout.filter_len];
    let block_words = index(columns.block_words(CONV_BLOCK, params.packed.finish));
    let mut first = 0;
    for words in stream.chunks_exact(block_words) {
        let block = Block::unpack(params, columns, words, filters);
        block.run(params, &layout, (input, filters), output, first);
        first += BLOCK;
    }
    params.packed.clamp(output);
}

/// What is the same for all pixels of a block of channels.
struct Block {
    biases: [i32; BLOCK],
    finishers: [Finisher; BLOCK],
}

impl Block {
    /// Also unpacks the filters, `[channel, run, value]`.
    fn unpack(params: &PackedConv2d, columns: Columns, words: &[i32], filters: &mut [i8]) -> Self {
        let (starts, words) = words.split_at(BLOCK);
        let (weights, numbers) = words.split_at(index(columns.packed_len()));
        let mut block = Self {
            biases: [0; BLOCK],
            finishers: [Finisher::default(); BLOCK],
        };
        let pairing = params.packed.pairing;
        unpack::biases(pairing, starts, &mut block.biases);
        unpack::finishers(&params.packed, numbers, &mut block.finishers);
        let filter_len = index(columns.len());
        let run_len = index(columns.run_len);
        for at in 0..filter_len {
            let column = columns.column(at / run_len, at % run_len);
            // Two columns are a word for each pair of channels.
            let words = &weights[column / 2 * 2..][..2];
            for (pair, &word) in words.iter().enumerate() {
                let [a, b] = unpack::halves(pairing, word)[column % 2];
                filters[2 * pair * filter_len + at] = a;
                filters[(2 * pair + 1) * filter_len + at] = b;
            }
        }
        // Biases have the products of the zero point taken off, which padding has too.
        let filters = filters.chunks_exact(filter_len);
        for (bias, filter) in block.biases.iter_mut().zip(filters) {
            let sum = filter
                .iter()
                .fold(0i32, |sum, &w| sum.wrapping_add(w.into()));
            *bias = bias.wrapping_add(sum.wrapping_mul(params.input_zero_point));
        }
        block
    }

    /// The outputs of the channels from `first` on.
    fn run(
        &self,
        params: &PackedConv2d,
        layout: &Layout,
        (input, filters): (&[i8], &[i8]),
        output: &mut [i8],
        first: usize,
    ) {
        let window = &params.window;
        let (rows, columns) = (Axis::rows(window), Axis::columns(window));
        let filter_len = layout.filter_len;
        let mut buffer = [0; PATCH];
        let mut pixels = output.chunks_exact_mut(index(params.out_c));
        for y in 0..index(window.out_h) {
            let vertical = rows.taps(y);
            for (x, pixel) in (0..index(window.out_w)).zip(&mut pixels) {
                let patch = layout.patch(input, vertical, columns.taps(x), 0);
                let mut sums = self.biases;
                if filter_len <= PATCH {
                    patch.gather(&mut buffer);
                    let x = &buffer[..filter_len];
                    products(x, filters, filter_len, 0, Some(&self.biases), &mut sums);
                } else {
                    patch.stream(&mut buffer, filters, &mut sums);
                }
                let outputs = pixel.iter_mut().skip(first);
                for (out, (sum, finisher)) in outputs.zip(sums.iter().zip(&self.finishers)) {
                    *out = finisher.finish(*sum);
                }
            }
        }
    }
}
