//! Functions of one number: they keep the layout, whatever it is.

use super::fold_choice;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault};
use crate::import::onnx::tensor::{Constant, Data};
use crate::ir::{Activation as Function, Clamp, Op};

pub(super) fn apply(
    context: &mut Context,
    node: &Node<'_>,
    function: Function,
) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input X")?;
    let value = context.emit(node, Op::Activation(function), vec![x.value])?;
    Ok(Tensor::computed(value, x.view.clone()))
}

/// `max(x, 0)`.
pub(super) fn relu(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    apply(
        context,
        node,
        Function::Clamp(Clamp {
            min: 0.0,
            max: f32::INFINITY,
        }),
    )
}

/// Clamp to bounds that are attributes or, since opset 11, inputs; each may be missing.
pub(super) fn clip(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    if let Tensor::Constant(constant) = node.required(0, "input")? {
        return fold_choice::clipped(context, node, constant);
    }
    let bound = |index, name, open| {
        let attribute = node.attributes.float_or_infinity(name)?;
        match node.input(index) {
            Some(_) => node.scalar(index, &format!("bound {name}")),
            None => Ok(attribute.unwrap_or(open)),
        }
    };
    let min: f32 = bound(1, "min", f32::NEG_INFINITY)?;
    let max: f32 = bound(2, "max", f32::INFINITY)?;
    if min == f32::INFINITY || max == f32::NEG_INFINITY {
        return Err(operand_fault(
            "bounds min, max",
            "an interval",
            &format!("{min}, {max}"),
        ));
    }
    // ONNX: where the bounds are the wrong way round, everything is the upper one.
    let min = min.min(max);
    if (min, max) == (f32::NEG_INFINITY, f32::INFINITY) {
        return Ok(node.activation(0, "input")?.clone().into());
    }
    // Older files write the largest numbers for what is not bounded.
    let min = if min <= f32::MIN {
        f32::NEG_INFINITY
    } else {
        min
    };
    let max = if max >= f32::MAX { f32::INFINITY } else { max };
    apply(context, node, Function::Clamp(Clamp { min, max }))
}

/// `1 / (1 + exp(-x))`.
pub(super) fn sigmoid(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    apply(context, node, Function::Sigmoid)
}

/// Hyperbolic tangent.
pub(super) fn tanh(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    apply(context, node, Function::Tanh)
}

/// `x` where positive, else `alpha · x`.
pub(super) fn leaky_relu(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let alpha = node.attributes.float("alpha")?.unwrap_or(0.01);
    apply(context, node, Function::LeakyRelu { alpha })
}

/// `x` where positive, else `alpha · (exp(x) - 1)`.
pub(super) fn elu(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let alpha = node.attributes.float("alpha")?.unwrap_or(1.0);
    apply(context, node, Function::Elu { alpha })
}

/// `max(0, min(1, alpha · x + beta))`.
pub(super) fn hard_sigmoid(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let alpha = node.attributes.float("alpha")?.unwrap_or(0.2);
    let beta = node.attributes.float("beta")?.unwrap_or(0.5);
    apply(context, node, Function::HardSigmoid { alpha, beta })
}

/// `x · max(0, min(1, x / 6 + 1/2))`.
pub(super) fn hard_swish(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    apply(context, node, Function::HardSwish)
}

/// The operand itself: Identity, and Dropout at inference.
pub(super) fn identity(_: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    node.required(0, "input").cloned()
}

/// Dropout at inference.
pub(super) fn dropout(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    check_inference(node)?;
    if node.input(2).is_some() {
        match &node.constant(2, "input training_mode")?.data {
            Data::Bool(flags) if flags[..] == [false] => {}
            _ => {
                return Err(operand_fault(
                    "input training_mode",
                    "false: export the model for inference",
                    "another value",
                ));
            }
        }
    }
    let result = identity(context, node)?;
    if node.outputs.len() > 1 {
        // Nothing is dropped.
        let shape = result.shape();
        context.reserve_constant(&shape)?;
        let count = shape.iter().product();
        let mask = Constant {
            name: node.outputs[1].clone(),
            shape,
            data: Data::Bool(vec![true; count].into()),
        };
        context.side_outputs = vec![mask.into()];
    }
    Ok(result)
}

/// Before opset 7, an attribute said whether a node is for training, which was the default.
pub(super) fn check_inference(node: &Node<'_>) -> Result<(), NodeFault> {
    if node.opset < 7 && !node.attributes.flag("is_test")?.unwrap_or(false) {
        return Err(fault(
            "is_test",
            "0 or missing".into(),
            "1: export the model for inference",
        ));
    }
    Ok(())
}
