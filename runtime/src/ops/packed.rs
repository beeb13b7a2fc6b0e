//! Products with packed weights.

use super::bounds::{Bounds, Constant, apart};
use super::window;
use crate::arena::disjoint;
use crate::blob::{Finish, Packed, PackedConv2d, PackedDense, Span};
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels::{self, CONV_BLOCK, DENSE_BLOCK};

pub(super) fn check_conv2d(params: &PackedConv2d, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let PackedConv2d {
        window,
        in_c,
        out_c,
        ..
    } = params;
    window::check(window)?;
    bounds.activation(params.input, &[window.in_h, window.in_w, *in_c])?;
    bounds.activation(params.output, &[window.out_h, window.out_w, *out_c])?;
    bounds.zero_point(params.input_zero_point)?;
    let columns = params.columns().ok_or(Fault::Length)?;
    let stream_bytes = columns.stream_bytes(CONV_BLOCK, *out_c, params.packed.finish);
    let spans = [params.input, params.output];
    let bytes = [stream_bytes, Some(columns.conv_scratch_bytes(window))];
    check_packed(&params.packed, spans, bytes, bounds)
}

pub(super) fn check_dense(params: &PackedDense, bounds: &Bounds<'_>) -> Result<(), Fault> {
    bounds.activation(params.input, &[params.in_features])?;
    bounds.activation(params.output, &[params.out_features])?;
    let columns = params.columns().ok_or(Fault::Length)?;
    let stream_bytes = columns.stream_bytes(DENSE_BLOCK, params.out_features, params.packed.finish);
    let spans = [params.input, params.output];
    let bytes = [stream_bytes, Some(columns.dense_scratch_bytes())];
    check_packed(&params.packed, spans, bytes, bounds)
}

/// Bytes of stream and scratch, and what finishes sums.
fn check_packed(
    packed: &Packed,
    [input, output]: [Span; 2],
    [stream_bytes, scratch_bytes]: [Option<u32>; 2],
    bounds: &Bounds<'_>,
) -> Result<(), Fault> {
    let stream_bytes = stream_bytes.ok_or(Fault::Length)?;
    bounds.constant(packed.stream, &[stream_bytes], Constant::Weights)?;
    let scratch_bytes = scratch_bytes.ok_or(Fault::Length)?;
    bounds.scratch(packed.scratch, scratch_bytes, &[input, output])?;
    match packed.finish {
        Finish::Twin { shift } if shift > kernels::MOST_TWIN_SHIFT => return Err(Fault::Shift),
        Finish::Twin { .. } | Finish::Rounded => {}
    }
    bounds.ordered(packed.min, packed.max)?;
    apart(input, output)
}

pub(super) fn run_conv2d(params: &PackedConv2d, arena: &mut [i8], data: Data<'_>) {
    let Some(columns) = params.columns() else {
        // `check` refuses them.
        return;
    };
    let (stream, parts) = parts(&params.packed, [params.input, params.output], arena, data);
    let [input, scratch, output] = parts;
    kernels::packed_conv2d(params, columns, input, stream, scratch, output);
}

pub(super) fn run_dense(params: &PackedDense, arena: &mut [i8], data: Data<'_>) {
    let Some(columns) = params.columns() else {
        return;
    };
    let (stream, parts) = parts(&params.packed, [params.input, params.output], arena, data);
    let [input, scratch, output] = parts;
    kernels::packed_dense(params, columns, input, stream, scratch, output);
}

/// The stream; input, scratch and output.
fn parts<'a, 'd>(
    packed: &Packed,
    [input, output]: [Span; 2],
    arena: &'a mut [i8],
    data: Data<'d>,
) -> (&'d [i32], [&'a mut [i8]; 3]) {
    let parts = disjoint(arena, [input, packed.scratch, output]);
    (data.int32(packed.stream), parts)
}
