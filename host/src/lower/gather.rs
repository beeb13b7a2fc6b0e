//! Gathers as their kernel makes them, and what must hold of them.

use super::LowerError;
use super::node::{equal, same_params};
use super::shape::count;
use crate::quantize::graph::{QNode, QOp, QValue};
use tiivis_runtime::blob::GATHER_COMPONENTS;

/// The extents of a gather, as [`tiivis_runtime::blob::Gather`] has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extents {
    pub(crate) batches: u32,
    pub(crate) outer: u32,
    pub(crate) extents: [u32; GATHER_COMPONENTS],
    pub(crate) components: u32,
    pub(crate) positions: u32,
    pub(crate) run_bytes: u32,
}

/// The extents of a node that gathers from a table by indices into an output of the right shape.
pub(crate) fn extents(
    node: &QNode,
    [table, indices]: [&QValue; 2],
    output: &QValue,
) -> Result<Extents, LowerError> {
    same_params(node, table, output)?;
    let product = |what, axes: &[usize]| count(node, what, axes.iter().product());
    let (kept, by, batches, runs) = match node.op {
        QOp::Gather { axis, batch_axes } => {
            below(node, "an axis", axis, table.shape.len())?;
            below(node, "a batch axis", batch_axes, axis + 1)?;
            below(node, "a batch axis", batch_axes, indices.shape.len() + 1)?;
            let (kept, rest) = table.shape.split_at(axis);
            (kept, &rest[..1], batch_axes, &rest[1..])
        }
        _ => {
            let components = indices.shape.last().copied().unwrap_or(0);
            below(node, "a component", components, table.shape.len() + 1)?;
            let (by, runs) = table.shape.split_at(components);
            (&[][..], by, 0, runs)
        }
    };
    let is_whole = matches!(node.op, QOp::Gather { .. });
    let (batch_shape, own) = indices.shape.split_at(batches);
    equal(
        node,
        "batches",
        kept[..batches].iter().product(),
        batch_shape.iter().product(),
    )?;
    let places = match own.split_last() {
        Some((_, places)) if !is_whole => places,
        _ => own,
    };
    let expected = [kept, places, runs].concat();
    equal(node, "axes", expected.len(), output.shape.len())?;
    for (&expected, &found) in expected.iter().zip(&output.shape) {
        equal(node, "an axis", expected, found)?;
    }
    if by.is_empty() || by.len() > GATHER_COMPONENTS {
        return Err(LowerError::Mismatch {
            node: node.name.clone(),
            what: "components of an index, at least 1 and at most",
            expected: GATHER_COMPONENTS,
            found: by.len(),
        });
    }
    let mut extents = [1; GATHER_COMPONENTS];
    for (to, &extent) in extents.iter_mut().zip(by) {
        *to = count(node, "an axis", extent)?;
    }
    let run = product("a run", runs)?.checked_mul(table.dtype.bytes());
    Ok(Extents {
        batches: product("the batches", &kept[..batches])?,
        outer: product("the axes before", &kept[batches..])?,
        extents,
        components: count(node, "an index", by.len())?,
        positions: product("the indices", places)?,
        run_bytes: run.ok_or_else(|| LowerError::TooLarge {
            name: node.name.clone(),
            what: "a run",
        })?,
    })
}

fn below(node: &QNode, what: &'static str, found: usize, end: usize) -> Result<(), LowerError> {
    if found < end {
        return Ok(());
    }
    Err(LowerError::Mismatch {
        node: node.name.clone(),
        what,
        expected: end.saturating_sub(1),
        found,
    })
}
