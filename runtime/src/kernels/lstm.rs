//! Long short-term memory, int8 or int16, with an int16 cell.

use super::{dot, logistic, requantize, requantize_wide, saturate, tanh};
use crate::blob::Lstm;
use crate::element::Element;
use crate::index;

/// Gates: input, forget, cell, output.
pub const GATES: usize = 4;

/// Scales of an LSTM, in the order of [`LstmWeights::multipliers`].
pub const LSTM_SCALES: usize = 2 * GATES + 3;

/// What an LSTM reads and computes: int8 or int16.
pub trait LstmElement: Element {
    /// `bias + sum((x - zero_point) * filter)`, requantized and saturated to int16.
    fn layer(x: &[Self], filter: &[i8], zero_point: i32, bias: i32, scale: (i32, i8)) -> i16;
}

impl LstmElement for i8 {
    fn layer(x: &[Self], filter: &[i8], zero_point: i32, bias: i32, scale: (i32, i8)) -> i16 {
        let sum = dot(x, filter, zero_point, bias);
        saturate(requantize(sum, scale.0, scale.1))
    }
}

impl LstmElement for i16 {
    fn layer(x: &[Self], filter: &[i8], zero_point: i32, bias: i32, scale: (i32, i8)) -> i16 {
        let products = x.iter().zip(filter).map(|(&x, &weight)| {
            // A difference of 17 bits times one of 8.
            i64::from((i32::from(x) - zero_point) * i32::from(weight))
        });
        let sum = products.sum::<i64>() + i64::from(bias);
        saturate(requantize_wide(sum, scale.0, scale.1))
    }
}

/// The constants of a step.
#[derive(Clone, Copy, Debug)]
pub struct LstmWeights<'a> {
    /// `[4, units, in_features]`.
    pub input: &'a [i8],
    /// `[4, units, units]`.
    pub recurrent: &'a [i8],
    /// `[4, units]`.
    pub bias: &'a [i32],
    /// Of 11 scales: what a sum over the input becomes, per gate; what one over the hidden state
    /// becomes, per gate; of forget gate times cell, input gate times cell gate, output gate
    /// times cell.
    pub multipliers: &'a [i32],
    /// As many.
    pub shifts: &'a [i8],
}

impl LstmWeights<'_> {
    fn scale(&self, scale: usize) -> (i32, i8) {
        (self.multipliers[scale], self.shifts[scale])
    }

    /// A product of two Q0.15 numbers, or of one and the cell.
    fn product(&self, a: i16, b: i16, scale: usize) -> i32 {
        let (multiplier, shift) = self.scale(scale);
        requantize(i32::from(a) * i32::from(b), multiplier, shift)
    }

    /// The sum of a gate's two layers, Q3.12.
    fn gate<T: LstmElement>(
        &self,
        params: &Lstm,
        gate: usize,
        unit: usize,
        [x, hidden]: [&[T]; 2],
    ) -> i16 {
        let row = gate * index(params.units) + unit;
        let filter = &self.input[row * x.len()..][..x.len()];
        let zero_point = params.input_zero_point;
        let from_input = T::layer(x, filter, zero_point, self.bias[row], self.scale(gate));
        let filter = &self.recurrent[row * hidden.len()..][..hidden.len()];
        let zero_point = params.hidden_zero_point;
        let from_hidden = T::layer(hidden, filter, zero_point, 0, self.scale(GATES + gate));
        from_input.saturating_add(from_hidden)
    }
}

/// TFLM's `UNIDIRECTIONAL_SEQUENCE_LSTM` (`lstm_eval.h`, `EvalLstm` with an int16 cell): for every
/// sample and time step `cell = forget * cell + input * tanh(gate)` and
/// `hidden = output * tanh(cell)`.
///
/// `input` is `[batch, time, in_features]`, `output` `[batch, time, units]`, or the first two axes
/// the other way round; `hidden` and `cell`, `[batch, units]`, are what the run before left, and
/// what this one leaves.
#[inline(never)]
pub fn lstm<T: LstmElement>(
    params: &Lstm,
    input: &[T],
    weights: &LstmWeights<'_>,
    hidden: &mut [T],
    cell: &mut [i16],
    output: &mut [T],
) {
    let [batch, time, in_features, units] =
        [params.batch, params.time, params.in_features, params.units].map(index);
    let samples = hidden
        .chunks_exact_mut(units)
        .zip(cell.chunks_exact_mut(units));
    for (sample, (hidden, cell)) in samples.enumerate() {
        for at in 0..time {
            let row = if params.is_time_major {
                at * batch + sample
            } else {
                sample * time + at
            };
            let x = &input[row * in_features..][..in_features];
            let new = &mut output[row * units..][..units];
            for (unit, (new, cell)) in new.iter_mut().zip(&mut *cell).enumerate() {
                let gate = |gate| weights.gate(params, gate, unit, [x, hidden]);
                *new = unit_step(params, weights, [gate(0), gate(1), gate(2), gate(3)], cell);
            }
            hidden.copy_from_slice(new);
        }
    }
}

/// The new value of a unit, from the sums of its gates; its cell changes.
fn unit_step<T: LstmElement>(
    params: &Lstm,
    weights: &LstmWeights<'_>,
    [enter, forget, candidate, leave]: [i16; GATES],
    cell: &mut i16,
) -> T {
    let [enter, forget, leave] = [enter, forget, leave].map(|gate| logistic(units_of(gate)));
    let candidate = tanh(units_of(candidate));
    let kept: i16 = saturate(weights.product(forget, *cell, 2 * GATES));
    let new: i16 = saturate(weights.product(enter, candidate, 2 * GATES + 1));
    let sum = kept.saturating_add(new);
    // Not `clamp`, which would bring its assertion along.
    *cell = sum.min(params.cell_max).max(params.cell_min);
    let shown = tanh(scaled_units_of(*cell, params.cell_bits));
    let product = weights.product(shown, leave, 2 * GATES + 2);
    saturate(product.wrapping_add(params.hidden_zero_point))
}

/// Q3.12 in units of 1/12288.
fn units_of(x: i16) -> i32 {
    3 * i32::from(x)
}

/// A number of scale `2^(bits - 12)` in units of 1/12288, rounded half up; `bits` is in `-15..=14`.
fn scaled_units_of(x: i16, bits: i8) -> i32 {
    let x = units_of(x);
    if bits >= 0 {
        x << bits
    } else {
        (x + (1 << !bits)) >> bits.unsigned_abs()
    }
}
