//! Conv, one- and two-dimensional.

use super::window::{self, Geometry};
use crate::data::layout::permute;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, shape_fault};
use crate::import::onnx::view::View;
use crate::ir::{Conv2d, Op, ValueId};

/// A convolution with constant weights; in one dimension, one of height 1.
pub(super) fn conv(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input X")?;
    let (weights, data) = node.floats(1, "weight W")?;
    let spatial = window::spatial_axes(&x.view)?;
    let shape = x.view.shape();
    if weights.shape.len() != shape.len() || weights.shape.contains(&0) {
        let expected = format!("of rank {}, as the input is, and not empty", shape.len());
        return Err(shape_fault("weight W", &expected, &weights.shape));
    }
    let (channels, filters) = (shape[1], weights.shape[0]);
    let groups = groups(node, channels, filters)?;
    if weights.shape[1] != channels / groups {
        let expected = format!(
            "of {} channels ({channels} of the input in {groups} groups)",
            channels / groups
        );
        return Err(shape_fault("weight W", &expected, &weights.shape));
    }
    let kernel = &weights.shape[2..];
    check_kernel_shape(node, kernel)?;
    let geometry = Geometry::read(node, kernel, &shape[2..])?;

    context.reserve_constant(&weights.shape)?;
    let [rows, columns] = window::two(kernel, 1);
    let oihw = [filters, channels / groups, rows, columns];
    let data = permute(data, &oihw, &[0, 2, 3, 1]);
    let ohwi = vec![filters, rows, columns, channels / groups];
    let value = window::arrange(context, &node.name, x, spatial)?;
    let mut operands = vec![value, context.add_constant(&weights.name, ohwi, data)?];
    if node.input(2).is_some() {
        operands.push(bias(context, node, filters)?);
    }
    let op = Op::Conv2d(Conv2d {
        window: geometry.window(),
        groups,
        clamp: None,
    });
    let value = context.emit(node, op, operands)?;
    Ok(Tensor::computed(
        value,
        map_view(context.graph.shape(value), shape.len()),
    ))
}

fn groups(node: &Node<'_>, channels: usize, filters: usize) -> Result<usize, NodeFault> {
    let found = node.attributes.int("group")?.unwrap_or(1);
    let divides = |groups: &usize| {
        *groups > 0 && channels.is_multiple_of(*groups) && filters.is_multiple_of(*groups)
    };
    let groups = usize::try_from(found).ok().filter(divides);
    groups.ok_or_else(|| {
        let supported =
            format!("divisors of the {channels} input channels and of the {filters} filters");
        fault("group", found.to_string(), &supported)
    })
}

pub(super) fn bias(
    context: &mut Context,
    node: &Node<'_>,
    filters: usize,
) -> Result<ValueId, NodeFault> {
    let (bias, data) = node.floats(2, "bias B")?;
    if bias.shape != [filters] {
        let expected = format!("of shape [{filters}], one number for each filter");
        return Err(shape_fault("bias B", &expected, &bias.shape));
    }
    context.reserve_constant(&bias.shape)?;
    context.add_constant(&bias.name, vec![filters], data)
}

pub(super) fn check_kernel_shape(node: &Node<'_>, kernel: &[usize]) -> Result<(), NodeFault> {
    match node.attributes.ints("kernel_shape")? {
        Some(given)
            if !given
                .iter()
                .copied()
                .eq(kernel.iter().map(|&len| i64::try_from(len).unwrap_or(-1))) =>
        {
            Err(fault(
                "kernel_shape",
                format!("{given:?}"),
                &format!("{kernel:?}, the weight's"),
            ))
        }
        _ => Ok(()),
    }
}

/// The view of a map `[1, H, W, C]` as the source model's `[N, C, H, W]` or, of rank 3, `[N, C, L]`.
pub(super) fn map_view(shape: &[usize], rank: usize) -> View {
    let axes = if rank == 4 {
        vec![vec![], vec![2], vec![0], vec![1]]
    } else {
        vec![vec![], vec![2], vec![1]]
    };
    View::new(shape[1..].to_vec(), axes)
}
