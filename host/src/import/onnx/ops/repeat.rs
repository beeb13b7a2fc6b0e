//! Tile and Expand: tensors that are repeated along axes.

use super::fold;
use super::take::{AxisMap, listed, memory_order, take, take_in_order};
use crate::import::NodeFault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault};
use crate::import::onnx::tensor::{MAX_RANK, elements};
use crate::ir::IndexMap;

/// The whole tensor several times along each axis.
pub(super) fn tile(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.required(0, "input")?;
    let own = x.shape();
    let given = node.ints(1, "input repeats")?;
    let repeats: Option<Vec<usize>> = given.iter().map(|&n| usize::try_from(n).ok()).collect();
    let repeats = repeats
        .filter(|repeats| repeats.len() == own.len())
        .ok_or_else(|| {
            let expected = format!("{} counts", own.len());
            operand_fault("input repeats", &expected, &format!("{given:?}"))
        })?;
    let mut maps: Vec<AxisMap> = Vec::with_capacity(own.len());
    for (&len, &times) in own.iter().zip(&repeats) {
        maps.push(match (len, times) {
            (_, 1) => None,
            (1, times) => Some(repeated(times)),
            (len, times) => {
                let count = len.saturating_mul(times);
                Some(listed("input repeats", count, |index| index % len)?)
            }
        });
    }
    take(context, node, 0, x, &maps)
}

/// The only index of an axis, so often.
fn repeated(times: usize) -> IndexMap {
    IndexMap::Range {
        begin: 0,
        step: 0,
        count: times,
    }
}

/// Repeats a tensor along axes of extent 1, until it has this shape.
pub(super) fn expand(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.required(0, "input")?;
    let wanted = node.ints(1, "input shape")?;
    let own = x.shape();
    let lens: Option<Vec<usize>> = wanted
        .iter()
        .map(|&len| usize::try_from(len).ok())
        .collect();
    let shape = lens
        .filter(|lens| lens.len() <= MAX_RANK)
        .and_then(|lens| fold::broadcast(&own, &lens))
        .filter(|shape| elements(shape).is_some())
        .ok_or_else(|| {
            let expected = format!("a shape to which {own:?} broadcasts");
            operand_fault("input shape", &expected, &format!("{wanted:?}"))
        })?;
    let padded = [vec![1; shape.len() - own.len()], own].concat();
    let maps: Vec<AxisMap> = padded
        .iter()
        .zip(&shape)
        .map(|(&own, &len)| (own != len).then(|| repeated(len)))
        .collect();
    match x {
        Tensor::Constant(constant) => {
            let spread = fold::reshaped(node, constant, padded).into();
            take(context, node, 0, &spread, &maps)
        }
        Tensor::Activation(x) if !shape.contains(&0) => {
            let x = x.seen_as(x.view.with_rank(shape.len()));
            // Maps have their channels last; what has the extent 1 in space could lie anywhere.
            let is_map = shape.len() == 4 && x.view.axis_len(0) == 1 && shape[0] == 1;
            let order = if is_map {
                vec![2, 3, 1]
            } else {
                memory_order(&x, maps[0].is_some())
            };
            Ok(take_in_order(context, node, 0, &x, &maps, &order)?.into())
        }
        Tensor::Activation(x) => {
            let x = x.seen_as(x.view.with_rank(shape.len())).into();
            take(context, node, 0, &x, &maps)
        }
    }
}
