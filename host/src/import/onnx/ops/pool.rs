//! `MaxPool`, `AveragePool`, their global forms, `ReduceMean` and `ReduceMax`.

use super::compose::without;
use super::conv::map_view;
use super::volume;
use super::window::{self, Geometry};
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::Node;
use crate::import::onnx::view::View;
use crate::ir::{AvgPool2d, Op, Pad, Pool2d, ValueId, Window2d};

/// Largest value of each window.
pub(super) fn max_pool(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input X")?;
    if volume::is_volume(x) {
        return volume::max_pool(context, node, x, &geometry(node, x)?);
    }
    let (value, geometry) = pool(context, node, x)?;
    finish(context, node, largest(geometry.window()), value)
}

/// Mean of each window.
pub(super) fn average_pool(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let include = node.attributes.flag("count_include_pad")?.unwrap_or(false);
    let x = node.activation(0, "input X")?;
    if volume::is_volume(x) {
        return volume::average_pool(context, node, x, &geometry(node, x)?, include);
    }
    let (value, geometry) = pool(context, node, x)?;
    let value = mean_of(context, node, value, geometry, include)?;
    let view = map_view(context.graph.shape(value), x.view.rank());
    Ok(Tensor::computed(value, view))
}

/// Mean of each window of a map, in which padding counts as zeros or not.
pub(super) fn mean_of(
    context: &mut Context,
    node: &Node<'_>,
    mut x: ValueId,
    mut geometry: Geometry,
    include: bool,
) -> Result<ValueId, NodeFault> {
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
    context.emit(node, op, vec![x])
}

/// Mean of each window, in which padding counts as zeros, and the taps of a window.
pub(super) fn padded_mean(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
) -> Result<(Activation, usize), NodeFault> {
    let (value, geometry) = pool(context, node, x)?;
    let window = geometry.window();
    let taps = window.kernel[0].saturating_mul(window.kernel[1]);
    let op = Op::AvgPool2d(AvgPool2d {
        window,
        count_include_pad: true,
        clamp: None,
    });
    let value = context.emit(node, op, vec![value])?;
    let view = map_view(context.graph.shape(value), x.view.rank());
    Ok((Activation { value, view }, taps))
}

/// The input as `[1, H, W, C]`, and the geometry.
fn pool(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
) -> Result<(ValueId, Geometry), NodeFault> {
    let spatial = window::spatial_axes(&x.view)?;
    let geometry = geometry(node, x)?;
    Ok((window::arrange(context, &node.name, x, spatial)?, geometry))
}

/// The geometry over the axes of space.
fn geometry(node: &Node<'_>, x: &Activation) -> Result<Geometry, NodeFault> {
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
    Ok(geometry)
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

pub(super) fn largest(window: Window2d) -> Op {
    Op::MaxPool2d(Pool2d {
        window,
        clamp: None,
    })
}

/// Mean over axes.
pub(super) fn reduce_mean(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    axes: &[usize],
    keep: bool,
) -> Result<Activation, NodeFault> {
    reduce(context, node, x, (axes, keep), mean)
}

/// Largest value over axes.
pub(super) fn reduce_max(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    axes: &[usize],
    keep: bool,
) -> Result<Activation, NodeFault> {
    reduce(context, node, x, (axes, keep), largest)
}

/// A pool over a map of which the reduced axes are rows, columns or both.
fn reduce(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    (reduced, keep): (&[usize], bool),
    pool: fn(Window2d) -> Op,
) -> Result<Activation, NodeFault> {
    if reduced.iter().all(|&axis| x.view.axis_len(axis) == 1) {
        return Ok(x.seen_as(without(&x.view, reduced, keep)));
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
    let view = without(&View::new(atoms, axes), reduced, keep);
    Ok(Activation { value, view })
}
