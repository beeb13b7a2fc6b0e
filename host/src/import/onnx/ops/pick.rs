//! Slice, Split, Gather, `GatherElements` and `GatherND`: parts of a tensor, at constant indices.

use super::shape::reshaped_to;
use super::take::{AxisMap, listed, take};
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, axis_index, axis_indices, operand_fault, shape_fault};
use crate::import::onnx::tensor::{Constant, Data, elements};
use crate::ir::IndexMap;

/// Picks slices along an axis by constant indices.
pub(super) fn gather(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.required(0, "input data")?;
    let own = x.shape();
    let axis = axis_index(node.attributes.int("axis")?.unwrap_or(0), own.len())?;
    if let Tensor::Activation(x) = x {
        context.check_batch(x, [axis])?;
    }
    let (constant, indices) = indices(node)?;
    let picks: Result<Vec<usize>, NodeFault> = indices
        .iter()
        .map(|&index| index_in(index, own[axis]))
        .collect();
    let picks = picks?;
    let mut maps: Vec<AxisMap> = vec![None; own.len()];
    maps[axis] = Some(listed("input indices", picks.len(), |index| picks[index])?);
    let taken = take(context, node, 0, x, &maps)?;
    let shape = [&own[..axis], &constant.shape, &own[axis + 1..]].concat();
    reshaped_to(context, node, &taken, shape)
}

/// The constant indices of a gathering operator, of any shape.
fn indices<'n>(node: &'n Node<'_>) -> Result<(&'n Constant, &'n [i64]), NodeFault> {
    let constant = node.constant(1, "input indices")?;
    match &constant.data {
        Data::I64(indices) => Ok((constant, indices)),
        data => Err(operand_fault("input indices", "integers", data.type_name())),
    }
}

/// An index that may be counted from the end.
fn index_in(index: i64, len: usize) -> Result<usize, NodeFault> {
    axis_index(index, len).map_err(|_| {
        let expected = format!("within an axis of extent {len}");
        operand_fault("input indices", &expected, &index.to_string())
    })
}

/// Elements at constant indices: each stands where its index does, but along the axis.
pub(super) fn gather_elements(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.required(0, "input data")?;
    let own = x.shape();
    let axis = axis_index(node.attributes.int("axis")?.unwrap_or(0), own.len())?;
    let (constant, indices) = indices(node)?;
    let fits = constant.shape.len() == own.len()
        && (0..own.len()).all(|at| at == axis || constant.shape[at] <= own[at]);
    if !fits {
        let expected = format!(
            "of rank {}, and within {own:?} but for axis {axis}",
            own.len()
        );
        return Err(shape_fault("input indices", &expected, &constant.shape));
    }
    let mut picks = Vec::with_capacity(indices.len());
    for (position, &index) in indices.iter().enumerate() {
        let index = index_in(index, own[axis])?;
        let (mut rest, mut at, mut stride) = (position, 0, 1);
        for place in (0..own.len()).rev() {
            let own_place = rest % constant.shape[place];
            rest /= constant.shape[place];
            at += stride * if place == axis { index } else { own_place };
            stride *= own[place];
        }
        picks.push(at);
    }
    flat(context, node, x, 1, &picks, constant.shape.clone())
}

/// Slices at constant indices of several axes, which are the last axis of the indices.
pub(super) fn gather_nd(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.required(0, "input data")?;
    let own = x.shape();
    let (constant, indices) = indices(node)?;
    let batch_dims = node.attributes.int("batch_dims")?.unwrap_or(0);
    let batch_dims = usize::try_from(batch_dims).unwrap_or(usize::MAX);
    let depth = constant.shape.last().copied().unwrap_or(0);
    let indexed = batch_dims.saturating_add(depth);
    if depth == 0
        || indexed > own.len()
        || batch_dims >= constant.shape.len()
        || constant.shape[..batch_dims] != own[..batch_dims]
    {
        let expected = format!("tuples of indices into {own:?} behind {batch_dims} equal axes");
        return Err(shape_fault("input indices", &expected, &constant.shape));
    }
    let tuples = indices.chunks_exact(depth);
    let batches: usize = own[..batch_dims].iter().product();
    let each = (tuples.len() / batches.max(1)).max(1);
    let mut picks = Vec::with_capacity(tuples.len());
    for (position, tuple) in tuples.enumerate() {
        let mut at = position / each;
        for (&index, &len) in tuple.iter().zip(&own[batch_dims..]) {
            at = at * len + index_in(index, len)?;
        }
        picks.push(at);
    }
    let inner = own[indexed..].iter().product();
    let tuples = &constant.shape[..constant.shape.len() - 1];
    let shape = [tuples, &own[indexed..]].concat();
    flat(context, node, x, inner, &picks, shape)
}

