//! Proof that no accumulator overflows.

use super::LowerError;
use crate::quantize::graph::{DType, QNode, QValue, Sums, Weights};
use tiivis_runtime::kernels::MAX_WIDE_SHIFT;

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

/// Most bits of a sum of int64 and of its sign: times a multiplier of 15 bits it still fits.
const MOST_WIDE_BITS: u32 = 47;

/// Checks the lists' lengths (`channels` results of `taps` products each), and that nothing leaves
/// int32: an input less its zero point is at most 255 in magnitude, of int16, whose zero point is 0,
/// 2^15, so in any order of summation no sum exceeds `|bias| + 255 · Σ|w|`, the weights less their
/// zero point. A positive shift is applied to the sum, and the zero point added after it. A sum of
/// int64 may have 47 bits, but what it becomes fits int32.
pub(super) fn prove(
    (node, input): (&QNode, &QValue),
    weights: &Weights,
    order: Order,
    channels: usize,
    taps: usize,
) -> Result<(), LowerError> {
    let reach: u64 = match input.dtype {
        DType::I16 => 1 << 15,
        DType::I8 | DType::I32 | DType::Bool => 255,
    };
    if weights.sums == Sums::Int64 && input.dtype != DType::I16 {
        return Err(LowerError::ElementType {
            node: node.name.clone(),
            value: input.name.clone(),
            expected: DType::I16.name().to_owned(),
            found: input.dtype.name(),
        });
    }
    if input.dtype != DType::I8 && weights.zero_point != 0 {
        return super::node::symmetric(node, weights);
    }
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
        let sum = bias
            .unsigned_abs()
            .saturating_add(reach.saturating_mul(sum));
        let bound = sum.saturating_mul(1u64.checked_shl(left_shift).unwrap_or(u64::MAX));
        let bound = bound.saturating_add(MOST_ZERO_POINT);
        let fits = match weights.sums {
            Sums::Int32 => bound < 1 << 31,
            Sums::Int64 => {
                let right_shift = u32::from(scale.shift.min(0).unsigned_abs());
                let result = bound >> right_shift;
                sum >> MOST_WIDE_BITS == 0 && result < 1 << 31 && scale.shift <= MAX_WIDE_SHIFT
            }
        };
        if !fits {
            return Err(LowerError::Accumulator {
                node: node.name.clone(),
                channel,
                bound,
            });
        }
    }
    Ok(())
}
