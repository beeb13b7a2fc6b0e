//! Concat.

use super::fold;
use super::take::{arranged, memory_order, ordered};
use crate::data::layout::permute;
use crate::import::NodeFault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, axis_index, floats, operand_fault};
use crate::import::onnx::tensor::Constant;
use crate::ir::{Op, ValueId};

/// Joins tensors along an axis. All are laid out as the largest computed one is.
pub(super) fn concat(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let rank = node.required(0, "first input")?.shape().len();
    let axis = axis_index(node.attributes.int("axis")?.unwrap_or(1), rank)?;
    let mut operands = Vec::with_capacity(node.inputs.len());
    for index in 0..node.inputs.len() {
        operands.push(node.required(index, &format!("input {index}"))?);
    }
    let constants: Option<Vec<&Constant>> = operands
        .iter()
        .map(|operand| match operand {
            Tensor::Constant(constant) => Some(constant),
            Tensor::Activation(_) => None,
        })
        .collect();
    match constants {
        Some(constants) => fold::concat(context, node, &constants, axis),
        None => join(context, node, &operands, axis),
    }
}

fn join(
    context: &mut Context,
    node: &Node<'_>,
    operands: &[&Tensor],
    axis: usize,
) -> Result<Tensor, NodeFault> {
    let first = operands[0].shape();
    for (index, operand) in operands.iter().enumerate() {
        let shape = operand.shape();
        let fits = shape.len() == first.len()
            && (0..shape.len()).all(|at| at == axis || shape[at] == first[at]);
        if !fits {
            let expected = format!("of shape {first:?} but for axis {axis}");
            return Err(operand_fault(
                &format!("input {index}"),
                &expected,
                &format!("shape {shape:?}"),
            ));
        }
    }
    // What is empty adds nothing.
    let mut operands: Vec<&Tensor> = operands.to_vec();
    operands.retain(|operand| operand.shape()[axis] != 0);
    if let [only] = operands[..] {
        return Ok(only.clone());
    }
    // The computed operand with most elements stays where it is.
    let computed = operands.iter().filter_map(|operand| match operand {
        Tensor::Activation(x) => Some(x),
        Tensor::Constant(_) => None,
    });
    let widest = computed
        .max_by_key(|operand| operand.view.elements())
        .ok_or_else(|| operand_fault("inputs", "computed or constant", "empty ones"))?;
    context.check_batch(widest, [axis])?;
    let order = memory_order(widest, axis == 0);
    let mut inputs = Vec::with_capacity(operands.len());
    for operand in &operands {
        inputs.push(match operand {
            Tensor::Activation(x) => arranged(context, node, x, &order)?,
            Tensor::Constant(constant) => lay_out(context, constant, &order)?,
        });
    }
    let position = order.iter().position(|&at| at == axis);
    let axis = 1 + position.expect("the order has every axis but the batch");
    let value = context.emit(node, Op::Concat { axis }, inputs)?;
    let joined = ordered(context, value, &order, first.len());
    let view = joined.view.with_batch(widest.view.batch());
    Ok(Tensor::computed(value, view))
}

/// A constant with its axes in this order behind a batch of 1.
fn lay_out(
    context: &mut Context,
    constant: &Constant,
    order: &[usize],
) -> Result<ValueId, NodeFault> {
    let data = floats(constant, "input")?;
    context.reserve_constant(&constant.shape)?;
    let left_out = (0..constant.shape.len()).filter(|axis| !order.contains(axis));
    let perm: Vec<usize> = left_out.chain(order.iter().copied()).collect();
    let data = permute(data, &constant.shape, &perm);
    let lens = order.iter().map(|&axis| constant.shape[axis]);
    let shape = std::iter::once(1).chain(lens).collect();
    context.add_constant(&constant.name, shape, data)
}