/// Runs of `inner` elements of the tensor in the source's order, in another shape.
fn flat(
    context: &mut Context,
    node: &Node<'_>,
    x: &Tensor,
    inner: usize,
    picks: &[usize],
    shape: Vec<usize>,
) -> Result<Tensor, NodeFault> {
    let count = elements(&x.shape()).unwrap_or(0);
    if let Tensor::Activation(x) = x {
        context.check_batch(x, [0])?;
    }
    let rows = reshaped_to(context, node, x, vec![1, count / inner.max(1), inner])?;
    let map = listed("input indices", picks.len(), |index| picks[index])?;
    let taken = take(context, node, 0, &rows, &[None, Some(map), None])?;
    reshaped_to(context, node, &taken, shape)
}

/// A part of a tensor. Starts, ends, axes and steps are attributes or, since opset 10, inputs.
pub(super) fn slice(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.required(0, "input data")?;
    let own = x.shape();
    let rank = own.len();
    let bounds = |name, index| match node.attributes.ints(name)? {
        Some(bounds) => Ok(bounds),
        None => node.ints(index, &format!("input {name}")),
    };
    let (starts, ends): (&[i64], &[i64]) = (bounds("starts", 1)?, bounds("ends", 2)?);
    let axes = match (node.attributes.ints("axes")?, node.input(3)) {
        (Some(axes), _) => axis_indices(axes, rank)?,
        (None, Some(_)) => axis_indices(node.ints(3, "input axes")?, rank)?,
        (None, None) => (0..starts.len().min(rank)).collect(),
    };
    let steps = match node.input(4) {
        Some(_) => node.ints(4, "input steps")?.to_vec(),
        None => vec![1; starts.len()],
    };
    if [starts.len(), ends.len(), steps.len()] != [axes.len(); 3] {
        return Err(operand_fault(
            "starts, ends, axes and steps",
            "of one length",
            "different lengths",
        ));
    }
    let mut maps: Vec<AxisMap> = vec![None; rank];
    for (index, &axis) in axes.iter().enumerate() {
        let map = range(own[axis], starts[index], ends[index], steps[index])
            .ok_or_else(|| fault("steps", "0".into(), "steps other than 0"))?;
        maps[axis] = Some(map);
    }
    take(context, node, 0, x, &maps)
}

/// The indices from `start` to before `end`, by `step`, along an axis of this extent, by the rules
/// of ONNX's Slice; none if the step is 0.
fn range(extent: usize, start: i64, end: i64, step: i64) -> Option<IndexMap> {
    let extent = i64::try_from(extent).expect("tensors are bounded");
    let from_start = |bound: i64| match bound {
        ..0 => bound.saturating_add(extent),
        0.. => bound,
    };
    let (start, end) = (from_start(start), from_start(end));
    let (begin, len) = match step {
        0 => return None,
        1.. => {
            let begin = start.clamp(0, extent);
            (begin, end.clamp(0, extent) - begin)
        }
        ..0 => {
            let begin = start.clamp(-1, extent - 1);
            (begin, begin - end.clamp(-1, extent - 1))
        }
    };
    let len = u64::try_from(len).unwrap_or(0);
    let count = usize::try_from(len.div_ceil(step.unsigned_abs())).expect("at most the extent");
    // From one index no step is taken.
    let step = if count < 2 { 1 } else { step };
    Some(IndexMap::Range {
        begin: usize::try_from(begin).unwrap_or(0),
        step: isize::try_from(step).expect("below the extent"),
        count,
    })
}

