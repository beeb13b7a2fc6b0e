//! Channels that are the same number for every input and at every place.

use super::layer::Layer;
use crate::ir::Window2d;
use crate::quantize::graph::{QGraph, QNode, QOp};
use std::collections::BTreeSet;

/// The numbers of the output channels of a layer that mixes all input channels, where they are
/// constant: a filter of zeros, or sums that all end at one side of the clamp.
pub(super) fn of_layer(layer: &Layer<'_>) -> Vec<Option<i32>> {
    let channels = layer.weights.bias.len();
    let taps = layer.weights.weights.len() / channels;
    let constant = |channel| {
        let sums = layer.any_sum(channel, channel * taps, 1, taps);
        layer.result_of_all(channel, sums)
    };
    (0..channels).map(constant).collect()
}

/// The numbers behind a node that keeps channels apart; none if it does not, or where that is not
/// known.
pub(super) fn behind(
    graph: &QGraph,
    node: &QNode,
    constants: &[Option<i32>],
) -> Option<Vec<Option<i32>>> {
    let (input, output) = (graph.value(node.inputs[0]), graph.value(node.output));
    let channels = constants.len();
    let each = |f: &dyn Fn(i32) -> Option<i32>| {
        Some(
            constants
                .iter()
                .map(|constant| constant.and_then(f))
                .collect(),
        )
    };
    match &node.op {
        QOp::DepthwiseConv2d { window, .. } => {
            let layer = Layer::of(graph, node)?;
            let taps = layer.weights.weights.len() / channels;
            let is_image = [&input.shape, &output.shape].map(|shape| (shape.len(), shape.last()))
                == [(4, Some(&channels)); 2];
            (is_image && taps == window.kernel[0] * window.kernel[1])
                .then(|| of_depthwise(&layer, window, [&input.shape, &output.shape], constants))
        }
        QOp::MaxPool2d { clamp, .. } | QOp::AvgPool2d { clamp, .. } => {
            each(&|x| Some(x.clamp(clamp.min.into(), clamp.max.into())))
        }
        QOp::Lut { table } => each(&|x| {
            let index = usize::try_from(x + 128).ok()?;
            table.get(index).map(|&y| y.into())
        }),
        // Channels stay where they are if they are still last, alone or side by side.
        QOp::Reshape => (output.shape.last()?.is_multiple_of(channels)).then(|| constants.to_vec()),
        QOp::Pad {
            before,
            after,
            value,
        } => (before.last() == Some(&0) && after.last() == Some(&0))
            .then(|| each(&|x| (x == i32::from(*value)).then_some(x)))?,
        // Nothing else is known to keep channels apart.
        _ => None,
    }
}

/// A channel behind its filter: the same number if all kinds of border agree, or whatever goes in.
fn of_depthwise(
    layer: &Layer<'_>,
    window: &Window2d,
    [input, output]: [&[usize]; 2],
    constants: &[Option<i32>],
) -> Vec<Option<i32>> {
    let channels = constants.len();
    let taps = layer.weights.weights.len() / channels;
    let rows = borders(window, 0, input, output);
    let columns = borders(window, 1, input, output);
    let of_constant = |channel: usize, x: i32| {
        let x = i64::from(x) - i64::from(layer.input.zero_point);
        let mut found = None;
        for (rows, columns) in rows
            .iter()
            .flat_map(|y| columns.iter().map(move |x| (y, x)))
        {
            let mut sum = layer.weights.bias[channel];
            for (y, x_at) in rows
                .iter()
                .flat_map(|y| columns.iter().map(move |x| (y, x)))
            {
                let tap = y * window.kernel[1] + x_at;
                sum += x * layer.weight(tap * channels + channel);
            }
            let result = layer.result(channel, sum)?;
            if *found.get_or_insert(result) != result {
                return None;
            }
        }
        found
    };
    let constant = |(channel, constant): (usize, &Option<i32>)| {
        let sums = layer.any_sum(channel, channel, channels, taps);
        let whatever = layer.result_of_all(channel, sums);
        whatever.or_else(|| of_constant(channel, (*constant)?))
    };
    constants.iter().enumerate().map(constant).collect()
}

/// The different sets of taps along an axis that lie inside the input, over all output positions.
fn borders(
    window: &Window2d,
    axis: usize,
    input: &[usize],
    output: &[usize],
) -> BTreeSet<Vec<usize>> {
    let inside = |position: usize| {
        let is_inside = |&tap: &usize| {
            let at = position * window.stride[axis] + tap * window.dilation[axis];
            let at = at.checked_sub(window.pad_before[axis]);
            at.is_some_and(|at| at < input[1 + axis])
        };
        (0..window.kernel[axis]).filter(is_inside).collect()
    };
    (0..output[1 + axis]).map(inside).collect()
}
