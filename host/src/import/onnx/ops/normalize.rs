//! Normalizations by the statistics of the tensor itself, put together from reductions.

use super::compose::{self, ADD, MUL, SUB, computed, number};
use super::reduce::as_f32;
use super::shape::reshaped_to;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, axis_index, axis_indices, shape_fault};
use crate::ir::reduce::Reduction;
use crate::ir::{Activation as Function, Binary, Op, Parametric, Unary};

/// What was found of a tensor on the way to the normalized one.
struct Normalized {
    /// Without its mean and over its deviation.
    result: Activation,
    /// The mean.
    mean: Activation,
    /// One over the deviation.
    inverse: Activation,
}

/// `(x - mean) / sqrt(variance + epsilon)`, the statistics being over these axes.
fn normalized(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    axes: &[usize],
) -> Result<Normalized, NodeFault> {
    let epsilon = epsilon(node)?;
    let mean = compose::reduce(context, node, x, Reduction::Mean, axes, true)?;
    let centred = compose::binary(context, node, SUB, x, &mean.clone().into())?;
    let inverse = inverse_root(context, node, &centred, axes, epsilon)?;
    let result = compose::binary(context, node, MUL, &centred, &inverse.clone().into())?;
    Ok(Normalized {
        result,
        mean,
        inverse,
    })
}

/// `1 / sqrt(mean(x²) + epsilon)`.
fn inverse_root(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    axes: &[usize],
    epsilon: f32,
) -> Result<Activation, NodeFault> {
    let squares = compose::unary(context, node, x, Unary::Square)?;
    let mean = compose::reduce(context, node, &squares, Reduction::Mean, axes, true)?;
    let epsilon = number(node, "epsilon", epsilon);
    let sum = compose::binary(context, node, ADD, &mean, &epsilon)?;
    compose::unary(context, node, &sum, Unary::Rsqrt)
}

fn epsilon(node: &Node<'_>) -> Result<f32, NodeFault> {
    let epsilon = node.attributes.float("epsilon")?.unwrap_or(1e-5);
    if epsilon < 0.0 {
        return Err(fault("epsilon", epsilon.to_string(), "0 and more"));
    }
    Ok(epsilon)
}

/// The product with a scale and the sum with a bias, which may be missing.
fn scaled(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    scale: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Activation, NodeFault> {
    let x = compose::binary(context, node, MUL, x, scale)?;
    match bias {
        Some(bias) => compose::binary(context, node, ADD, &x, bias),
        None => Ok(x),
    }
}

/// The axes from one on.
fn from_axis(node: &Node<'_>, rank: usize) -> Result<Vec<usize>, NodeFault> {
    let axis = axis_index(node.attributes.int("axis")?.unwrap_or(-1), rank)?;
    Ok((axis..rank).collect())
}

/// `LayerNormalization`: over the last axes; mean and inverse deviation are outputs too.
pub(super) fn layer(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input X")?;
    let axes = from_axis(node, x.view.rank())?;
    let found = normalized(context, node, x, &axes)?;
    let scale = node.required(1, "input Scale")?;
    let result = scaled(context, node, &found.result, scale, node.input(2))?;
    context.side_outputs = vec![found.mean.into(), found.inverse.into()];
    Ok(result.into())
}

/// `RMSNormalization`: over the root of the mean square of the last axes.
pub(super) fn root_mean_square(
    context: &mut Context,
    node: &Node<'_>,
) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input X")?;
    let axes = from_axis(node, x.view.rank())?;
    context.check_batch(x, axes.iter().copied())?;
    let inverse = inverse_root(context, node, x, &axes, epsilon(node)?)?;
    let result = compose::binary(context, node, MUL, x, &inverse.into())?;
    let scale = node.required(1, "input scale")?;
    Ok(scaled(context, node, &result, scale, None)?.into())
}

/// A parameter with a number for each of `count` channels, of which each stands for `times`; in a
/// shape that broadcasts along axis 1 of a tensor of this rank.
fn channelwise(
    context: &mut Context,
    node: &Node<'_>,
    index: usize,
    operand: &str,
    (count, rank): (usize, usize),
) -> Result<Tensor, NodeFault> {
    let parameter = node.required(index, operand)?;
    if parameter.shape() != [count] {
        let expected = format!("of shape [{count}], one number for each channel or group");
        return Err(shape_fault(operand, &expected, &parameter.shape()));
    }
    let mut shape = vec![1; rank.saturating_sub(1)];
    shape[0] = count;
    reshaped_to(context, node, parameter, shape)
}

/// `InstanceNormalization`: each channel over its space.
pub(super) fn instance(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input")?;
    let rank = x.view.rank();
    if rank < 3 {
        return Err(shape_fault("input", "of rank 3 or more", &x.view.shape()));
    }
    let axes: Vec<usize> = (2..rank).collect();
    let found = normalized(context, node, x, &axes)?;
    let channels = (x.view.axis_len(1), rank);
    let scale = channelwise(context, node, 1, "input scale", channels)?;
    let bias = channelwise(context, node, 2, "input B", channels)?;
    Ok(scaled(context, node, &found.result, &scale, Some(&bias))?.into())
}

