//! Gather and Slice of constants: what exporters write to compute with shapes.

use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, axis_index, axis_indices, operand_fault};
use crate::import::onnx::tensor::{Constant, Data};

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
    fn slices<T: Copy>(
        data: &[T],
        outer: usize,
        extent: usize,
        inner: usize,
        picks: &[usize],
    ) -> Vec<T> {
        let starts =
            (0..outer).flat_map(|row| picks.iter().map(move |pick| (row * extent + pick) * inner));
        starts
            .flat_map(|start| &data[start..start + inner])
            .copied()
            .collect()
    }
    let data = match &constant.data {
        Data::F32(data) => Data::F32(slices(data, outer, extent, inner, picks).into()),
        Data::I64(data) => Data::I64(slices(data, outer, extent, inner, picks).into()),
        Data::Bool(data) => Data::Bool(slices(data, outer, extent, inner, picks).into()),
    };
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
        let signed = i64::try_from(extent).expect("tensors are bounded");
        let [start, end] = [starts[index], ends[index]].map(|bound| {
            let bound = if bound < 0 {
                bound.saturating_add(signed)
            } else {
                bound
            };
            usize::try_from(bound.clamp(0, signed)).expect("it is clamped")
        });
        let Some(step) = usize::try_from(steps[index]).ok().filter(|&step| step > 0) else {
            return Err(fault("steps", steps[index].to_string(), "positive steps"));
        };
        let picks: Vec<usize> = (start..end).step_by(step).collect();
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
