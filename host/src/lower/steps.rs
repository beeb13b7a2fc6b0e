//! A node's step, or steps: what they read, what they write, and what can be in place.

use super::LowerError;
use super::accumulator::{self, Order};
use super::shape::{bytes, count, four, rows_and_depth, window};
use crate::ir::ValueId;
use crate::plan::{Buffer, Home, Kernel, Place, Program, Step, Write};
use crate::quantize::graph::{QGraph, QNode, QOp, QValue, Weights};

/// Checks a node and appends its steps.
pub(super) fn lower_node(
    graph: &QGraph,
    index: usize,
    program: &mut Program,
) -> Result<(), LowerError> {
    let node = &graph.nodes[index];
    check(graph, node)?;
    match &node.op {
        QOp::Reshape => Ok(()),
        QOp::Concat { axis } => concat(graph, index, *axis, program),
        QOp::Conv2d { .. }
        | QOp::DepthwiseConv2d { .. }
        | QOp::Dense { .. }
        | QOp::MaxPool2d { .. }
        | QOp::AvgPool2d { .. }
        | QOp::Add { .. }
        | QOp::Sub { .. }
        | QOp::Mul { .. }
        | QOp::Transpose { .. }
        | QOp::Pad { .. }
        | QOp::Softmax
        | QOp::Lut { .. }
        | QOp::Requantize => whole(graph, index, program),
    }
}

/// The number of inputs, which everything after relies on.
pub(super) fn check_arity(node: &QNode) -> Result<(), LowerError> {
    let found = node.inputs.len();
    let (is_right, expected) = match &node.op {
        QOp::Add { .. } | QOp::Sub { .. } | QOp::Mul { .. } => (found == 2, "2"),
        QOp::Concat { .. } => (found >= 1, "1 or more"),
        QOp::Conv2d { .. }
        | QOp::DepthwiseConv2d { .. }
        | QOp::Dense { .. }
        | QOp::MaxPool2d { .. }
        | QOp::AvgPool2d { .. }
        | QOp::Reshape
        | QOp::Transpose { .. }
        | QOp::Pad { .. }
        | QOp::Softmax
        | QOp::Lut { .. }
        | QOp::Requantize => (found == 1, "1"),
    };
    if is_right {
        Ok(())
    } else {
        Err(LowerError::Arity {
            node: node.name.clone(),
            expected,
            found,
        })
    }
}

/// Bytes that a node's kernel needs beside its operands. The portable kernels need none; those
/// that come answer from the operator and its shapes alone.
fn scratch_bytes(op: &QOp) -> u32 {
    match op {
        QOp::Conv2d { .. }
        | QOp::DepthwiseConv2d { .. }
        | QOp::Dense { .. }
        | QOp::MaxPool2d { .. }
        | QOp::AvgPool2d { .. }
        | QOp::Add { .. }
        | QOp::Sub { .. }
        | QOp::Mul { .. }
        | QOp::Concat { .. }
        | QOp::Reshape
        | QOp::Transpose { .. }
        | QOp::Pad { .. }
        | QOp::Softmax
        | QOp::Lut { .. }
        | QOp::Requantize => 0,
    }
}

/// One step that runs the whole node.
fn whole(graph: &QGraph, index: usize, program: &mut Program) -> Result<(), LowerError> {
    let node = &graph.nodes[index];
    let mut operands = Vec::new();
    for &id in &node.inputs {
        match program.homes[id.index()] {
            Some(Home::Arena(place)) => operands.push((id, place)),
            Some(Home::Constant(_)) if node.inputs.len() > 1 => {}
            Some(Home::Constant(_)) => return Err(constant_input(graph, node, id)),
            None => return Err(undefined(graph, id)),
        }
    }
    // The sum of two constants has no activation at all.
    if operands.is_empty() {
        return Err(constant_input(graph, node, node.inputs[0]));
    }
    let Some(Home::Arena(output)) = program.homes[node.output.index()] else {
        return Err(undefined(graph, node.output));
    };
    let scratch_bytes = scratch_bytes(&node.op);
    let scratch = (scratch_bytes > 0).then(|| {
        program.buffers.push(Buffer {
            name: format!("scratch of {}", node.name),
            bytes: scratch_bytes,
        });
        program.buffers.len() - 1
    });
    program.steps.push(Step {
        layer: index,
        kernel: Kernel::Node(index),
        in_place: in_place(graph, node, &operands),
        reads: operands.into_iter().map(|(_, place)| place).collect(),
        write: Write::whole(output),
        scratch,
    });
    Ok(())
}

