//! Gather and Slice of constants: what exporters write to compute with shapes.

use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, axis_index, axis_indices, operand_fault};
use crate::import::onnx::tensor::{Constant, Picking};

/// Picks slices along an axis by constant indices.
pub(super) fn gather(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let constant = node.constant(0, "input data (Gather is computed for constants only)")?;
    let indices = node.ints(1, "input indices")?;
    let scalar = node.constant(1, "input indices")?.shape.is_empty();
    let axis = axis_index(
        node.attributes.int("axis")?.unwrap_or(0),
        constant.shape.len(),
    )?;
    let picks: Result<Vec<usize>, NodeFault> = indices
        .iter()
        .map(|&index| axis_index(index, constant.shape[axis]))
        .collect();
    let mut shape = constant.shape.clone();
    if scalar {
        shape.remove(axis);
    } else {
        shape[axis] = indices.len();
    }
    picked(context, node, constant, axis, &picks?, shape)
}

struct Slices<'p> {
    outer: usize,
    extent: usize,
    inner: usize,
    picks: &'p [usize],
}

impl Picking for Slices<'_> {
    fn pick<T: Copy>(&self, data: &[T]) -> Vec<T> {
        let starts = (0..self.outer).flat_map(|row| {
            let pick = move |pick| (row * self.extent + pick) * self.inner;
            self.picks.iter().copied().map(pick)
        });
        let slices = starts.flat_map(|start| &data[start..start + self.inner]);
        slices.copied().collect()
    }
}

/// The constant with the slices `picks` along an axis.
fn picked(
    context: &mut Context,
    node: &Node<'_>,
    constant: &Constant,
    axis: usize,
    picks: &[usize],
    shape: Vec<usize>,
) -> Result<Tensor, NodeFault> {
    context.reserve_constant(&shape)?;
    let outer = constant.shape[..axis].iter().product();
    let inner = constant.shape[axis + 1..].iter().product();
    let extent = constant.shape[axis];
    let data = constant.data.picked(&Slices {
        outer,
        extent,
        inner,
        picks,
    });
    Ok(Constant {
        name: node.output.clone(),
        shape,
        data,
    }
    .into())
}

/// A part of a constant. Starts, ends, axes and steps are attributes or, since opset 10, inputs.
pub(super) fn slice(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let constant = node.constant(0, "input data (Slice is computed for constants only)")?;
    let rank = constant.shape.len();
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
    let mut result = constant.clone();
    for (index, &axis) in axes.iter().enumerate() {
        let extent = result.shape[axis];
        let picks = range(extent, starts[index], ends[index], steps[index])
            .ok_or_else(|| fault("steps", "0".into(), "steps other than 0"))?;
        let mut shape = result.shape.clone();
        shape[axis] = picks.len();
        let picked = picked(context, node, &result, axis, &picks, shape)?;
        let Tensor::Constant(constant) = picked else {
            unreachable!("what is picked from a constant is one");
        };
        result = constant;
    }
    Ok(result.into())
}

/// The indices from `start` to before `end`, by `step`, along an axis of this extent, by the rules
/// of ONNX's Slice; none if the step is 0.
fn range(extent: usize, start: i64, end: i64, step: i64) -> Option<Vec<usize>> {
    let extent = i64::try_from(extent).expect("tensors are bounded");
    let from_start = |bound: i64| match bound {
        ..0 => bound.saturating_add(extent),
        0.. => bound,
    };
    let (start, end) = (from_start(start), from_start(end));
    let stride = usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX);
    let picks: Vec<i64> = match step {
        0 => return None,
        1.. => (start.clamp(0, extent)..end.clamp(0, extent))
            .step_by(stride)
            .collect(),
        ..0 => (end.clamp(-1, extent - 1) + 1..=start.clamp(-1, extent - 1))
            .rev()
            .step_by(stride)
            .collect(),
    };
    let index = |pick| usize::try_from(pick).expect("it is clamped");
    Some(picks.into_iter().map(index).collect())
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn slices_pick_as_numpy_does() {
        let picks = |start, end, step| range(5, start, end, step).unwrap();
        assert_eq!(picks(1, 4, 1), [1, 2, 3]);
        assert_eq!(picks(-3, i64::MAX, 2), [2, 4]);
        assert_eq!(picks(-1, i64::MIN, -1), [4, 3, 2, 1, 0]);
        assert_eq!(picks(i64::MAX, 0, -2), [4, 2]);
        assert!(picks(4, 1, 1).is_empty() && picks(0, 3, -1).is_empty());
        assert_eq!(range(5, 0, 5, 0), None);
        assert!(range(0, 0, 5, -1).unwrap().is_empty());
    }
}