/// `GroupNormalization`: groups of channels over their space. Before opset 21 a group has one scale
/// and bias, since then a channel.
pub(super) fn group(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input X")?;
    let own = x.view.shape();
    let given = node.attributes.int("num_groups")?.unwrap_or(0);
    let groups = usize::try_from(given).unwrap_or(0);
    if own.len() < 3 || groups == 0 || !own[1].is_multiple_of(groups) {
        let supported = format!("a divisor of the channels of shape {own:?}");
        return Err(fault("num_groups", given.to_string(), &supported));
    }
    let cut = [&[own[0], groups, own[1] / groups], &own[2..]].concat();
    let rank = cut.len();
    let x = computed(reshaped_to(context, node, &x.clone().into(), cut)?)?;
    let axes: Vec<usize> = (2..rank).collect();
    let found = normalized(context, node, &x, &axes)?;
    if node.opset < 21 {
        let scale = channelwise(context, node, 1, "input scale", (groups, rank))?;
        let bias = channelwise(context, node, 2, "input bias", (groups, rank))?;
        let result = scaled(context, node, &found.result, &scale, Some(&bias))?;
        return reshaped_to(context, node, &result.into(), own);
    }
    let result = computed(reshaped_to(
        context,
        node,
        &found.result.into(),
        own.clone(),
    )?)?;
    let channels = (own[1], own.len());
    let scale = channelwise(context, node, 1, "input scale", channels)?;
    let bias = channelwise(context, node, 2, "input bias", channels)?;
    Ok(scaled(context, node, &result, &scale, Some(&bias))?.into())
}

/// `MeanVarianceNormalization`: `(x - mean) / (deviation + 1e-9)` over axes; without them over the
/// batch and the space.
pub(super) fn mean_variance(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    const SMALL: f32 = 1e-9;
    let x = node.activation(0, "input X")?;
    let given = node.attributes.ints("axes")?.unwrap_or(&[0, 2, 3]);
    let axes = axis_indices(given, x.view.rank())?;
    let mean = compose::reduce(context, node, x, Reduction::Mean, &axes, true)?;
    let centred = compose::binary(context, node, SUB, x, &mean.into())?;
    let squares = compose::unary(context, node, &centred, Unary::Square)?;
    let variance = compose::reduce(context, node, &squares, Reduction::Mean, &axes, true)?;
    let deviation = compose::unary(context, node, &variance, Unary::Sqrt)?;
    let small = number(node, "small", SMALL);
    let deviation = compose::binary(context, node, ADD, &deviation, &small)?;
    let op = Op::Binary(Binary::Div);
    Ok(compose::binary(context, node, op, &centred, &deviation.into())?.into())
}

/// `LpNormalization`: over the sum of absolute values along an axis, or the root of that of squares.
pub(super) fn vector(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    /// No sum of absolute values that int8 could tell from 0 is smaller.
    const SMALLEST: f32 = 1e-12;
    let x = node.activation(0, "input")?;
    let axis = axis_index(node.attributes.int("axis")?.unwrap_or(-1), x.view.rank())?;
    context.check_batch(x, [axis])?;
    match node.attributes.int("p")?.unwrap_or(2) {
        2 => {
            let x = context.trailing(&node.name, x, &[axis])?;
            let value = context.emit(node, Op::L2Normalize, vec![x.value])?;
            Ok(Tensor::computed(value, x.view))
        }
        1 => {
            let sizes = compose::unary(context, node, x, Unary::Abs)?;
            let sum = compose::reduce(context, node, &sizes, Reduction::Sum, &[axis], true)?;
            let op = Op::Binary(Binary::Maximum);
            let smallest = number(node, "smallest", SMALLEST);
            let sum = compose::binary(context, node, op, &sum, &smallest)?;
            let op = Op::Binary(Binary::Div);
            Ok(compose::binary(context, node, op, x, &sum.into())?.into())
        }
        other => Err(fault("p", other.to_string(), "1, 2")),
    }
}

/// LRN: `x / (bias + alpha / size · Σ x²)^beta`, the sum being over `size` channels around each.
pub(super) fn local_response(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    const MAX_CHANNELS: usize = 1 << 12;
    let x = node.activation(0, "input X")?;
    let number_of =
        |name, open| -> Result<f32, NodeFault> { Ok(node.attributes.float(name)?.unwrap_or(open)) };
    let (alpha, beta) = (number_of("alpha", 1e-4)?, number_of("beta", 0.75)?);
    let bias = number_of("bias", 1.0)?;
    let given = node.attributes.int("size")?.unwrap_or(0);
    let size = usize::try_from(given)
        .ok()
        .filter(|size| (1..=MAX_CHANNELS).contains(size));
    let size = size.ok_or_else(|| fault("size", given.to_string(), "1 to 4096"))?;
    if x.view.rank() < 2 || x.view.axis_len(1) > MAX_CHANNELS {
        let found = x.view.shape();
        return Err(shape_fault("input X", "with 4096 channels at most", &found));
    }
    let channels = x.view.axis_len(1);
    let (before, after) = ((size - 1) / 2, size / 2);
    let share = alpha / as_f32(size);
    let weights = (0..channels * channels).map(|index| {
        let (row, column) = (index / channels, index % channels);
        let near = column + before >= row && column <= row + after;
        if near { share } else { 0.0 }
    });
    let squares = compose::unary(context, node, x, Unary::Square)?;
    let bias = Some(vec![bias; channels]);
    let sums = compose::weighted(context, node, &squares, 1, weights.collect(), bias)?;
    let power = Function::Parametric {
        function: Parametric::Pow,
        parameters: [-beta, 0.0],
    };
    let factor = compose::function(context, node, &sums, power)?;
    Ok(compose::binary(context, node, MUL, x, &factor.into())?.into())
}
