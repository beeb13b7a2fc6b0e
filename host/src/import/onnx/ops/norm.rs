//! `BatchNormalization`.

use super::activation;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault};
use crate::ir::Op;

/// `(x - mean) / sqrt(variance + epsilon) · scale + bias` for each channel, axis 1.
pub(super) fn batch_normalization(
    context: &mut Context,
    node: &Node<'_>,
) -> Result<Tensor, NodeFault> {
    let attributes = &node.attributes;
    if attributes.flag("training_mode")?.unwrap_or(false) {
        return Err(fault(
            "training_mode",
            "1".into(),
            "0: export the model for inference",
        ));
    }
    activation::check_inference(node)?;
    if !attributes.flag("spatial")?.unwrap_or(true) {
        return Err(fault(
            "spatial",
            "0".into(),
            "1: a mean and a variance for each channel",
        ));
    }
    let epsilon = attributes.float("epsilon")?.unwrap_or(1e-5);
    let x = node.activation(0, "input X")?;
    if x.view.rank() < 2 {
        return Err(operand_fault(
            "input X",
            "of rank 2 or more",
            &format!("shape {:?}", x.view.shape()),
        ));
    }
    let channels = x.view.axis_len(1);
    let x = context.trailing(&node.name, x, &[1])?;
    let mut operands = vec![x.value];
    for (index, operand) in ["scale", "bias", "mean", "variance"]
        .into_iter()
        .enumerate()
    {
        let (constant, data) = node.floats(index + 1, operand)?;
        if constant.shape != [channels] {
            let expected = format!("of shape [{channels}], one number for each channel");
            return Err(operand_fault(
                operand,
                &expected,
                &format!("shape {:?}", constant.shape),
            ));
        }
        if operand == "variance"
            && let Some(negative) = data.iter().find(|&&variance| variance + epsilon <= 0.0)
        {
            let expected = format!("positive with epsilon {epsilon} added");
            return Err(operand_fault(operand, &expected, &negative.to_string()));
        }
        context.reserve_constant(&constant.shape)?;
        operands.push(context.add_constant(
            &constant.name,
            vec![channels],
            x.view.absorb(1, data),
        )?);
    }
    let value = context.emit(node, Op::BatchNorm { epsilon }, operands)?;
    Ok(Activation {
        value,
        view: x.view,
    }
    .into())
}
