//! Pad with a constant.

use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, axis_indices, operand_fault};
use crate::import::onnx::view::View;
use crate::ir::{Op, Pad};

/// Largest padding of one side: what is larger is damage.
const MAX_PAD: usize = 1 << 24;

/// A border of one value. Pads, value and axes are attributes or, since opset 11, inputs.
pub(super) fn pad(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input data")?;
    let rank = x.view.rank();
    let mode = node.attributes.text("mode")?.unwrap_or("constant");
    if mode != "constant" {
        return Err(fault("mode", mode.into(), "constant"));
    }
    let value = match node.input(2) {
        Some(_) => node.scalar(2, "input constant_value")?,
        None => node.attributes.float("value")?.unwrap_or(0.0),
    };
    if value.is_infinite() {
        return Err(operand_fault(
            "input constant_value",
            "finite",
            &value.to_string(),
        ));
    }
    let axes = match node.input(3) {
        Some(_) => axis_indices(node.ints(3, "input axes")?, rank)?,
        None => (0..rank).collect(),
    };
    let (before, after) = pads(node, &axes, rank)?;
    if before.iter().chain(&after).all(|&len| len == 0) {
        return Ok(x.clone().into());
    }
    if x.view.axis_len(0) == 1 && (before[0], after[0]) != (0, 0) {
        return Err(operand_fault(
            "pads",
            "zero for the batch, axis 0",
            &format!("{} and {}", before[0], after[0]),
        ));
    }
    let order = x.view.axis_order();
    let groups: Vec<&[usize]> = order.iter().map(std::slice::from_ref).collect();
    let input = context.arrange(&node.name, x, &groups)?;
    let in_order = |lens: &[usize]| {
        std::iter::once(0)
            .chain(order.iter().map(|&axis| lens[axis]))
            .collect()
    };
    let op = Op::Pad(Pad {
        before: in_order(&before),
        after: in_order(&after),
        value,
    });
    let value = context.emit(node, op, vec![input])?;
    let mut view_axes = vec![Vec::new(); rank];
    for (atom, &axis) in order.iter().enumerate() {
        view_axes[axis].push(atom);
    }
    let view = View::new(context.graph.shape(value)[1..].to_vec(), view_axes);
    Ok(Tensor::computed(value, view))
}

/// Padding before and after, for every axis of the input.
fn pads(
    node: &Node<'_>,
    axes: &[usize],
    rank: usize,
) -> Result<(Vec<usize>, Vec<usize>), NodeFault> {
    let given = match node.attributes.ints("pads")? {
        Some(pads) => pads,
        None => node.ints(1, "input pads")?,
    };
    let lens: Option<Vec<usize>> = given
        .iter()
        .map(|&len| usize::try_from(len).ok().filter(|&len| len <= MAX_PAD))
        .collect();
    let Some(lens) = lens.filter(|lens| lens.len() == 2 * axes.len()) else {
        let expected = format!("{} integers from 0 to {MAX_PAD}", 2 * axes.len());
        return Err(operand_fault("pads", &expected, &format!("{given:?}")));
    };
    let (mut before, mut after) = (vec![0; rank], vec![0; rank]);
    for (index, &axis) in axes.iter().enumerate() {
        before[axis] = lens[index];
        after[axis] = lens[axes.len() + index];
    }
    Ok((before, after))
}
