//! Taking indices of axes: what slices, splits, gathers, tiles, mirrors and repeats have in common.

use crate::import::NodeFault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault};
use crate::import::onnx::tensor::{Constant, Data, Picking};
use crate::import::onnx::view::View;
use crate::ir::{IndexMap, Op, ValueId};

/// Largest extent along an axis whose indices are listed one by one; what is larger is damage.
const MAX_INDICES: usize = 1 << 20;

/// Which indices a tensor keeps along an axis; none keeps all.
pub(super) type AxisMap = Option<IndexMap>;

/// A map that lists its indices.
///
/// # Errors
/// If there are too many.
pub(super) fn listed(
    operand: &str,
    count: usize,
    index: impl Fn(usize) -> usize,
) -> Result<IndexMap, NodeFault> {
    if count > MAX_INDICES {
        let expected = format!("for {MAX_INDICES} indices along an axis at most");
        return Err(operand_fault(operand, &expected, &count.to_string()));
    }
    Ok(IndexMap::of((0..count).map(index).collect()))
}

/// The tensor with the indices that the maps keep, as the node's output of this number. Without an
/// element it is a constant.
pub(super) fn take(
    context: &mut Context,
    node: &Node<'_>,
    output: usize,
    x: &Tensor,
    maps: &[AxisMap],
) -> Result<Tensor, NodeFault> {
    let own = x.shape();
    let lens = own.iter().zip(maps);
    let shape: Vec<usize> = lens
        .map(|(&len, map)| map.as_ref().map_or(len, IndexMap::count))
        .collect();
    if shape.contains(&0) {
        let data = match x {
            Tensor::Constant(constant) => constant.data.picked(&Nothing),
            Tensor::Activation(_) => Data::F32([].into()),
        };
        return Ok(named(node, output, shape, data).into());
    }
    match x {
        Tensor::Constant(constant) => take_constant(context, node, output, constant, maps),
        Tensor::Activation(x) => {
            let order = memory_order(x, touched(&own, maps).any(|axis| axis == 0));
            Ok(take_in_order(context, node, output, x, maps, &order)?.into())
        }
    }
}

/// The axes along which a map does not keep every index in order.
fn touched<'m>(shape: &'m [usize], maps: &'m [AxisMap]) -> impl Iterator<Item = usize> + 'm {
    let axes = shape.iter().zip(maps).enumerate();
    axes.filter(|(_, (len, map))| map.as_ref().is_some_and(|map| !map.is_all(**len)))
        .map(|(axis, _)| axis)
}

/// The axes in the order in which they lie, the batch left out unless it is one like the others.
pub(super) fn memory_order(x: &Activation, with_batch: bool) -> Vec<usize> {
    let mut order = x.view.axis_order();
    if with_batch && x.view.rank() > 0 && !order.contains(&0) {
        order.insert(0, 0);
    }
    order
}

/// As [`take`], with the axes in this order in the value.
pub(super) fn take_in_order(
    context: &mut Context,
    node: &Node<'_>,
    output: usize,
    x: &Activation,
    maps: &[AxisMap],
    order: &[usize],
) -> Result<Activation, NodeFault> {
    let shape = x.view.shape();
    if touched(&shape, maps).next().is_none() {
        return Ok(x.clone());
    }
    context.check_batch(x, touched(&shape, maps))?;
    let input = arranged(context, node, x, order)?;
    let all = |axis: usize| IndexMap::all(shape[axis]);
    let along = order
        .iter()
        .map(|&axis| maps[axis].clone().unwrap_or_else(|| all(axis)));
    let maps = std::iter::once(IndexMap::all(1)).chain(along).collect();
    let value = context.emit_output(node, output, Op::Take { maps }, vec![input])?;
    let taken = ordered(context, value, order, x.view.rank());
    let view = taken.view.with_batch(x.view.batch());
    Ok(Activation { value, view })
}

/// The tensor as a value with an axis for each of these, in this order, behind the batch.
pub(super) fn arranged(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    order: &[usize],
) -> Result<ValueId, NodeFault> {
    let groups: Vec<&[usize]> = order.iter().map(std::slice::from_ref).collect();
    context.arrange(&node.name, x, &groups)
}

/// A value whose axes behind the batch are these of a tensor of this rank.
pub(super) fn ordered(
    context: &Context,
    value: ValueId,
    order: &[usize],
    rank: usize,
) -> Activation {
    let mut axes = vec![Vec::new(); rank];
    for (atom, &axis) in order.iter().enumerate() {
        axes[axis].push(atom);
    }
    let view = View::new(context.graph.shape(value)[1..].to_vec(), axes);
    Activation { value, view }
}

/// A constant that a node computes as the output of this number.
fn named(node: &Node<'_>, output: usize, shape: Vec<usize>, data: Data) -> Constant {
    Constant {
        name: node.outputs.get(output).cloned().unwrap_or_default(),
        shape,
        data,
    }
}

fn take_constant(
    context: &mut Context,
    node: &Node<'_>,
    output: usize,
    constant: &Constant,
    maps: &[AxisMap],
) -> Result<Tensor, NodeFault> {
    let mut shape = constant.shape.clone();
    let mut data = constant.data.clone();
    for (axis, map) in maps.iter().enumerate() {
        let Some(map) = map.as_ref().filter(|map| !map.is_all(shape[axis])) else {
            continue;
        };
        let picks = Slices {
            outer: shape[..axis].iter().product(),
            extent: shape[axis],
            inner: shape[axis + 1..].iter().product(),
            map,
        };
        shape[axis] = map.count();
        context.reserve_constant(&shape)?;
        data = data.picked(&picks);
    }
    Ok(named(node, output, shape, data).into())
}

struct Slices<'p> {
    outer: usize,
    extent: usize,
    inner: usize,
    map: &'p IndexMap,
}

impl Picking for Slices<'_> {
    fn pick<T: Copy>(&self, data: &[T]) -> Vec<T> {
        let starts = (0..self.outer).flat_map(|row| {
            let start = move |index| (row * self.extent + index) * self.inner;
            self.map.indices().map(start)
        });
        let slices = starts.flat_map(|start| &data[start..start + self.inner]);
        slices.copied().collect()
    }
}

struct Nothing;

impl Picking for Nothing {
    fn pick<T: Copy>(&self, _: &[T]) -> Vec<T> {
        Vec::new()
    }
}
