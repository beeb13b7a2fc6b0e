//! Operators that only rewrite axes: Reshape, Flatten, Squeeze, Unsqueeze, Transpose.

use super::fold;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, axis_index, axis_indices, operand_fault};
use crate::import::onnx::tensor::{MAX_RANK, elements};
use crate::import::onnx::view::View;

/// The same elements in the source model's order, in another shape.
fn reshaped(
    context: &mut Context,
    node: &Node<'_>,
    shape: Vec<usize>,
) -> Result<Tensor, NodeFault> {
    if shape.len() > MAX_RANK {
        return Err(operand_fault(
            "shape",
            &format!("of rank {MAX_RANK} at most"),
            &format!("rank {}", shape.len()),
        ));
    }
    let x = node.required(0, "input")?.clone();
    reshaped_to(context, node, &x, shape)
}

/// The same elements of a tensor in the source model's order, in another shape of as many.
pub(super) fn reshaped_to(
    context: &mut Context,
    node: &Node<'_>,
    x: &Tensor,
    shape: Vec<usize>,
) -> Result<Tensor, NodeFault> {
    match x {
        Tensor::Constant(constant) => Ok(fold::reshaped(node, constant, shape).into()),
        Tensor::Activation(x) => Ok(reshaped_activation(context, node, x, &shape)?.into()),
    }
}

/// A tensor whose axis `i` is axis `perm[i]`.
pub(super) fn transposed(
    context: &mut Context,
    node: &Node<'_>,
    x: &Tensor,
    perm: &[usize],
) -> Result<Tensor, NodeFault> {
    match x {
        Tensor::Constant(constant) => fold::transposed(context, node, constant, perm),
        Tensor::Activation(x) => Ok(x.seen_as(x.view.transposed(perm)).into()),
    }
}

fn reshaped_activation(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    shape: &[usize],
) -> Result<Activation, NodeFault> {
    if let Some(view) = x.view.reshaped(shape) {
        return Ok(x.seen_as(view));
    }
    // An atom would be cut between its elements: in source order they all are one atom.
    let x = context.in_source_order(&node.name, x)?;
    let whole = View::new(vec![x.view.elements()], vec![vec![0]]);
    let view = whole
        .reshaped(shape)
        .expect("one atom can be cut into any factors");
    Ok(x.seen_as(view))
}

/// Another shape; 0 keeps an extent (unless `allowzero`), -1 is what is left.
pub(super) fn reshape(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let source = node.required(0, "input data")?.shape();
    let wanted = node.ints(1, "input shape")?;
    let allow_zero = node.attributes.flag("allowzero")?.unwrap_or(false);
    let shape = resolved(&source, wanted, allow_zero).ok_or_else(|| {
        let count = source.iter().product::<usize>();
        let expected =
            format!("a shape of {count} elements ({source:?} is reshaped), with -1 once at most");
        operand_fault("input shape", &expected, &format!("{wanted:?}"))
    })?;
    reshaped(context, node, shape)
}

fn resolved(source: &[usize], wanted: &[i64], allow_zero: bool) -> Option<Vec<usize>> {
    let count = elements(source)?;
    let mut shape = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (axis, &len) in wanted.iter().enumerate() {
        shape.push(match len {
            -1 if open.is_none() => {
                open = Some(axis);
                1
            }
            0 if !allow_zero => *source.get(axis)?,
            len => usize::try_from(len).ok()?,
        });
    }
    let known = elements(&shape)?;
    if let Some(axis) = open {
        if known == 0 || !count.is_multiple_of(known) {
            return None;
        }
        shape[axis] = count / known;
    }
    (elements(&shape)? == count).then_some(shape)
}

/// Two axes: those before `axis` as one, and the rest as one.
pub(super) fn flatten(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let source = node.required(0, "input")?.shape();
    let axis = node.attributes.int("axis")?.unwrap_or(1);
    // Unlike elsewhere, the rank itself is an axis too.
    let axis = axis_index(axis, source.len() + usize::from(axis >= 0))?;
    let shape = vec![
        source[..axis].iter().product(),
        source[axis..].iter().product(),
    ];
    reshaped(context, node, shape)
}

