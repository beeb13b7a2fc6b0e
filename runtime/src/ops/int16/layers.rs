//! Layers with weights, and products of matrices.

use super::super::bounds::{Bounds, Constant};
use super::super::{channels, conv2d, mat_mul};
use crate::arena::Split;
use crate::blob::{Accumulate, Conv2d, Factor, MatMul, Source};
use crate::data::Data;
use crate::element::{elements, elements_mut};
use crate::fault::Fault;
use crate::kernels::{self, Bias, Direction, MAX_WIDE_SHIFT, Matrices, WideChannels};

pub(super) fn check(params: &Conv2d, bounds: &Bounds<'_>) -> Result<(), Fault> {
    conv2d::check_operands(params, bounds)?;
    let (accumulate, out_c) = (&params.accumulate, params.out_c);
    channels::check_scales(accumulate, out_c, bounds)?;
    if !is_wide(accumulate, out_c) {
        return bounds.int32(accumulate.bias, out_c).map(|_| ());
    }
    bounds.constant(accumulate.bias, &[out_c], Constant::Int64)?;
    let shifts = bounds.int8(accumulate.shifts, out_c)?;
    if shifts.iter().any(|&shift| shift > MAX_WIDE_SHIFT) {
        return Err(Fault::Shift);
    }
    Ok(())
}

/// Whether the bias holds int64.
fn is_wide(accumulate: &Accumulate, out_channels: u32) -> bool {
    accumulate.bias.len / 8 >= out_channels
}

#[inline(never)]
pub(super) fn run(params: &Conv2d, direction: Direction, arena: &mut [i8], data: Data<'_>) {
    let accumulate = &params.accumulate;
    let channels = WideChannels {
        bias: if is_wide(accumulate, params.out_c) {
            Bias::Int64(data.int64(accumulate.bias))
        } else {
            Bias::Int32(data.int32(accumulate.bias))
        },
        multipliers: data.int32(accumulate.multipliers),
        shifts: data.int8(accumulate.shifts),
        min: accumulate.min,
        max: accumulate.max,
    };
    let split = Split::around(arena, params.output);
    kernels::conv2d_int16(
        params,
        direction,
        elements(split.input(params.input)),
        data.int8(params.weights),
        &channels,
        elements_mut(split.output),
    );
}

pub(super) fn check_mat_mul(params: &MatMul, bounds: &Bounds<'_>) -> Result<(), Fault> {
    if params.output_scale.shift > MAX_WIDE_SHIFT {
        return Err(Fault::Shift);
    }
    mat_mul::check(params, bounds)
}

#[inline(never)]
pub(super) fn run_mat_mul(params: &MatMul, arena: &mut [i8], data: Data<'_>) {
    let split = Split::around(arena, params.output);
    let values = |factor: &Factor| match factor.source {
        Source::Arena(span) => elements(split.input(span)),
        Source::Data(span) => data.int16(span),
    };
    let (a, b) = (&params.a, &params.b);
    let depth = params.depth;
    let a = Matrices::new(a, values(a), !a.transposed, params.rows, depth);
    let b = Matrices::new(b, values(b), b.transposed, params.columns, depth);
    kernels::mat_mul_int16(params, a, b, elements_mut(split.output));
}
