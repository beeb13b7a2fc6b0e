//! Layers with weights.

use super::EmitError;
use super::data::Data;
use super::steps::Ends;
use crate::ir::{TransposedWindow2d, Window2d};
use crate::lower::{count, rows_and_depth, transposed_window, window};
use crate::quantize::graph::{QClamp, Weights};
use tiivis_runtime::blob::{Accumulate, Conv2d, Dense, DepthwiseConv2d, Op, TransposeConv2d};

/// What turns a layer's sums into its results.
type Layer<'a> = (&'a Weights, QClamp);

pub(super) fn conv2d(
    data: &mut Data,
    ends: &Ends<'_>,
    geometry: &Window2d,
    groups: usize,
    layer: Layer<'_>,
) -> Result<Op, EmitError> {
    let Ends { node, from, to, .. } = *ends;
    Ok(Op::Conv2d(Conv2d {
        input: ends.input,
        output: ends.output,
        weights: data.weights(&layer.0.weights)?,
        window: window(node, geometry, &from.shape, &to.shape)?,
        in_c: rows_and_depth(node, &from.shape)?.1,
        out_c: rows_and_depth(node, &to.shape)?.1,
        groups: count(node, "the number of groups", groups)?,
        accumulate: accumulate(data, ends, layer)?,
    }))
}

pub(super) fn transpose_conv2d(
    data: &mut Data,
    ends: &Ends<'_>,
    geometry: &TransposedWindow2d,
    groups: usize,
    layer: Layer<'_>,
) -> Result<Op, EmitError> {
    let Ends { node, from, to, .. } = *ends;
    Ok(Op::TransposeConv2d(TransposeConv2d {
        input: ends.input,
        output: ends.output,
        weights: data.weights(&layer.0.weights)?,
        window: transposed_window(node, geometry, &from.shape, &to.shape)?,
        in_c: rows_and_depth(node, &from.shape)?.1,
        out_c: rows_and_depth(node, &to.shape)?.1,
        groups: count(node, "the number of groups", groups)?,
        accumulate: accumulate(data, ends, layer)?,
    }))
}

pub(super) fn depthwise(
    data: &mut Data,
    ends: &Ends<'_>,
    geometry: &Window2d,
    layer: Layer<'_>,
) -> Result<Op, EmitError> {
    let Ends { node, from, to, .. } = *ends;
    let (_, in_c) = rows_and_depth(node, &from.shape)?;
    let (_, out_c) = rows_and_depth(node, &to.shape)?;
    Ok(Op::DepthwiseConv2d(DepthwiseConv2d {
        input: ends.input,
        output: ends.output,
        weights: data.weights(&layer.0.weights)?,
        window: window(node, geometry, &from.shape, &to.shape)?,
        in_c,
        multiplier: out_c / in_c.max(1),
        accumulate: accumulate(data, ends, layer)?,
    }))
}

pub(super) fn dense(data: &mut Data, ends: &Ends<'_>, layer: Layer<'_>) -> Result<Op, EmitError> {
    let (rows, in_features) = rows_and_depth(ends.node, &ends.from.shape)?;
    Ok(Op::Dense(Dense {
        input: ends.input,
        output: ends.output,
        weights: data.weights(&layer.0.weights)?,
        rows,
        in_features,
        out_features: rows_and_depth(ends.node, &ends.to.shape)?.1,
        accumulate: accumulate(data, ends, layer)?,
    }))
}

fn accumulate(
    data: &mut Data,
    ends: &Ends<'_>,
    (weights, clamp): Layer<'_>,
) -> Result<Accumulate, EmitError> {
    let shifts: Vec<i8> = weights.scales.iter().map(|scale| scale.shift).collect();
    let multipliers = weights.scales.iter().map(|scale| scale.multiplier);
    Ok(Accumulate {
        bias: data.int32(weights.bias.iter().copied())?,
        multipliers: data.int32(multipliers)?,
        shifts: data.int8(&shifts)?,
        input_zero_point: ends.from.params.zero_point,
        weights_zero_point: weights.zero_point,
        output_zero_point: ends.to.params.zero_point,
        min: clamp.min,
        max: clamp.max,
    })
}
