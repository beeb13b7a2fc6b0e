//! `BatchNormalization`.

use super::activation;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault, shape_fault};
use crate::import::onnx::tensor::Constant;
use crate::ir::Op;

/// `(x - mean) / sqrt(variance + epsilon) · scale + bias` for each channel, axis 1.
pub(super) fn batch_normalization(
    context: &mut Context,
    node: &Node<'_>,
) -> Result<Tensor, NodeFault> {
    check_attributes(node)?;
    let epsilon = node.attributes.float("epsilon")?.unwrap_or(1e-5);
    let x = node.activation(0, "input X")?;
    if x.view.rank() < 2 {
        return Err(shape_fault("input X", "of rank 2 or more", &x.view.shape()));
    }
    let channels = x.view.axis_len(1);
    let x = context.trailing(&node.name, x, &[1])?;
    let mut operands = vec![x.value];
    for (index, operand) in ["scale", "bias", "mean", "variance"]
        .into_iter()
        .enumerate()
    {
        let (constant, data) = parameter(node, index + 1, operand, channels)?;
        if operand == "variance"
            && let Some(negative) = data.iter().find(|&&variance| variance + epsilon <= 0.0)
        {
            let expected = format!("positive with epsilon {epsilon} added");
            return Err(operand_fault(operand, &expected, &negative.to_string()));
        }
        let data = x.view.absorb(1, data);
        context.reserve_constant(&constant.shape)?;
        operands.push(context.add_constant(&constant.name, vec![channels], data)?);
    }
    let value = context.emit(node, Op::BatchNorm { epsilon }, operands)?;
    Ok(Tensor::computed(value, x.view))
}

/// A parameter of as many numbers as there are channels.
fn parameter<'n>(
    node: &'n Node<'_>,
    index: usize,
    operand: &str,
    channels: usize,
) -> Result<(&'n Constant, &'n [f32]), NodeFault> {
    let (constant, data) = node.floats(index, operand)?;
    if constant.shape == [channels] {
        return Ok((constant, data));
    }
    let expected = format!("of shape [{channels}], one number for each channel");
    Err(shape_fault(operand, &expected, &constant.shape))
}

fn check_attributes(node: &Node<'_>) -> Result<(), NodeFault> {
    if node.attributes.flag("training_mode")?.unwrap_or(false) {
        let supported = "0: export the model for inference";
        return Err(fault("training_mode", "1".into(), supported));
    }
    if !node.attributes.flag("spatial")?.unwrap_or(true) {
        let supported = "1: a mean and a variance for each channel";
        return Err(fault("spatial", "0".into(), supported));
    }
    activation::check_inference(node)
}
