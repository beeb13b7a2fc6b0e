//! Softmax and its logarithm.

use crate::import::NodeFault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, axis_index};
use crate::ir::Op;

/// Softmax over an axis; before opset 13, over that axis and all behind it as one.
///
/// The sum does not depend on the order of its terms, so the axes only have to lie innermost.
pub(super) fn softmax(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    along(context, node, Op::Softmax)
}

/// The logarithm of [`softmax`].
pub(super) fn log_softmax(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    along(context, node, Op::LogSoftmax)
}

fn along(context: &mut Context, node: &Node<'_>, op: Op) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input")?;
    let flattening = node.opset < 13;
    let axis = node
        .attributes
        .int("axis")?
        .unwrap_or(if flattening { 1 } else { -1 });
    let axis = axis_index(axis, x.view.rank())?;
    let axes: Vec<usize> = if flattening {
        (axis..x.view.rank()).collect()
    } else {
        vec![axis]
    };
    context.check_batch(x, axes.iter().copied())?;
    let x = context.trailing(&node.name, x, &axes)?;
    let value = context.emit(node, op, vec![x.value])?;
    Ok(Tensor::computed(value, x.view))
}
