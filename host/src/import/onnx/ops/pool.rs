//! `MaxPool`, `AveragePool`, their global forms, `ReduceMean` and `ReduceMax`.

use super::conv::map_view;
use super::window::{self, Geometry};
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, axis_indices, operand_fault};
use crate::import::onnx::view::View;
use crate::ir::{AvgPool2d, Op, Pad, Pool2d, ValueId, Window2d};

/// Largest value of each window.
pub(super) fn max_pool(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let (x, geometry) = pool(context, node)?;
    finish(context, node, largest(geometry.window()), x)
}

/// Mean of each window.
pub(super) fn average_pool(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let include = node.attributes.flag("count_include_pad")?.unwrap_or(false);
    let (mut x, mut geometry) = pool(context, node)?;
    let mut count_include_pad = include;
    if include && geometry.overhang.iter().any(|&len| len > 0) {
        // The padding counts, the overhang does not: the padding becomes a part of the input.
        let [top, left] = window::two(&geometry.before, 0);
        let [bottom, right] = window::two(&geometry.after, 0);
        let pad = Pad {
            before: vec![0, top, left, 0],
            after: vec![0, bottom, right, 0],
            value: 0.0,
        };
        x = context.emit_helper(&node.name, "pad", Op::Pad(pad), vec![x])?;
        geometry.before.fill(0);
        geometry.after.fill(0);
        count_include_pad = false;
    }
    let op = Op::AvgPool2d(AvgPool2d {
        window: geometry.window(),
        count_include_pad,
        clamp: None,
    });
    finish(context, node, op, x)
}

/// The input as `[1, H, W, C]`, and the geometry.
fn pool(context: &mut Context, node: &Node<'_>) -> Result<(ValueId, Geometry), NodeFault> {
    let x = node.activation(0, "input X")?;
    let spatial = window::spatial_axes(&x.view)?;
    let input = &x.view.shape()[2..];
    let Some(_) = node.attributes.ints("kernel_shape")? else {
        return Err(fault(
            "kernel_shape",
            "missing".into(),
            "one extent for each spatial axis",
        ));
    };
    let kernel = window::extents(node, "kernel_shape", input.len(), 1)?;
    let geometry = Geometry::read(node, &kernel, input)?;
    if !geometry.windows_meet_input(input) {
        let found = format!(
            "{:?} in front and {:?} behind",
            geometry.before, geometry.after
        );
        return Err(fault(
            "pads",
            found,
            "padding that is smaller than the kernel",
        ));
    }
    Ok((window::arrange(context, &node.name, x, spatial)?, geometry))
}

fn finish(context: &mut Context, node: &Node<'_>, op: Op, x: ValueId) -> Result<Tensor, NodeFault> {
    let rank = node.activation(0, "input X")?.view.rank();
    let value = context.emit(node, op, vec![x])?;
    Ok(Tensor::computed(
        value,
        map_view(context.graph.shape(value), rank),
    ))
}

/// Largest value of each channel.
pub(super) fn global_max_pool(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input X")?;
    let value = window::arrange(context, &node.name, x, window::spatial_axes(&x.view)?)?;
    let window = whole(context.graph.shape(value));
    finish(context, node, largest(window), value)
}

/// Mean of each channel.
pub(super) fn global_average_pool(
    context: &mut Context,
    node: &Node<'_>,
) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input X")?;
    let value = window::arrange(context, &node.name, x, window::spatial_axes(&x.view)?)?;
    let window = whole(context.graph.shape(value));
    finish(context, node, mean(window), value)
}

fn whole(shape: &[usize]) -> Window2d {
    unpadded([shape[1], shape[2]])
}

fn unpadded(kernel: [usize; 2]) -> Window2d {
    Window2d {
        kernel,
        stride: [1; 2],
        dilation: [1; 2],
        pad_before: [0; 2],
        pad_after: [0; 2],
    }
}

