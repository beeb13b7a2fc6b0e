//! A layer of filters with a memory.

use super::bounds::{Bounds, Constant, apart, scale, value_of, zero_point};
use crate::arena::disjoint;
use crate::blob::{DType, Svdf};
use crate::data::Data;
use crate::element::{Element, elements, elements_mut};
use crate::fault::Fault;
use crate::kernels::{self, SvdfWeights};

pub(super) fn check(params: &Svdf, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let Svdf {
        batch,
        in_features,
        units,
        rank,
        memory,
        dtype,
        ..
    } = *params;
    if !matches!(dtype, DType::I8 | DType::I16) {
        return Err(Fault::DType);
    }
    let filters = units.checked_mul(rank).ok_or(Fault::Length)?;
    bounds.activation(params.input, &[batch, in_features])?;
    bounds.activation(params.output, &[batch, units])?;
    bounds.tensor(params.state, &[batch, filters, memory], dtype)?;
    bounds.constant(params.weights, &[filters, in_features], Constant::Weights)?;
    bounds.constant(
        params.time_weights,
        &[filters, memory],
        Constant::Element(dtype),
    )?;
    bounds.int32(params.bias, units)?;
    apart(params.input, params.output)?;
    apart(params.input, params.state)?;
    apart(params.state, params.output)?;
    zero_point(params.input_zero_point)?;
    value_of(dtype, params.state_zero_point)?;
    zero_point(params.output_zero_point)?;
    scale(params.state_scale)?;
    scale(params.output_scale)
}

#[inline(never)]
pub(super) fn run(params: &Svdf, arena: &mut [i8], data: Data<'_>) {
    match params.dtype {
        DType::I8 => run_of::<i8>(params, arena, data),
        DType::I16 => run_of::<i16>(params, arena, data),
        // `check` refuses them.
        DType::I32 | DType::Bool => {}
    }
}

fn run_of<T: Element>(params: &Svdf, arena: &mut [i8], data: Data<'_>) {
    let [input, state, output] = disjoint(arena, [params.input, params.state, params.output]);
    let weights = SvdfWeights {
        weights: data.int8(params.weights),
        time_weights: elements::<T>(data.int8(params.time_weights)),
        bias: data.int32(params.bias),
    };
    kernels::svdf(params, input, &weights, elements_mut(state), output);
}