/// Which operands the result may lie on: those that are read element by element in the output's
/// order, if nothing else that the step reads touches their bytes.
fn in_place(graph: &QGraph, node: &QNode, operands: &[(ValueId, Place)]) -> Vec<usize> {
    match &node.op {
        QOp::Softmax
        | QOp::Lut { .. }
        | QOp::Requantize
        | QOp::Add { .. }
        | QOp::Sub { .. }
        | QOp::Mul { .. } => {}
        QOp::Conv2d { .. }
        | QOp::DepthwiseConv2d { .. }
        | QOp::Dense { .. }
        | QOp::MaxPool2d { .. }
        | QOp::AvgPool2d { .. }
        | QOp::Concat { .. }
        | QOp::Reshape
        | QOp::Transpose { .. }
        | QOp::Pad { .. } => return Vec::new(),
    }
    let output = without_leading_ones(&graph.value(node.output).shape);
    let is_full = |id: ValueId| without_leading_ones(&graph.value(id).shape) == output;
    let overlap = |a: &Place, b: &Place| {
        a.buffer == b.buffer && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes
    };
    let allowed = |&index: &usize| {
        let (id, place) = operands[index];
        let mut others = operands.iter();
        is_full(id)
            && others.all(|(other, at)| !overlap(at, &place) || (*at == place && is_full(*other)))
    };
    (0..operands.len()).filter(allowed).collect()
}

fn without_leading_ones(shape: &[usize]) -> &[usize] {
    let ones = shape.iter().take_while(|&&extent| extent == 1).count();
    &shape[ones..]
}

/// A step for every input that is not in its part of the output already.
fn concat(
    graph: &QGraph,
    index: usize,
    axis: usize,
    program: &mut Program,
) -> Result<(), LowerError> {
    let node = &graph.nodes[index];
    let Some(Home::Arena(output)) = program.homes[node.output.index()] else {
        return Err(undefined(graph, node.output));
    };
    let shape = &graph.value(node.output).shape;
    let row_of = |value: &QValue| value.shape.iter().skip(axis).product::<usize>();
    let outer = count(
        node,
        "the number of rows",
        shape.iter().take(axis).product(),
    )?;
    let pitch_bytes = count(node, "a row", row_of(graph.value(node.output)))?;
    let mut at = 0;
    for (input, &id) in node.inputs.iter().enumerate() {
        let row_bytes = count(node, "a row", row_of(graph.value(id)))?;
        let part = Place {
            buffer: output.buffer,
            offset: output.offset + at,
            bytes: row_bytes,
        };
        at += row_bytes;
        let reads = match program.homes[id.index()] {
            Some(Home::Arena(place)) if outer == 1 && place == part => continue,
            Some(Home::Arena(place)) => vec![place],
            Some(Home::Constant(_)) => Vec::new(),
            None => return Err(undefined(graph, id)),
        };
        program.steps.push(Step {
            layer: index,
            kernel: Kernel::ConcatInput { node: index, input },
            reads,
            write: Write {
                rows: outer,
                pitch_bytes,
                ..Write::whole(part)
            },
            in_place: Vec::new(),
            scratch: None,
        });
    }
    Ok(())
}