/// Parts along an axis: equal ones, or of lengths that are an attribute or, since opset 13, an
/// input; since opset 18 the last of equal ones may be shorter.
pub(super) fn split(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.required(0, "input")?;
    let own = x.shape();
    let axis = axis_index(node.attributes.int("axis")?.unwrap_or(0), own.len())?;
    let lens = part_lens(node, own[axis])?;
    let mut begin = 0;
    let mut parts = Vec::with_capacity(lens.len());
    for (output, &len) in lens.iter().enumerate() {
        let mut maps: Vec<AxisMap> = vec![None; own.len()];
        maps[axis] = Some(IndexMap::run(begin, len));
        begin += len;
        // What nothing reads is not cut out.
        let named = node
            .outputs
            .get(output)
            .is_some_and(|name| !name.is_empty());
        parts.push(if named || output == 0 {
            take(context, node, output, x, &maps)?
        } else {
            x.clone()
        });
    }
    let first = parts.remove(0);
    context.side_outputs = parts;
    Ok(first)
}

fn part_lens(node: &Node<'_>, extent: usize) -> Result<Vec<usize>, NodeFault> {
    let given = match (node.attributes.ints("split")?, node.input(1)) {
        (Some(lens), _) => Some(lens),
        (None, Some(_)) => Some(node.ints(1, "input split")?),
        (None, None) => None,
    };
    let Some(given) = given else {
        return equal_parts(node, extent);
    };
    let lens: Option<Vec<usize>> = given.iter().map(|&len| usize::try_from(len).ok()).collect();
    let sum = |lens: &[usize]| {
        lens.iter()
            .try_fold(0usize, |sum, &len| sum.checked_add(len))
    };
    lens.filter(|lens| {
        sum(lens) == Some(extent) && !lens.is_empty() && lens.len() == node.outputs.len()
    })
    .ok_or_else(|| {
        let expected = format!("{} lengths that sum to {extent}", node.outputs.len());
        operand_fault("split", &expected, &format!("{given:?}"))
    })
}

fn equal_parts(node: &Node<'_>, extent: usize) -> Result<Vec<usize>, NodeFault> {
    let outputs = node.outputs.len().max(1);
    let count = match node.attributes.int("num_outputs")? {
        None => outputs,
        Some(count) => usize::try_from(count)
            .ok()
            .filter(|&count| count == outputs)
            .ok_or_else(|| fault("num_outputs", count.to_string(), &outputs.to_string()))?,
    };
    let len = extent.div_ceil(count);
    let uneven = node.opset >= 18 && len * (count - 1) <= extent;
    if !extent.is_multiple_of(count) && !uneven {
        let expected = format!("an extent that is cut in {count} parts");
        return Err(operand_fault("input", &expected, &extent.to_string()));
    }
    let mut lens = vec![len; count];
    lens[count - 1] = extent - len * (count - 1);
    Ok(lens)
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn slices_pick_as_numpy_does() {
        let picks = |start, end, step| -> Vec<usize> {
            range(5, start, end, step).unwrap().indices().collect()
        };
        assert_eq!(picks(1, 4, 1), [1, 2, 3]);
        assert_eq!(picks(-3, i64::MAX, 2), [2, 4]);
        assert_eq!(picks(-1, i64::MIN, -1), [4, 3, 2, 1, 0]);
        assert_eq!(picks(i64::MAX, 0, -2), [4, 2]);
        assert_eq!(picks(2, i64::MAX, i64::MAX), [2]);
        assert_eq!(picks(2, i64::MIN, i64::MIN), [2]);
        assert!(picks(4, 1, 1).is_empty() && picks(0, 3, -1).is_empty());
        assert_eq!(range(5, 0, 5, 0), None);
        assert_eq!(range(0, 0, 5, -1).unwrap().count(), 0);
    }
}
