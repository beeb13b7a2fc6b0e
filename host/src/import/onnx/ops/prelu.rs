//! `PRelu`, a leaky rectifier with learned slopes.

use super::{binary, fold};
use crate::import::NodeFault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, shape_fault};
use crate::ir::{Activation as Function, Clamp, Op};

/// `x` where positive, else `slope · x`. With one slope for all, that is `LeakyRelu`; else
/// `max(x, 0) + slope · min(x, 0)`.
pub(super) fn prelu(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input X")?;
    let (slope, slopes) = node.floats(1, "slope")?;
    let shape = x.view.shape();
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
    let open = f32::INFINITY;
    let positive = part(
        context,
        node,
        x,
        "positive",
        Clamp {
            min: 0.0,
            max: open,
        },
    )?;
    let negative = part(
        context,
        node,
        x,
        "negative",
        Clamp {
            min: -open,
            max: 0.0,
        },
    )?;
    let scaled = binary::apply(
        context,
        node,
        Op::Mul { clamp: None },
        &negative,
        &slope.clone().into(),
    )?;
    binary::apply(context, node, Op::Add { clamp: None }, &positive, &scaled)
}

fn part(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    role: &str,
    clamp: Clamp,
) -> Result<Tensor, NodeFault> {
    let op = Op::Activation(Function::Clamp(clamp));
    let value = context.emit_helper(&node.name, role, op, vec![x.value])?;
    Ok(x.with_value(value).into())
}
