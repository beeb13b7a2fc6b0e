//! Long short-term memory.

use super::bounds::{Bounds, Constant, apart, multiplier_and_shift, value_of};
use crate::arena::disjoint;
use crate::blob::{DType, Lstm, Span};
use crate::data::Data;
use crate::element::elements_mut;
use crate::fault::Fault;
use crate::kernels::{self, GATES, LSTM_SCALES, LstmElement, LstmWeights, MAX_WIDE_SHIFT};

pub(super) fn check(params: &Lstm, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let Lstm {
        batch,
        time,
        in_features,
        units,
        dtype,
        ..
    } = *params;
    if !matches!(dtype, DType::I8 | DType::I16) {
        return Err(Fault::DType);
    }
    bounds.tensor(params.input, &[batch, time, in_features], dtype)?;
    bounds.tensor(params.output, &[batch, time, units], dtype)?;
    bounds.tensor(params.hidden, &[batch, units], dtype)?;
    bounds.tensor(params.cell, &[batch, units], DType::I16)?;
    let weights = |span, depth| bounds.constant(span, &[4, units, depth], Constant::Weights);
    weights(params.input_weights, in_features)?;
    weights(params.recurrent_weights, units)?;
    bounds.constant(params.bias, &[4, units], Constant::Int32)?;
    check_scales(params, bounds)?;
    let spans: [Span; 4] = [params.input, params.output, params.hidden, params.cell];
    for (at, &span) in spans.iter().enumerate() {
        for &other in &spans[..at] {
            apart(span, other)?;
        }
    }
    value_of(dtype, params.input_zero_point)?;
    value_of(dtype, params.hidden_zero_point)?;
    if params.cell_min > params.cell_max {
        return Err(Fault::Bounds);
    }
    if (-15..=14).contains(&params.cell_bits) {
        Ok(())
    } else {
        Err(Fault::Shift)
    }
}

/// Multipliers and shifts are in the ranges of what they scale.
fn check_scales(params: &Lstm, bounds: &Bounds<'_>) -> Result<(), Fault> {
    const SCALES: u32 = 11;
    const { assert!(crate::index(SCALES) == LSTM_SCALES) };
    let multipliers = bounds.int32(params.multipliers, SCALES)?;
    let shifts = bounds.int8(params.shifts, SCALES)?;
    for (at, (&multiplier, &shift)) in multipliers.iter().zip(shifts).enumerate() {
        multiplier_and_shift(multiplier, shift)?;
        let is_wide = params.dtype == DType::I16 && at < 2 * GATES;
        if is_wide && shift > MAX_WIDE_SHIFT {
            return Err(Fault::Shift);
        }
    }
    Ok(())
}

#[inline(never)]
pub(super) fn run(params: &Lstm, arena: &mut [i8], data: Data<'_>) {
    match params.dtype {
        DType::I8 => run_of::<i8>(params, arena, data),
        DType::I16 => run_of::<i16>(params, arena, data),
        // `check` refuses them.
        DType::I32 | DType::Bool => {}
    }
}

fn run_of<T: LstmElement>(params: &Lstm, arena: &mut [i8], data: Data<'_>) {
    let spans = [params.input, params.hidden, params.cell, params.output];
    let [input, hidden, cell, output] = disjoint(arena, spans);
    let weights = LstmWeights {
        input: data.int8(params.input_weights),
        recurrent: data.int8(params.recurrent_weights),
        bias: data.int32(params.bias),
        multipliers: data.int32(params.multipliers),
        shifts: data.int8(params.shifts),
    };
    let [input, hidden, output] = [input, hidden, output].map(elements_mut::<T>);
    kernels::lstm(params, input, &weights, hidden, elements_mut(cell), output);
}