fn mean(window: Window2d) -> Op {
    Op::AvgPool2d(AvgPool2d {
        window,
        count_include_pad: false,
        clamp: None,
    })
}

fn largest(window: Window2d) -> Op {
    Op::MaxPool2d(Pool2d {
        window,
        clamp: None,
    })
}

/// Mean over axes.
pub(super) fn reduce_mean(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    reduce(context, node, mean)
}

/// Largest value over axes.
pub(super) fn reduce_max(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    reduce(context, node, largest)
}

/// A pool over a map of which the reduced axes are rows, columns or both.
fn reduce(
    context: &mut Context,
    node: &Node<'_>,
    pool: fn(Window2d) -> Op,
) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input data")?;
    let reduced = reduced_axes(node, x.view.rank())?;
    let keep = node.attributes.flag("keepdims")?.unwrap_or(true);
    if reduced.is_empty() || reduced.iter().all(|&axis| x.view.axis_len(axis) == 1) {
        let view = without(&x.view, &reduced, keep);
        return Ok(x.seen_as(view).into());
    }
    if x.view.axis_len(0) == 1 && reduced.contains(&0) {
        let found = format!("{reduced:?}");
        return Err(fault("axes", found, "axes without the batch, e.g. [2, 3]"));
    }
    let order = x.view.axis_order();
    // `[1, a, b, c]` with the innermost axis kept is a map already.
    let map = match *order.as_slice() {
        [a, b, c] if !reduced.contains(&c) => [vec![a], vec![b], vec![c]],
        [b, c] if !reduced.contains(&c) => [vec![], vec![b], vec![c]],
        _ => {
            let (inner, outer): (Vec<_>, Vec<_>) =
                order.iter().partition(|axis| !reduced.contains(axis));
            [outer, vec![], inner]
        }
    };
    let value = context.arrange(&node.name, x, &[&map[0], &map[1], &map[2]])?;
    let shape = context.graph.shape(value);
    let extent = |group: &[usize], len| {
        if group.iter().any(|axis| reduced.contains(axis)) {
            len
        } else {
            1
        }
    };
    let kernel = [extent(&map[0], shape[1]), extent(&map[1], shape[2])];
    let value = context.emit(node, pool(unpadded(kernel)), vec![value])?;

    let mut atoms = Vec::new();
    let mut axes = vec![Vec::new(); x.view.rank()];
    for &axis in map.iter().flatten().filter(|axis| !reduced.contains(axis)) {
        axes[axis].push(atoms.len());
        atoms.push(x.view.axis_len(axis));
    }
    let view = without(&View::new(atoms, axes), &reduced, keep);
    Ok(Tensor::computed(value, view))
}

/// The axes: an attribute, since opset 18 an input; all of them if none are given.
fn reduced_axes(node: &Node<'_>, rank: usize) -> Result<Vec<usize>, NodeFault> {
    let given = match node.attributes.ints("axes")? {
        Some(axes) => Some(axes),
        None if node.input(1).is_some() => Some(node.ints(1, "input axes")?),
        None => None,
    };
    let mut axes = match given {
        Some(axes) if !axes.is_empty() => axis_indices(axes, rank)?,
        _ if node
            .attributes
            .flag("noop_with_empty_axes")?
            .unwrap_or(false) =>
        {
            Vec::new()
        }
        _ => {
            return Err(operand_fault(
                "input axes",
                "given, and without the batch",
                "none",
            ));
        }
    };
    axes.sort_unstable();
    Ok(axes)
}

/// The view without reduced axes, whose atoms are gone already or of extent 1.
fn without(view: &View, reduced: &[usize], keep: bool) -> View {
    let axes = view.axes().iter().enumerate();
    let axes = axes
        .filter(|(axis, _)| keep || !reduced.contains(axis))
        .map(|(_, atoms)| atoms.clone());
    View::new(view.atoms().to_vec(), axes.collect())
}
