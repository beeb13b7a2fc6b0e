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

/// Checks the lists' lengths (`channels` results of `taps` products each), and that every sum
/// stays in int32: an input less its zero point is at most 255 in magnitude, so in any order of
/// summation nothing exceeds `|bias| + 255 · Σ|w| < 2^31`.
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
    for (channel, bias) in weights.bias.iter().enumerate() {
        let (start, step) = match order {
            Order::ChannelFirst => (channel * taps, 1),
            Order::ChannelLast => (channel, channels),
        };
        let own = weights.weights[start..].iter().step_by(step).take(taps);
        let sum: u64 = own.map(|w| u64::from(w.unsigned_abs())).sum();
        let bound = u64::from(bias.unsigned_abs()) + 255 * sum;
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
