//! Depthwise convolution by planes.

use super::bounds::{Bounds, apart, elements};
use super::window;
use crate::arena::disjoint;
use crate::blob::{DepthwisePlanes, PlaneRounding};
use crate::data::Data;
use crate::element::elements_mut;
use crate::fault::Fault;
use crate::index;
use crate::kernels::{self, PlaneGeometry, RECORD_WORDS, Tensors};

pub(super) fn check(params: &DepthwisePlanes, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let DepthwisePlanes {
        window, channels, ..
    } = params;
    window::check(window)?;
    bounds.activation(params.input, &[window.in_h, window.in_w, *channels])?;
    bounds.activation(params.output, &[window.out_h, window.out_w, *channels])?;
    let plane = PlaneGeometry::of(window, params.is_turned).ok_or(Fault::Geometry)?;
    let scratch_bytes = plane.scratch_bytes().ok_or(Fault::Geometry)?;
    let tensors = [params.input, params.output];
    bounds.scratch(params.scratch, scratch_bytes, &tensors)?;
    if !is_in_place(params) {
        apart(params.input, params.output)?;
    }
    bounds.zero_point(params.input_zero_point)?;
    // 6 words of 32 bits.
    let records = bounds.int32(params.records, elements(&[*channels, 6])?)?;
    match params.rounding {
        PlaneRounding::Upper4 | PlaneRounding::Upper8 => Ok(()),
        PlaneRounding::Twice => records.chunks_exact(RECORD_WORDS).try_for_each(exponent),
    }
}

/// The exponent of a record is one that int32 can be shifted by.
fn exponent(record: &[i32]) -> Result<(), Fault> {
    let [_, exponent, _, _] = record.last().copied().unwrap_or(0).to_le_bytes();
    match (1..=30).contains(&exponent) {
        true => Ok(()),
        false => Err(Fault::Shift),
    }
}

/// Channel by channel, a result lies on bytes of its own channel.
fn is_in_place(params: &DepthwisePlanes) -> bool {
    params.input.offset == params.output.offset && params.output.len <= params.input.len
}

#[inline(never)]
pub(super) fn run(params: &DepthwisePlanes, arena: &mut [i8], data: Data<'_>) {
    let records = data.int32(params.records);
    let DepthwisePlanes {
        input,
        output,
        scratch,
        ..
    } = *params;
    let run = |tensors: Tensors<'_>, scratch: &mut [i8]| {
        kernels::depthwise_planes(params, tensors, records, elements_mut(scratch));
    };
    if is_in_place(params) {
        let [both, scratch] = disjoint(arena, [input, scratch]);
        run(Tensors::InPlace(index(output.len), both), scratch);
    } else {
        let [input, output, scratch] = disjoint(arena, [input, output, scratch]);
        run(Tensors::Apart(input, output), scratch);
    }
}
