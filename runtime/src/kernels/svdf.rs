//! A layer of filters with a memory, each a product of a filter over the input and one over time.

use super::{dot, requantize, saturate};
use crate::blob::Svdf;
use crate::element::Element;
use crate::index;

/// The constants of a step.
#[derive(Clone, Copy, Debug)]
pub struct SvdfWeights<'a, T> {
    /// `[units * rank, in_features]`.
    pub weights: &'a [i8],
    /// `[units * rank, memory]`.
    pub time_weights: &'a [T],
    /// One per unit.
    pub bias: &'a [i32],
}

/// One step of TFLite's `SVDF` (TFLM's `svdf_common.cc`, `EvalIntegerSvdfReference`).
///
/// Per filter `f` the oldest of `memory` values leaves `state`, and
/// `requantize(sum((input[i] - input_zero_point) * weights[f, i]))` comes. A unit is
/// `requantize(bias + sum((state[f, m] - state_zero_point) * time_weights[f, m]))` over its `rank`
/// filters, plus the zero point, clamped.
///
/// `input` is `[batch, in_features]`, `state` `[batch, units * rank, memory]`, oldest first,
/// `output` `[batch, units]`. Sums wrap, as they do in the reference.
#[inline(never)]
pub fn svdf<T: Element>(
    params: &Svdf,
    input: &[i8],
    weights: &SvdfWeights<'_, T>,
    state: &mut [T],
    output: &mut [i8],
) {
    let SvdfWeights {
        weights,
        time_weights,
        bias,
    } = *weights;
    let [in_features, memory, rank] = [params.in_features, params.memory, params.rank].map(index);
    let unit_state = rank * memory;
    let samples = input
        .chunks_exact(in_features)
        .zip(output.chunks_exact_mut(bias.len()))
        .zip(state.chunks_exact_mut(bias.len() * unit_state));
    for ((x, units), state) in samples {
        let filters = weights.chunks_exact(rank * in_features);
        let time = time_weights.chunks_exact(unit_state);
        let state = state.chunks_exact_mut(unit_state);
        let of_units = units.iter_mut().zip(bias).zip(filters.zip(time)).zip(state);
        for (((unit, &bias), (filters, time)), state) in of_units {
            let mut sum = bias;
            let filters = filters.chunks_exact(in_features);
            let time = time.chunks_exact(memory);
            for ((filter, time), state) in filters.zip(time).zip(state.chunks_exact_mut(memory)) {
                let product = dot(x, filter, params.input_zero_point, 0);
                let scale = params.state_scale;
                let product = requantize(product, scale.multiplier, scale.shift);
                state.copy_within(1.., 0);
                if let Some(newest) = state.last_mut() {
                    // The sum wraps, as the reference's cast does.
                    let product: i32 = saturate::<T>(product).into();
                    *newest = T::from_low(params.state_zero_point.wrapping_add(product));
                }
                sum = state.iter().zip(time).fold(sum, |sum, (&value, &weight)| {
                    let value: i32 = value.into();
                    let weight: i32 = weight.into();
                    let value = value.wrapping_sub(params.state_zero_point);
                    sum.wrapping_add(value.wrapping_mul(weight))
                });
            }
            let scale = params.output_scale;
            let result = requantize(sum, scale.multiplier, scale.shift)
                .wrapping_add(params.output_zero_point);
            *unit = saturate(result);
        }
    }
}
