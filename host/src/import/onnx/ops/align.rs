//! Two operands of an operator that broadcasts, brought into one layout.
//!
//! One operand *leads*: the result has its source shape and lies as it does. The other is brought
//! into the same memory order, with an extent of 1 along the axes in which it is repeated. If
//! neither has the result's shape, or their atoms do not meet, both go to the source order.

use crate::data::layout::permute;
use crate::import::NodeFault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, floats};
use crate::import::onnx::tensor::Constant;
use crate::import::onnx::view::{View, common_factors};
use crate::ir::ValueId;
use std::borrow::Cow;

/// The leading operand, the other one in its layout, and the view of both; none if their atoms do
/// not meet.
pub(super) fn follow(
    context: &mut Context,
    node: &Node<'_>,
    lead: &Activation,
    other: &Tensor,
) -> Result<Option<(ValueId, ValueId, View)>, NodeFault> {
    let rank = lead.view.rank();
    match other {
        Tensor::Constant(constant) => {
            let len = |axis: usize| {
                (axis + constant.shape.len())
                    .checked_sub(rank)
                    .map_or(1, |at| constant.shape[at])
            };
            let present: Vec<bool> = (0..rank).map(|axis| len(axis) != 1).collect();
            let (value, dims) = dims(context, node, lead, &present)?;
            let constant = spread(context, constant, &lead.view, &present, &dims)?;
            Ok(Some((value, constant, lead.view.clone())))
        }
        Tensor::Activation(other) => {
            let other = other.seen_as(other.view.with_rank(rank));
            let present: Vec<bool> = (0..rank)
                .map(|axis| other.view.axis_len(axis) != 1)
                .collect();
            let Some((lead, other)) = refine(lead, &other, &present) else {
                return Ok(None);
            };
            let (value, dims) = dims(context, node, &lead, &present)?;
            let order = memory_order(&lead.view, &other.view, &present);
            let other = context.reorder(&node.name, &other, &order)?;
            let other = context.reshape(&node.name, other.value, dims)?;
            Ok(Some((value, other, lead.view)))
        }
    }
}

/// Cuts the atoms of both so that they are the same along the axes that both have.
fn refine(
    lead: &Activation,
    other: &Activation,
    present: &[bool],
) -> Option<(Activation, Activation)> {
    let mut lead_axes = Vec::with_capacity(present.len());
    let mut other_axes = Vec::with_capacity(present.len());
    for (axis, &present) in present.iter().enumerate() {
        if present {
            let factors = common_factors(&lead.view.extents(axis), &other.view.extents(axis))?;
            lead_axes.push(factors.clone());
            other_axes.push(factors);
        } else {
            lead_axes.push(lead.view.extents(axis));
            other_axes.push(Vec::new());
        }
    }
    let (lead_view, other_view) = (
        lead.view.refined(&lead_axes)?,
        other.view.refined(&other_axes)?,
    );
    Some((lead.seen_as(lead_view), other.seen_as(other_view)))
}

/// The other operand's atoms in the order of the leading one's.
fn memory_order(lead: &View, other: &View, present: &[bool]) -> Vec<usize> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (axis, _) in present.iter().enumerate().filter(|(_, present)| **present) {
        pairs.extend(
            lead.axes()[axis]
                .iter()
                .copied()
                .zip(other.axes()[axis].iter().copied()),
        );
    }
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, atom)| atom).collect()
}

/// The leading operand with axes that the other one has as a whole or not at all, and the other
/// one's shape: 1 where it has not.
fn dims(
    context: &mut Context,
    node: &Node<'_>,
    lead: &Activation,
    present: &[bool],
) -> Result<(ValueId, Vec<usize>), NodeFault> {
    let atoms = lead.view.atoms();
    let mut has = vec![false; atoms.len()];
    for (axis, _) in present.iter().enumerate().filter(|(_, present)| **present) {
        for &atom in &lead.view.axes()[axis] {
            has[atom] = true;
        }
    }
    let own = context.graph.shape(lead.value).to_vec();
    if own.len() <= MAX_AXES
        && let Some(dims) = masked(&own, atoms, &has)
    {
        return Ok((lead.value, dims));
    }
    let shape = if atoms.len() < MAX_AXES {
        std::iter::once(1).chain(atoms.iter().copied()).collect()
    } else {
        runs(atoms, &has)
    };
    let value = context.reshape(&node.name, lead.value, shape.clone())?;
    let dims = masked(&shape, atoms, &has).expect("every axis is of atoms that are all had or not");
    Ok((value, dims))
}

/// Axes that the kernels for two operands take.
const MAX_AXES: usize = 4;

/// Atoms that follow each other as one axis where all are had or none is, behind the batch.
fn runs(atoms: &[usize], has: &[bool]) -> Vec<usize> {
    let mut shape = vec![1];
    let mut whole = None;
    for (&atom, &had) in atoms.iter().zip(has).filter(|(atom, _)| **atom != 1) {
        match shape.last_mut() {
            Some(last) if whole == Some(had) => *last *= atom,
            Some(_) | None => shape.push(atom),
        }
        whole = Some(had);
    }
    shape
}

/// `shape`, each of whose axes is made of some atoms in order, with 1 where those are not had;
/// none if only some of an axis' atoms are, or an atom spans axes.
fn masked(shape: &[usize], atoms: &[usize], has: &[bool]) -> Option<Vec<usize>> {
    let mut rest = atoms.iter().zip(has).filter(|(atom, _)| **atom != 1);
    let mut masked = Vec::with_capacity(shape.len());
    for &len in shape {
        let (mut missing, mut whole) = (len, None);
        while missing > 1 {
            let (&atom, &had) = rest.next()?;
            if !missing.is_multiple_of(atom) || whole.is_some_and(|whole| whole != had) {
                return None;
            }
            missing /= atom;
            whole = Some(had);
        }
        masked.push(if whole == Some(true) { len } else { 1 });
    }
    Some(masked)
}

/// A constant in the layout of a view, with the shape `dims`; leading axes of 1 are left out.
fn spread(
    context: &mut Context,
    constant: &Constant,
    view: &View,
    present: &[bool],
    dims: &[usize],
) -> Result<ValueId, NodeFault> {
    let data = floats(constant, "constant")?;
    context.reserve_constant(&constant.shape)?;
    // The atoms that it has, in source order, and how they lie in memory.
    let atoms: Vec<usize> = (0..view.rank())
        .filter(|&axis| present[axis])
        .flat_map(|axis| view.axes()[axis].iter().copied())
        .collect();
    let extents: Vec<usize> = atoms.iter().map(|&atom| view.atoms()[atom]).collect();
    let mut perm: Vec<usize> = (0..atoms.len()).collect();
    perm.sort_by_key(|&index| atoms[index]);
    let data = if perm.is_sorted() {
        Cow::Borrowed(data)
    } else {
        Cow::Owned(permute(data, &extents, &perm))
    };
    let leading = dims
        .iter()
        .position(|&len| len != 1)
        .unwrap_or(dims.len() - 1);
    context.add_constant(&constant.name, dims[leading..].to_vec(), data.as_ref())
}
