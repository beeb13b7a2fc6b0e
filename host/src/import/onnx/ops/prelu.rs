//! `PRelu`, a leaky rectifier with learned slopes.

use super::{binary, fold};
use crate::import::NodeFault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, shape_fault};
use crate::ir::{Activation as Function, Binary, Op};

/// `x` where positive, else `slope · x`. With one slope for all, that is `LeakyRelu`.
pub(super) fn prelu(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input X")?;
    let (slope, slopes) = node.floats(1, "slope")?;
    let shape = x.view.shape();
    let mut slope = slope.clone();
    if node.opset < 7 && slope.shape.len() == 1 && shape.len() > 1 {
        // One slope for each channel, axis 1.
        slope.shape.resize(shape.len() - 1, 1);
    }
    if fold::broadcast(&shape, &slope.shape).as_ref() != Some(&shape) {
        let expected = format!("of a shape that broadcasts to {shape:?}");
        return Err(shape_fault("slope", &expected, &slope.shape));
    }
    if let Some((&alpha, rest)) = slopes.split_first()
        && rest.iter().all(|other| other == &alpha)
    {
        let value = context.emit(
            node,
            Op::Activation(Function::LeakyRelu { alpha }),
            vec![x.value],
        )?;
        return Ok(Tensor::computed(value, x.view.clone()));
    }
    let op = Op::Binary(Binary::Prelu);
    binary::apply(context, node, op, &x.clone().into(), &slope.into())
}
