//! Pools over three dimensions of space: over rows and columns first, then over depth. The largest
//! value of largest values is the largest; and as the number of taps that count in a window is a
//! product over its axes, the mean of means is the mean.

use super::pool::{largest, mean_of};
use super::window::Geometry;
use crate::import::NodeFault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::Node;
use crate::import::onnx::view::View;
use crate::ir::ValueId;

/// Whether a tensor is `[1, C, D, H, W]`.
pub(super) fn is_volume(x: &Activation) -> bool {
    x.view.rank() == 5 && x.view.axis_len(0) == 1
}

/// Largest value of each window.
pub(super) fn max_pool(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    geometry: &Geometry,
) -> Result<Tensor, NodeFault> {
    pooled(context, node, x, geometry, |context, value, part| {
        context.emit(node, largest(part.window()), vec![value])
    })
}

/// Mean of each window, in which padding counts as zeros or not.
pub(super) fn average_pool(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    geometry: &Geometry,
    include: bool,
) -> Result<Tensor, NodeFault> {
    pooled(context, node, x, geometry, |context, value, part| {
        mean_of(context, node, value, part, include)
    })
}

fn pooled(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    geometry: &Geometry,
    pool: impl Fn(&mut Context, ValueId, Geometry) -> Result<ValueId, NodeFault>,
) -> Result<Tensor, NodeFault> {
    let (channels, depth) = (x.view.axis_len(1), x.view.axis_len(2));
    let value = context.arrange(&node.name, x, &[&[3], &[4], &[1, 2]])?;
    let value = pool(context, value, geometry.part(&[1, 2]))?;
    let &[_, rows, columns, _] = context.graph.shape(value) else {
        unreachable!("a pool makes a map of a map");
    };
    let atoms = vec![rows, columns, channels, depth];
    let view = View::new(atoms, vec![vec![], vec![2], vec![3], vec![0], vec![1]]);
    let flat = Activation { value, view };
    let value = context.arrange(&node.name, &flat, &[&[], &[2], &[1, 3, 4]])?;
    let value = pool(context, value, geometry.part(&[0]))?;
    let depth = context.graph.shape(value)[2];
    let atoms = vec![depth, channels, rows, columns];
    let view = View::new(atoms, vec![vec![], vec![1], vec![0], vec![2], vec![3]]);
    Ok(Tensor::computed(value, view))
}
