//! What must hold of a node before its kernel can run it.

use super::LowerError;
use super::accumulator::{self, Order};
use super::gather;
use super::product;
use super::recurrent;
use super::reduce;
use super::shape::{bytes, four, index, padded_four, rows_and_depth, window};
use super::traits;
use super::walk::Walk;
use crate::ir::{IndexMap, Window2d};
use crate::quantize::graph::{DType, QGraph, QNode, QOp, QValue, QuantParams, Weights};
use std::collections::HashSet;
use tiivis_runtime::blob::TAKE_AXES;

/// Scale and zero point of numbers up to 1 of int16.
const Q15: (f32, i32) = (1.0 / 32_768.0, 0);

/// That shapes, lists and scales of the node agree, and that its sums cannot overflow.
pub(super) fn check(graph: &QGraph, node: &QNode) -> Result<(), LowerError> {
    traits::check_types(graph, node)?;
    let input = graph.value(node.inputs[0]);
    let output = graph.value(node.output);
    match &node.op {
        QOp::Conv2d {
            window,
            groups,
            weights,
            clamp: _,
        } => conv2d(node, [input, output], window, *groups, weights),
        QOp::TransposeConv2d {
            window,
            groups,
            weights,
            clamp: _,
        } => product::transpose_conv2d(node, [input, output], window, *groups, weights),
        QOp::MatMul {
            transpose_a,
            transpose_b,
            clamp: _,
        } => {
            let factors = [input, graph.value(node.inputs[1])];
            product::mat_mul(node, factors, output, [*transpose_a, *transpose_b]).map(|_| ())
        }
        QOp::DepthwiseConv2d {
            window,
            weights,
            clamp: _,
        } => depthwise(node, [input, output], window, weights),
        QOp::Dense { weights, clamp: _ } => dense(node, weights, input, output),
        QOp::MaxPool2d { window, clamp: _ } => pool(node, window, input, output),
        QOp::AvgPool2d { window, .. } => {
            equal(node, "a dilation", 1, window.dilation[0])?;
            equal(node, "a dilation", 1, window.dilation[1])?;
            pool(node, window, input, output)
        }
        QOp::Add { .. }
        | QOp::Sub { .. }
        | QOp::Mul { .. }
        | QOp::Div { .. }
        | QOp::SquaredDifference { .. }
        | QOp::Extreme { .. }
        | QOp::Compare { .. }
        | QOp::Arithmetic { .. }
        | QOp::Select
        | QOp::Prelu => {
            let mut operands = node.inputs.iter();
            operands.try_for_each(|&operand| broadcast(node, graph.value(operand), output))
        }
        QOp::Concat { axis } => concat(graph, node, *axis),
        QOp::Reshape => same_params(node, input, output),
        QOp::Transpose { perm } => transpose(node, perm, input, output),
        QOp::Take { maps } => take(node, maps, input, output),
        QOp::Pad {
            before,
            after,
            value: _,
        } => pad(node, [before, after], input, output),
        QOp::Softmax { .. } if output.dtype == DType::I16 => prescribed(node, input, output, Q15),
        QOp::Softmax { .. } => prescribed(node, input, output, (1.0 / 256.0, -128)),
        QOp::LogSoftmax => prescribed(node, input, output, (1.0 / 16.0, 127)),
        QOp::L2Normalize => prescribed(node, input, output, (1.0 / 128.0, 0)),
        QOp::Reduce {
            reduction,
            axes,
            clamp: _,
        } => reduce::check(node, *reduction, axes, [input, output]),
        QOp::CumSum { axis, .. } => {
            same_axes(node, input.shape.iter().copied().map(Some), output)?;
            reduce::check_listed(node, &[*axis], input)
        }
        QOp::ArgExtreme { axis, .. } => reduce::check_index(node, *axis, [input, output]),
        QOp::ResizeBilinear { coordinates } => {
            reduce::check_resize(node, *coordinates, [input, output])
        }
        QOp::Lut { table } => {
            equal(node, "a table", 256, table.len())?;
            equal_elements(node, input, output)
        }
        QOp::Slopes { .. } | QOp::Requantize | QOp::Cast => equal_elements(node, input, output),
        QOp::Curve { .. } => prescribed(node, input, output, Q15),
        QOp::Gather { .. } | QOp::GatherNd => {
            let operands = [input, graph.value(node.inputs[1])];
            gather::extents(node, operands, output).map(|_| ())
        }
        QOp::Svdf(layer) => recurrent::svdf(graph, node, layer),
        QOp::Lstm(layer) => recurrent::lstm(graph, node, layer),
    }
}

