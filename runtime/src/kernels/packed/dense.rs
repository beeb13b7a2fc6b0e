//! Fully connected layer with packed weights, for any core.

use super::columns::{Columns, DENSE_BLOCK};
use super::finish::Finisher;
use super::unpack;
use crate::blob::PackedDense;
use crate::element::elements_mut;
use crate::index;

/// Channels of a block.
const BLOCK: usize = 8;

/// One row through a fully connected layer whose weights have the zero point 0: as [`super::super::dense`], but
/// for the scales, which are those of the layer's [`crate::blob::Finish`].
///
/// `stream` is the layer's, `scratch` has [`Columns::dense_scratch_bytes`]; `columns` is
/// [`PackedDense::columns`].
#[inline(never)]
pub fn packed_dense_portable(
    params: &PackedDense,
    columns: Columns,
    input: &[i8],
    stream: &[i32],
    scratch: &mut [i8],
    output: &mut [i8],
) {
    let x = elements_mut::<i16>(scratch);
    x.fill(0);
    for (at, &value) in input.iter().enumerate() {
        x[columns.column(0, at)] = value.into();
    }
    let block_words = index(columns.block_words(DENSE_BLOCK, params.packed.finish));
    let blocks = stream.chunks_exact(block_words);
    for (words, outputs) in blocks.zip(output.chunks_mut(BLOCK)) {
        let (starts, words) = words.split_at(BLOCK);
        let (weights, numbers) = words.split_at(2 * x.len());
        let mut sums = [0; BLOCK];
        unpack::biases(params.packed.pairing, starts, &mut sums);
        add_products(params, x, weights, &mut sums);
        let mut finishers = [Finisher::default(); BLOCK];
        unpack::finishers(&params.packed, numbers, &mut finishers);
        for (out, (sum, finisher)) in outputs.iter_mut().zip(sums.iter().zip(&finishers)) {
            *out = finisher.finish(*sum);
        }
    }
    params.packed.clamp(output);
}

fn add_products(params: &PackedDense, x: &[i16], weights: &[i32], sums: &mut [i32; BLOCK]) {
    let pairing = params.packed.pairing;
    for (x, words) in x.chunks_exact(2).zip(weights.chunks_exact(BLOCK / 2)) {
        let [first, second] = [x[0], x[1]].map(i32::from);
        for (sums, &word) in sums.chunks_exact_mut(2).zip(words) {
            let [now, then] = unpack::halves(pairing, word);
            for (sum, (now, then)) in sums.iter_mut().zip(now.into_iter().zip(then)) {
                let products = first * i32::from(now) + second * i32::from(then);
                *sum = sum.wrapping_add(products);
            }
        }
    }
}
