//! Fully connected layer.

use super::Channels;
use super::channels::BLOCK;
use super::dot::{PATCH, center, products, subtract_zero_point};
use crate::blob::Dense;
use crate::index;

/// `output[r, o] = finish(bias[o] + sum((input[r, i] - input_zero_point) *
/// (weights[o, i] - weights_zero_point)))`.
///
/// TFLite's `FULLY_CONNECTED` (`reference/integer_ops/fully_connected.h`).
///
/// `input` is `[rows, in_features]`, `weights` `[out_features, in_features]`, `output`
/// `[rows, out_features]`, each value of the full int8 range.
#[inline(never)]
pub fn dense(
    params: &Dense,
    input: &[i8],
    weights: &[i8],
    channels: &Channels<'_>,
    output: &mut [i8],
) {
    let in_features = index(params.in_features);
    let mut patch = [0; PATCH];
    let mut sums = [0; BLOCK];
    let rows = input
        .chunks_exact(in_features)
        .zip(output.chunks_exact_mut(index(params.out_features)));
    for (x, row) in rows {
        channels.fill(0, row, &mut sums, |c, bias, sums| {
            sums.copy_from_slice(bias);
            let filters = &weights[c * in_features..];
            let mut at = 0;
            for x in x.chunks(PATCH) {
                let patch = &mut patch[..x.len()];
                center(x, channels.input_zero_point, patch);
                products(patch, filters, in_features, at, None, sums);
                if channels.weights_zero_point != 0 {
                    subtract_zero_point(patch, channels.weights_zero_point, sums);
                }
                at += x.len();
            }
        });
    }
}
