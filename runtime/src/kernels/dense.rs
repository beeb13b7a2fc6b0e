//! Fully connected layer.

use super::{Channels, dot};
use crate::blob::Dense;
use crate::index;

/// `output[r, o] = finish(bias[o] + sum((input[r, i] - input_zero_point) * weights[o, i]))`.
///
/// TFLite's `FULLY_CONNECTED` (`reference/integer_ops/fully_connected.h`) with symmetric weights.
///
/// `input` is `[rows, in_features]`, `weights` `[out_features, in_features]`, `output`
/// `[rows, out_features]`, each value of the full int8 range.
pub fn dense(
    params: &Dense,
    input: &[i8],
    weights: &[i8],
    channels: &Channels<'_>,
    output: &mut [i8],
) {
    let in_features = index(params.in_features);
    let rows = input
        .chunks_exact(in_features)
        .zip(output.chunks_exact_mut(index(params.out_features)));
    for (x, row) in rows {
        let outputs = row.iter_mut().zip(weights.chunks_exact(in_features));
        for ((out, w), channel) in outputs.zip(channels.iter()) {
            let sum = dot(x, w, channels.input_zero_point, channel.bias);
            *out = channels.finish(channel, sum);
        }
    }
}
