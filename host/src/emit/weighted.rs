//! Layers with weights.

use super::EmitError;
use super::data::Data;
use super::steps::Ends;
use crate::ir::{TransposedWindow2d, Window2d};
use crate::lower::{count, one_tap, rows_and_depth, transposed_window, window};
use crate::quantize::graph::{DType, QClamp, Sums, Weights};
use tiivis_runtime::blob::{self, Accumulate, Conv2d, Dense, DepthwiseConv2d, Op};

/// What turns a layer's sums into its results.
type Layer<'a> = (&'a Weights, QClamp);

pub(super) fn conv2d(
    data: &mut Data,
    ends: &Ends<'_>,
    geometry: &Window2d,
    groups: usize,
    layer: Layer<'_>,
) -> Result<Op, EmitError> {
    let window = window(ends.node, geometry, &ends.from.shape, &ends.to.shape)?;
    Ok(Op::Conv2d(convolution(data, ends, window, groups, layer)?))
}

pub(super) fn transpose_conv2d(
    data: &mut Data,
    ends: &Ends<'_>,
    geometry: &TransposedWindow2d,
    groups: usize,
    layer: Layer<'_>,
) -> Result<Op, EmitError> {
    let window = transposed_window(ends.node, geometry, &ends.from.shape, &ends.to.shape)?;
    let params = convolution(data, ends, window, groups, layer)?;
    Ok(Op::TransposeConv2d(params))
}

fn convolution(
    data: &mut Data,
    ends: &Ends<'_>,
    window: blob::Window2d,
    groups: usize,
    layer: Layer<'_>,
) -> Result<Conv2d, EmitError> {
    let Ends { node, from, to, .. } = *ends;
    Ok(Conv2d {
        input: ends.input,
        output: ends.output,
        weights: data.weights(&layer.0.weights)?,
        window,
        in_c: rows_and_depth(node, &from.shape)?.1,
        out_c: rows_and_depth(node, &to.shape)?.1,
        groups: count(node, "the number of groups", groups)?,
        accumulate: accumulate(data, ends, layer)?,
    })
}

/// A depthwise convolution; of one channel it is an ordinary one, which is the same sums by the faster
/// kernel (`micro_speech` on a Cortex-M4: 2.9 million instructions in all instead of 6.8).
pub(super) fn depthwise(
    data: &mut Data,
    ends: &Ends<'_>,
    geometry: &Window2d,
    layer: Layer<'_>,
) -> Result<Op, EmitError> {
    let Ends { node, from, to, .. } = *ends;
    let (_, in_c) = rows_and_depth(node, &from.shape)?;
    let (_, out_c) = rows_and_depth(node, &to.shape)?;
    // A group for each input channel; int16 has no kernel of its own for it.
    if to.dtype == DType::I16 || in_c == 1 && out_c > 1 {
        let layer = (&channel_first(layer.0), layer.1);
        let groups = from.shape.last().copied().unwrap_or(1);
        return conv2d(data, ends, geometry, groups, layer);
    }
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
    if ends.to.dtype == DType::I16 {
        let window = one_tap(rows);
        return Ok(Op::Conv2d(convolution(data, ends, window, 1, layer)?));
    }
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

/// Weights `[taps, out]` as `[out, taps]`.
fn channel_first(weights: &Weights) -> Weights {
    let channels = weights.bias.len();
    let of = |channel| {
        weights
            .weights
            .iter()
            .skip(channel)
            .step_by(channels.max(1))
    };
    Weights {
        weights: (0..channels).flat_map(of).copied().collect(),
        ..weights.clone()
    }
}

fn accumulate(
    data: &mut Data,
    ends: &Ends<'_>,
    (weights, clamp): Layer<'_>,
) -> Result<Accumulate, EmitError> {
    let bias = match weights.sums {
        Sums::Int64 => data.int64(weights.bias.iter().copied())?,
        Sums::Int32 => {
            let bias = weights.bias.iter().map(|&bias| i32::try_from(bias));
            let bias: Result<Vec<i32>, _> = bias.collect();
            data.int32(bias.map_err(|_| EmitError::TooLarge)?)?
        }
    };
    let shifts: Vec<i8> = weights.scales.iter().map(|scale| scale.shift).collect();
    let multipliers = weights.scales.iter().map(|scale| scale.multiplier);
    Ok(Accumulate {
        bias,
        multipliers: data.int32(multipliers)?,
        shifts: data.int8(&shifts)?,
        input_zero_point: ends.from.params.zero_point,
        weights_zero_point: weights.zero_point,
        output_zero_point: ends.to.params.zero_point,
        min: clamp.min,
        max: clamp.max,
    })
}