fn conv2d(
    node: &QNode,
    [input, output]: [&QValue; 2],
    geometry: &Window2d,
    groups: usize,
    weights: &Weights,
) -> Result<(), LowerError> {
    window(node, geometry, &input.shape, &output.shape)?;
    let channels = divided(node, "input channels per group", input.shape[3], groups)?;
    divided(node, "output channels per group", output.shape[3], groups)?;
    let taps = taps(geometry).saturating_mul(channels);
    accumulator::prove(
        (node, input),
        weights,
        Order::ChannelFirst,
        output.shape[3],
        taps,
    )
}

fn depthwise(
    node: &QNode,
    [input, output]: [&QValue; 2],
    geometry: &Window2d,
    weights: &Weights,
) -> Result<(), LowerError> {
    window(node, geometry, &input.shape, &output.shape)?;
    divided(node, "filters per channel", output.shape[3], input.shape[3])?;
    accumulator::prove(
        (node, input),
        weights,
        Order::ChannelLast,
        output.shape[3],
        taps(geometry),
    )
}

fn transpose(
    node: &QNode,
    perm: &[usize],
    input: &QValue,
    output: &QValue,
) -> Result<(), LowerError> {
    let axis = |&from: &usize| input.shape.get(from).copied();
    let axes: HashSet<&usize> = perm.iter().collect();
    equal(node, "different axes", input.shape.len(), axes.len())?;
    same_axes(node, perm.iter().map(axis), output)?;
    walkable(node, Walk::of(node, input))?;
    same_params(node, input, output)
}

/// The maps fit the input and make the output, along as many axes as the kernel takes.
fn take(
    node: &QNode,
    maps: &[IndexMap],
    input: &QValue,
    output: &QValue,
) -> Result<(), LowerError> {
    equal(node, "maps", input.shape.len(), maps.len())?;
    for (map, &extent) in maps.iter().zip(&input.shape) {
        let largest = map.indices().max().unwrap_or(0);
        if !map.fits(extent) {
            return Err(LowerError::Mismatch {
                node: node.name.clone(),
                what: "an axis with the largest index taken, or more,",
                expected: largest,
                found: extent,
            });
        }
    }
    same_axes(node, maps.iter().map(|map| Some(map.count())), output)?;
    walkable(node, Walk::of(node, input))?;
    same_params(node, input, output)
}

/// A walk over no more axes than its kernel takes.
fn walkable(node: &QNode, walk: Option<Walk>) -> Result<(), LowerError> {
    let found = walk.map_or(0, |walk| walk.axes.len());
    if found <= TAKE_AXES {
        return Ok(());
    }
    Err(LowerError::Axes {
        node: node.name.clone(),
        found,
    })
}

fn pad(
    node: &QNode,
    [before, after]: [&[usize]; 2],
    input: &QValue,
    output: &QValue,
) -> Result<(), LowerError> {
    equal(node, "paddings before", input.shape.len(), before.len())?;
    equal(node, "paddings after", input.shape.len(), after.len())?;
    let axes = input.shape.iter().zip(before).zip(after);
    let padded = axes.map(|((&x, &b), &a)| x.checked_add(b)?.checked_add(a));
    same_axes(node, padded, output)?;
    padded_four(node, input, [before, after])?;
    same_params(node, input, output)
}

/// The output's scale and zero point are those that its kernel computes.
fn prescribed(
    node: &QNode,
    input: &QValue,
    output: &QValue,
    (scale, zero_point): (f32, i32),
) -> Result<(), LowerError> {
    if output.params.scale == scale && output.params.zero_point == zero_point {
        return equal_elements(node, input, output);
    }
    Err(LowerError::PrescribedOutput {
        node: node.name.clone(),
        expected: format!("{:?}", QuantParams { scale, zero_point }),
        found: format!("{:?}", output.params),
    })
}

fn dense(
    node: &QNode,
    weights: &Weights,
    input: &QValue,
    output: &QValue,
) -> Result<(), LowerError> {
    let (in_rows, _) = rows_and_depth(node, &input.shape)?;
    let (out_rows, _) = rows_and_depth(node, &output.shape)?;
    equal(node, "rows", index(in_rows), index(out_rows))?;
    let last = |value: &QValue| value.shape.last().copied().unwrap_or(1);
    accumulator::prove(
        (node, input),
        weights,
        Order::ChannelFirst,
        last(output),
        last(input),
    )
}

