//! Functions of one number, and softmax.

use super::super::bounds::{Bounds, scale};
use super::super::in_place;
use crate::blob::{Curve, Slopes, Softmax16, Span};
use crate::data::Data;
use crate::element::elements_mut;
use crate::fault::Fault;
use crate::kernels;

/// Longest row of a softmax: the sum of as many exponentials fits int32.
const MAX_DEPTH: u32 = 0xffff;

pub(super) fn check_slopes(params: &Slopes, bounds: &Bounds<'_>) -> Result<(), Fault> {
    scale(params.positive)?;
    scale(params.negative)?;
    bounds.ordered(params.min, params.max)?;
    in_place::check(params.input, params.output, bounds)
}

pub(super) fn check_curve(params: &Curve, bounds: &Bounds<'_>) -> Result<(), Fault> {
    if params.multiplier < 0 {
        return Err(Fault::Multiplier);
    }
    if params.shift > 31 {
        return Err(Fault::Shift);
    }
    in_place::check(params.input, params.output, bounds)
}

pub(super) fn curve(params: &Curve, function: fn(i32) -> i16, arena: &mut [i8]) {
    kernels::curve(params, function, values(arena, params.input, params.output));
}

pub(super) fn check_softmax(params: &Softmax16, bounds: &Bounds<'_>) -> Result<(), Fault> {
    bounds.activation(params.input, &[params.rows, params.depth])?;
    in_place::check(params.input, params.output, bounds)?;
    if params.depth > MAX_DEPTH {
        return Err(Fault::Length);
    }
    scale(params.scale)?;
    for span in [params.exponentials, params.reciprocals] {
        let table = bounds.int16(span, kernels::TABLE_LEN)?;
        if table.iter().any(|&entry| entry < 0) {
            return Err(Fault::Table);
        }
    }
    // The last is exp(0), which keeps every sum from 0.
    let exponentials = bounds.int16(params.exponentials, kernels::TABLE_LEN)?;
    if exponentials.last() == Some(&i16::MAX) {
        Ok(())
    } else {
        Err(Fault::Table)
    }
}

pub(super) fn softmax(params: &Softmax16, arena: &mut [i8], data: Data<'_>) {
    kernels::softmax_int16(
        params.scale,
        data.int16(params.exponentials),
        data.int16(params.reciprocals),
        params.depth,
        values(arena, params.input, params.output),
    );
}

/// The output, holding a copy of the input.
pub(super) fn values(arena: &mut [i8], input: Span, output: Span) -> &mut [i16] {
    elements_mut(in_place::copied(arena, input, output))
}
