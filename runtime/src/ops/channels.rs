//! Bias and requantization of the layers with weights.

use super::bounds::{Bounds, multiplier_and_shift};
use crate::blob::Accumulate;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels::Channels;

pub(super) fn check(
    params: &Accumulate,
    out_channels: u32,
    bounds: &Bounds<'_>,
) -> Result<(), Fault> {
    bounds.int32(params.bias, out_channels)?;
    check_scales(params, out_channels, bounds)
}

/// All but the bias.
pub(super) fn check_scales(
    params: &Accumulate,
    out_channels: u32,
    bounds: &Bounds<'_>,
) -> Result<(), Fault> {
    let multipliers = bounds.int32(params.multipliers, out_channels)?;
    let shifts = bounds.int8(params.shifts, out_channels)?;
    for (&multiplier, &shift) in multipliers.iter().zip(shifts) {
        multiplier_and_shift(multiplier, shift)?;
    }
    bounds.zero_point(params.input_zero_point)?;
    bounds.zero_point(params.weights_zero_point)?;
    bounds.zero_point(params.output_zero_point)?;
    bounds.ordered(params.min, params.max)
}

/// [`check`] for operators that take symmetric weights only.
pub(super) fn check_symmetric(
    params: &Accumulate,
    out_channels: u32,
    bounds: &Bounds<'_>,
) -> Result<(), Fault> {
    if params.weights_zero_point != 0 {
        return Err(Fault::ZeroPoint);
    }
    check(params, out_channels, bounds)
}

pub(super) fn channels<'a>(params: &Accumulate, data: Data<'a>) -> Channels<'a> {
    Channels {
        bias: data.int32(params.bias),
        multipliers: data.int32(params.multipliers),
        shifts: data.int8(params.shifts),
        input_zero_point: params.input_zero_point,
        weights_zero_point: params.weights_zero_point,
        output_zero_point: params.output_zero_point,
        min: params.min,
        max: params.max,
    }
}