/// Axes of an operator that has them as an attribute or, since opset 13, as an input.
fn given_axes<'n>(node: &'n Node<'_>) -> Result<Option<&'n [i64]>, NodeFault> {
    match node.input(1) {
        Some(_) => Ok(Some(node.ints(1, "input axes")?)),
        None => node.attributes.ints("axes"),
    }
}

/// Without some axes of extent 1.
pub(super) fn squeeze(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let source = node.required(0, "input")?.shape();
    let axes = match given_axes(node)? {
        Some(axes) => axis_indices(axes, source.len())?,
        // All of extent 1 would include the batch or not, depending on how many samples there are.
        None if context.open_batch => {
            return Err(fault("axes", "missing".into(), "axes by name, e.g. [2, 3]"));
        }
        None => (0..source.len())
            .filter(|&axis| source[axis] == 1)
            .collect(),
    };
    if axes.iter().any(|&axis| source[axis] != 1) {
        return Err(fault(
            "axes",
            format!("{axes:?}"),
            &format!("axes of extent 1 of shape {source:?}"),
        ));
    }
    let kept: Vec<usize> = (0..source.len())
        .filter(|axis| !axes.contains(axis))
        .collect();
    let shape = kept.iter().map(|&axis| source[axis]).collect();
    let result = reshaped(context, node, shape)?;
    let batch = kept.iter().position(|&axis| axis == batch_of(node));
    Ok(with_batch(result, batch.unwrap_or(0)))
}

/// The axis that is the batch of a node's first operand.
fn batch_of(node: &Node<'_>) -> usize {
    match node.input(0) {
        Some(Tensor::Activation(x)) => x.view.batch(),
        Some(Tensor::Constant(_)) | None => 0,
    }
}

/// The tensor with this axis as its batch.
fn with_batch(tensor: Tensor, batch: usize) -> Tensor {
    match tensor {
        Tensor::Activation(x) => x.seen_as(x.view.clone().with_batch(batch)).into(),
        Tensor::Constant(constant) => constant.into(),
    }
}

/// With new axes of extent 1, at these indices of the result.
pub(super) fn unsqueeze(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let source = node.required(0, "input")?.shape();
    let Some(axes) = given_axes(node)? else {
        return Err(fault("axes", "missing".into(), "indices of the new axes"));
    };
    let rank = source.len() + axes.len();
    if rank > MAX_RANK {
        return Err(fault(
            "axes",
            format!("{} of them", axes.len()),
            "few enough for a rank of 32",
        ));
    }
    let axes = axis_indices(axes, rank)?;
    let mut rest = source.iter().copied();
    let mut shape = Vec::with_capacity(rank);
    for axis in 0..rank {
        shape.push(if axes.contains(&axis) {
            1
        } else {
            rest.next().expect("as many as there are other axes")
        });
    }
    let result = reshaped(context, node, shape)?;
    let mut old = (0..rank).filter(|axis| !axes.contains(axis));
    let batch = old.nth(batch_of(node));
    Ok(with_batch(result, batch.unwrap_or(0)))
}

/// Axes in another order; reversed if none is given.
pub(super) fn transpose(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let source = node.required(0, "input")?.shape();
    let perm: Vec<usize> = match node.attributes.ints("perm")? {
        None => (0..source.len()).rev().collect(),
        Some(given) => {
            let indices: Option<Vec<usize>> = given
                .iter()
                .map(|&axis| usize::try_from(axis).ok())
                .collect();
            let valid = indices.filter(|perm| {
                perm.len() == source.len() && (0..perm.len()).all(|axis| perm.contains(&axis))
            });
            let supported = format!("a permutation of {} axes", source.len());
            valid.ok_or_else(|| fault("perm", format!("{given:?}"), &supported))?
        }
    };
    transposed(context, node, node.required(0, "input")?, &perm)
}
