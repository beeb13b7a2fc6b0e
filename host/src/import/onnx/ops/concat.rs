//! Concat.

use super::fold;
use crate::import::NodeFault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, axis_index, operand_fault};
use crate::import::onnx::tensor::Constant;
use crate::import::onnx::view::View;
use crate::ir::Op;

/// Joins tensors along an axis. All are laid out as the first computed one is.
pub(super) fn concat(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let first = node.required(0, "first input")?;
    let constants: Option<Vec<&Constant>> = node
        .inputs
        .iter()
        .map(|input| match input {
            Some(Tensor::Constant(constant)) => Some(constant),
            Some(Tensor::Activation(_)) | None => None,
        })
        .collect();
    let rank = first.shape().len();
    let axis = axis_index(node.attributes.int("axis")?.unwrap_or(1), rank)?;
    if let Some(constants) = constants {
        return fold::concat(context, node, &constants, axis);
    }
    let operands: Result<Vec<&Activation>, NodeFault> = (0..node.inputs.len())
        .map(|index| node.activation(index, &format!("input {index}")))
        .collect();
    join(context, node, &operands?, axis)
}

fn join(
    context: &mut Context,
    node: &Node<'_>,
    operands: &[&Activation],
    axis: usize,
) -> Result<Tensor, NodeFault> {
    let first = operands[0].view.shape();
    for (index, operand) in operands.iter().enumerate() {
        let shape = operand.view.shape();
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
    if let [only] = operands {
        return Ok((*only).clone().into());
    }
    if axis == 0 && first[0] == 1 {
        return Err(operand_fault("axis", "another than the batch", "0"));
    }
    // The operand with most elements stays where it is.
    let widest = operands
        .iter()
        .max_by_key(|operand| operand.view.elements())
        .expect("there are operands");
    let order = widest.view.axis_order();
    let groups: Vec<&[usize]> = order.iter().map(std::slice::from_ref).collect();
    let mut inputs = Vec::with_capacity(operands.len());
    for operand in operands {
        inputs.push(context.arrange(&node.name, operand, &groups)?);
    }
    let position = order
        .iter()
        .position(|&at| at == axis)
        .expect("the axis is no batch");
    let value = context.emit(node, Op::Concat { axis: position + 1 }, inputs)?;
    let mut axes = vec![Vec::new(); first.len()];
    for (atom, &axis) in order.iter().enumerate() {
        axes[axis].push(atom);
    }
    let view = View::new(context.graph.shape(value)[1..].to_vec(), axes);
    Ok(Tensor::computed(value, view))
}