/// That shapes, lists and scales of the node agree, and that its sums cannot overflow.
fn check(graph: &QGraph, node: &QNode) -> Result<(), LowerError> {
    let input = graph.value(node.inputs[0]);
    let output = graph.value(node.output);
    match &node.op {
        QOp::Conv2d {
            window: geometry,
            groups,
            weights,
            clamp: _,
        } => {
            window(node, geometry, &input.shape, &output.shape)?;
            let channels = divided(node, "input channels per group", input.shape[3], *groups)?;
            divided(node, "output channels per group", output.shape[3], *groups)?;
            let taps = taps(geometry).saturating_mul(channels);
            accumulator::prove(node, weights, Order::ChannelFirst, output.shape[3], taps)
        }
        QOp::DepthwiseConv2d {
            window: geometry,
            weights,
            clamp: _,
        } => {
            window(node, geometry, &input.shape, &output.shape)?;
            divided(node, "filters per channel", output.shape[3], input.shape[3])?;
            let taps = taps(geometry);
            accumulator::prove(node, weights, Order::ChannelLast, output.shape[3], taps)
        }
        QOp::Dense { weights, clamp: _ } => dense(node, weights, input, output),
        QOp::MaxPool2d {
            window: geometry,
            clamp: _,
        }
        | QOp::AvgPool2d {
            window: geometry,
            clamp: _,
        } => {
            window(node, geometry, &input.shape, &output.shape)?;
            equal(node, "channels", input.shape[3], output.shape[3])?;
            same_params(node, input, output)
        }
        QOp::Add { .. } | QOp::Sub { .. } | QOp::Mul { .. } => {
            four(node, &output.shape)?;
            for &id in &node.inputs {
                four(node, &graph.value(id).shape)?;
            }
            Ok(())
        }
        QOp::Concat { axis } => concat_shapes(graph, node, *axis),
        QOp::Reshape => same_params(node, input, output),
        QOp::Transpose { perm } => {
            four(node, &input.shape)?;
            equal(node, "a permutation", input.shape.len(), perm.len())?;
            same_params(node, input, output)
        }
        QOp::Pad { before, after, .. } => {
            four(node, &input.shape)?;
            equal(node, "paddings before", input.shape.len(), before.len())?;
            equal(node, "paddings after", input.shape.len(), after.len())?;
            same_params(node, input, output)
        }
        QOp::Softmax => {
            if output.params.scale == 1.0 / 256.0 && output.params.zero_point == -128 {
                return Ok(());
            }
            Err(LowerError::SoftmaxOutput {
                node: node.name.clone(),
                found: format!("{:?}", output.params),
            })
        }
        QOp::Lut { table } => equal(node, "a table", 256, table.len()),
        QOp::Requantize => equal_bytes(node, input, output),
    }
}

fn dense(
    node: &QNode,
    weights: &Weights,
    input: &QValue,
    output: &QValue,
) -> Result<(), LowerError> {
    let (in_rows, _) = rows_and_depth(node, &input.shape)?;
    let (out_rows, _) = rows_and_depth(node, &output.shape)?;
    let index = super::shape::index;
    equal(node, "rows", index(in_rows), index(out_rows))?;
    let last = |value: &QValue| value.shape.last().copied().unwrap_or(1);
    accumulator::prove(
        node,
        weights,
        Order::ChannelFirst,
        last(output),
        last(input),
    )
}

/// All axes but one agree, and that one adds up.
fn concat_shapes(graph: &QGraph, node: &QNode, axis: usize) -> Result<(), LowerError> {
    let output = &graph.value(node.output).shape;
    let mut sum = 0usize;
    for &id in &node.inputs {
        let shape = &graph.value(id).shape;
        equal(node, "axes", output.len(), shape.len())?;
        for (at, (&found, &expected)) in shape.iter().zip(output).enumerate() {
            if at != axis {
                equal(node, "an axis", expected, found)?;
            }
        }
        sum = sum.saturating_add(shape.get(axis).copied().unwrap_or(0));
    }
    let expected = output.get(axis).copied().unwrap_or(0);
    equal(node, "inputs along the axis", expected, sum)
}

fn taps(window: &crate::ir::Window2d) -> usize {
    window.kernel[0].saturating_mul(window.kernel[1])
}

fn equal(
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

fn equal_bytes(node: &QNode, input: &QValue, output: &QValue) -> Result<(), LowerError> {
    let index = super::shape::index;
    equal(
        node,
        "elements",
        index(bytes(input)?),
        index(bytes(output)?),
    )
}

/// `whole / parts`, which must leave no rest.
fn divided(
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

fn same_params(node: &QNode, input: &QValue, output: &QValue) -> Result<(), LowerError> {
    if input.params == output.params {
        return Ok(());
    }
    Err(LowerError::ScaleChange {
        node: node.name.clone(),
    })
}

fn undefined(graph: &QGraph, id: ValueId) -> LowerError {
    LowerError::Undefined {
        value: graph.value(id).name.clone(),
    }
}

fn constant_input(graph: &QGraph, node: &QNode, id: ValueId) -> LowerError {
    LowerError::ConstantInput {
        node: node.name.clone(),
        value: graph.value(id).name.clone(),
    }
}