/// Channels and scale stay, and every window sees a value.
fn pool(
    node: &QNode,
    geometry: &Window2d,
    input: &QValue,
    output: &QValue,
) -> Result<(), LowerError> {
    window(node, geometry, &input.shape, &output.shape)?;
    equal(node, "channels", input.shape[3], output.shape[3])?;
    for (axis, what) in ["row", "column"].into_iter().enumerate() {
        let inside = |at: usize| {
            let first = at * geometry.stride[axis];
            (0..geometry.kernel[axis]).any(|tap| {
                let padded = first + tap * geometry.dilation[axis];
                let at = padded.checked_sub(geometry.pad_before[axis]);
                at.is_some_and(|at| at < input.shape[1 + axis])
            })
        };
        if let Some(index) = (0..output.shape[1 + axis]).find(|&at| !inside(at)) {
            return Err(LowerError::EmptyWindow {
                node: node.name.clone(),
                what,
                index,
            });
        }
    }
    same_params(node, input, output)
}

/// The operand's axes, leading ones added, are the output's or 1.
fn broadcast(node: &QNode, operand: &QValue, output: &QValue) -> Result<(), LowerError> {
    let axes = four(node, &operand.shape)?;
    for (found, expected) in axes.into_iter().zip(four(node, &output.shape)?) {
        if found != 1 {
            equal(node, "an axis", index(expected), index(found))?;
        }
    }
    Ok(())
}

/// The output has these axes.
fn same_axes(
    node: &QNode,
    axes: impl ExactSizeIterator<Item = Option<usize>>,
    output: &QValue,
) -> Result<(), LowerError> {
    equal(node, "axes", axes.len(), output.shape.len())?;
    for (expected, &found) in axes.zip(&output.shape) {
        equal(node, "an axis", expected.unwrap_or(0), found)?;
    }
    Ok(())
}

/// All axes but one agree, and that one adds up. Only int8 is rescaled on the way.
fn concat(graph: &QGraph, node: &QNode, axis: usize) -> Result<(), LowerError> {
    let result = graph.value(node.output);
    let output = &result.shape;
    let mut sum = 0usize;
    for &id in &node.inputs {
        let shape = &graph.value(id).shape;
        equal(node, "axes", output.len(), shape.len())?;
        for (at, (&found, &expected)) in shape.iter().zip(output).enumerate() {
            if at != axis {
                equal(node, "an axis", expected, found)?;
            }
        }
        if result.dtype != DType::I8 {
            same_params(node, graph.value(id), result)?;
        }
        sum = sum.saturating_add(shape.get(axis).copied().unwrap_or(0));
    }
    let expected = output.get(axis).copied().unwrap_or(0);
    equal(node, "inputs along the axis", expected, sum)
}

fn taps(window: &Window2d) -> usize {
    window.kernel[0].saturating_mul(window.kernel[1])
}

/// The zero point of the weights is 0.
pub(super) fn symmetric(node: &QNode, weights: &Weights) -> Result<(), LowerError> {
    if weights.zero_point == 0 {
        return Ok(());
    }
    Err(LowerError::AsymmetricWeights {
        node: node.name.clone(),
        zero_point: weights.zero_point,
    })
}

pub(super) fn equal(
    node: &QNode,
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), LowerError> {
    if expected == found {
        return Ok(());
    }
    Err(LowerError::Mismatch {
        node: node.name.clone(),
        what,
        expected,
        found,
    })
}

fn equal_elements(node: &QNode, input: &QValue, output: &QValue) -> Result<(), LowerError> {
    let elements =
        |value: &QValue| -> Result<u32, LowerError> { Ok(bytes(value)? / value.dtype.bytes()) };
    let (expected, found) = (elements(input)?, elements(output)?);
    equal(node, "elements", index(expected), index(found))
}

/// `whole / parts`, which must leave no rest.
pub(super) fn divided(
    node: &QNode,
    what: &'static str,
    whole: usize,
    parts: usize,
) -> Result<usize, LowerError> {
    match (whole.checked_div(parts), whole.checked_rem(parts)) {
        (Some(quotient), Some(0)) => Ok(quotient),
        _ => Err(LowerError::Mismatch {
            node: node.name.clone(),
            what,
            expected: parts,
            found: whole,
        }),
    }
}

pub(super) fn same_params(node: &QNode, input: &QValue, output: &QValue) -> Result<(), LowerError> {
    if input.params == output.params {
        return Ok(());
    }
    Err(LowerError::ScaleChange {
        node: node.name.clone(),
    })
}
