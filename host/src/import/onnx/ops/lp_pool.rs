//! `LpPool` and its global form: the root of the sum of powers of windows.

use super::compose::{self, MUL, number};
use super::pool;
use super::reduce::as_f32;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, shape_fault};
use crate::ir::reduce::Reduction;
use crate::ir::{Activation as Function, Parametric, Unary};

/// The exponent, from 1 on; 2 if none is given.
fn exponent(node: &Node<'_>) -> Result<i16, NodeFault> {
    let given = node.attributes.int("p")?.unwrap_or(2);
    let p = i16::try_from(given).ok().filter(|&p| p > 0);
    p.ok_or_else(|| fault("p", given.to_string(), "1 to 32767"))
}

fn power(exponent: f32) -> Function {
    Function::Parametric {
        function: Parametric::Pow,
        parameters: [exponent, 0.0],
    }
}

/// The absolute values' powers.
fn powers(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    p: i16,
) -> Result<Activation, NodeFault> {
    match p {
        1 => compose::unary(context, node, x, Unary::Abs),
        2 => compose::unary(context, node, x, Unary::Square),
        other => {
            let x = compose::unary(context, node, x, Unary::Abs)?;
            compose::function(context, node, &x, power(other.into()))
        }
    }
}

/// The root of sums of powers.
fn root(
    context: &mut Context,
    node: &Node<'_>,
    sums: &Activation,
    p: i16,
) -> Result<Activation, NodeFault> {
    match p {
        1 => Ok(sums.clone()),
        2 => compose::unary(context, node, sums, Unary::Sqrt),
        other => compose::function(context, node, sums, power(f32::from(other).recip())),
    }
}

/// The root of the sum of powers of each window: their mean, padding included, times their number.
pub(super) fn windows(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let p = exponent(node)?;
    let powers = powers(context, node, node.activation(0, "input X")?, p)?;
    let (means, taps) = pool::padded_mean(context, node, &powers)?;
    let taps = number(node, "taps", as_f32(taps));
    let sums = compose::binary(context, node, MUL, &means, &taps)?;
    Ok(root(context, node, &sums, p)?.into())
}

/// The root of the sum of powers of each channel.
pub(super) fn global(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let p = exponent(node)?;
    let x = node.activation(0, "input X")?;
    let rank = x.view.rank();
    if rank < 3 {
        return Err(shape_fault("input X", "of rank 3 or more", &x.view.shape()));
    }
    let axes: Vec<usize> = (2..rank).collect();
    let powers = powers(context, node, x, p)?;
    let sums = compose::reduce(context, node, &powers, Reduction::Sum, &axes, true)?;
    Ok(root(context, node, &sums, p)?.into())
}
