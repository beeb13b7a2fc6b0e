//! Proof that no accumulator overflows.

use super::LowerError;
use crate::quantize::graph::{QNode, Weights};

/// Order of weights in memory.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// All weights of an output channel, then those of the next.
    ChannelFirst,
    /// One weight of every output channel, then the next of every.
    ChannelLast,
}

/// Most that an output's zero point adds to a rescaled sum, in magnitude.
const MOST_ZERO_POINT: u64 = 128;

/// Checks the lists' lengths (`channels` results of `taps` products each), and that nothing leaves
/// int32: an input less its zero point is at most 255 in magnitude, so in any order of summation
/// no sum exceeds `|bias| + 255 · Σ|w|`, the weights less their zero point. A positive shift is applied to the sum, and the zero
/// point added after it.
pub(super) fn prove(
    node: &QNode,
    weights: &Weights,
    order: Order,
    channels: usize,
    taps: usize,
) -> Result<(), LowerError> {
    let expected = channels.checked_mul(taps).ok_or(LowerError::TooLarge {
        name: node.name.clone(),
        what: "the number of weights",
    })?;
    let lists = [
        ("weights", expected, weights.weights.len()),
        ("biases", channels, weights.bias.len()),
        ("scales", channels, weights.scales.len()),
    ];
    for (what, expected, found) in lists {
        if expected != found || found == 0 {
            return Err(LowerError::Mismatch {
                node: node.name.clone(),
                what,
                expected,
                found,
            });
        }
    }
    for (channel, (bias, scale)) in weights.bias.iter().zip(&weights.scales).enumerate() {
        let (start, step) = match order {
            Order::ChannelFirst => (channel * taps, 1),
            Order::ChannelLast => (channel, channels),
        };
        let own = weights.weights[start..].iter().step_by(step).take(taps);
        let sum: u64 = own
            .map(|&w| u64::from((i32::from(w) - weights.zero_point).unsigned_abs()))
            .sum();
        let left_shift = u32::try_from(scale.shift).unwrap_or(0);
        let sum = u64::from(bias.unsigned_abs()) + 255 * sum;
        let bound = sum.saturating_mul(1u64.checked_shl(left_shift).unwrap_or(u64::MAX));
        let bound = bound.saturating_add(MOST_ZERO_POINT);
        if bound >= 1 << 31 {
            return Err(LowerError::Accumulator {
                node: node.name.clone(),
                channel,
                bound,
            });
        }
    }
    Ok(())
}
