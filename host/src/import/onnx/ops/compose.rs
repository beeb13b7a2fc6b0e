//! What operators are put together from that have no operator of their own in the graph.

use super::binary;
use super::take::{arranged, memory_order};
use crate::import::NodeFault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault};
use crate::import::onnx::tensor::{Constant, Data};
use crate::import::onnx::view::View;
use crate::ir::reduce::{Reduce, Reduction};
use crate::ir::{Activation as Function, Op, Unary};

/// A function of one number.
pub(super) fn function(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    function: Function,
) -> Result<Activation, NodeFault> {
    let value = context.emit(node, Op::Activation(function), vec![x.value])?;
    Ok(x.with_value(value))
}

/// A function of one number without parameters.
pub(super) fn unary(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    unary: Unary,
) -> Result<Activation, NodeFault> {
    function(context, node, x, Function::Unary(unary))
}

/// An operator on two tensors that broadcast, the first of which is computed.
pub(super) fn binary(
    context: &mut Context,
    node: &Node<'_>,
    op: Op,
    a: &Activation,
    b: &Tensor,
) -> Result<Activation, NodeFault> {
    computed(binary::apply(context, node, op, &a.clone().into(), b)?)
}

/// What must be computed, because its operands are.
pub(super) fn computed(tensor: Tensor) -> Result<Activation, NodeFault> {
    match tensor {
        Tensor::Activation(x) => Ok(x),
        Tensor::Constant(constant) => Err(operand_fault(
            "input",
            "computed from the model's inputs, and not empty",
            &format!("the constant `{}`", constant.name),
        )),
    }
}

/// The sum.
pub(super) const ADD: Op = Op::Add { clamp: None };
/// The difference.
pub(super) const SUB: Op = Op::Sub { clamp: None };
/// The product.
pub(super) const MUL: Op = Op::Mul { clamp: None };

/// A number as a constant of the node.
pub(super) fn number(node: &Node<'_>, role: &str, value: f32) -> Tensor {
    numbers(node, role, vec![], vec![value])
}

/// Numbers as a constant of the node.
pub(super) fn numbers(node: &Node<'_>, role: &str, shape: Vec<usize>, values: Vec<f32>) -> Tensor {
    Constant {
        name: format!("{}/{role}", node.name),
        shape,
        data: Data::F32(values.into()),
    }
    .into()
}

/// Axes reduced to one value. The elements stay where they are, however the axes lie.
pub(super) fn reduce(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    reduction: Reduction,
    axes: &[usize],
    keep: bool,
) -> Result<Activation, NodeFault> {
    context.check_batch(x, axes.iter().copied())?;
    let mut atoms = x.view.atoms().to_vec();
    let mut is_reduced = vec![false; atoms.len()];
    for &atom in axes.iter().flat_map(|&axis| &x.view.axes()[axis]) {
        is_reduced[atom] = atoms[atom] != 1;
    }
    if !is_reduced.contains(&true) {
        return Ok(x.seen_as(without(&x.view, axes, keep)));
    }
    // Neighbours of which all are reduced, or none, are one axis of the value.
    let (mut shape, mut reduced, mut last) = (vec![1], Vec::new(), None);
    for (atom, &gone) in is_reduced.iter().enumerate() {
        match shape.last_mut() {
            Some(extent) if last == Some(gone) => *extent *= atoms[atom],
            Some(_) | None => {
                if gone {
                    reduced.push(shape.len());
                }
                shape.push(atoms[atom]);
            }
        }
        last = Some(gone);
        if gone {
            atoms[atom] = 1;
        }
    }
    let input = context.reshape(&node.name, x.value, shape)?;
    let op = Op::Reduce(Reduce {
        reduction,
        axes: reduced,
        keep: true,
    });
    let value = context.emit(node, op, vec![input])?;
    let view = View::new(atoms, x.view.axes().to_vec());
    let view = without(&view, axes, keep);
    Ok(Activation { value, view })
}

/// The view without reduced axes, whose atoms are gone already or of extent 1.
pub(super) fn without(view: &View, reduced: &[usize], keep: bool) -> View {
    let axes = view.axes().iter().enumerate();
    let axes = axes
        .filter(|(axis, _)| keep || !reduced.contains(axis))
        .map(|(_, atoms)| atoms.clone());
    View::new(view.atoms().to_vec(), axes.collect())
}

/// The products with constant rows of weights along an axis, whose extent becomes the number of
/// rows: interpolation, running sums and the like. The elements stay where they are: a dense layer
/// along the axis that lies innermost, else a product of matrices with the weights on the left.
pub(super) fn weighted(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    axis: usize,
    weights: Vec<f32>,
    bias: Option<Vec<f32>>,
) -> Result<Activation, NodeFault> {
    context.check_batch(x, [axis])?;
    let order = memory_order(x, axis == 0);
    let place = order.iter().position(|&at| at == axis);
    let place = place.expect("the order has every axis but the batch");
    let mut lens: Vec<usize> = order.iter().map(|&at| x.view.axis_len(at)).collect();
    let (columns, inner) = (lens[place], lens[place + 1..].iter().product::<usize>());
    let outer: usize = lens[..place].iter().product();
    let rows = weights.len() / columns.max(1);
    let input = arranged(context, node, x, &order)?;
    context.reserve_constant(&[rows, columns])?;
    let name = format!("{}/weights", node.name);
    let (op, operands) = if inner == 1 {
        let input = context.reshape(&node.name, input, vec![1, outer, columns])?;
        let weights = context.add_constant(&name, vec![rows, columns], weights)?;
        (Op::Dense { clamp: None }, vec![input, weights])
    } else {
        let input = context.reshape(&node.name, input, vec![1, outer, columns, inner])?;
        let weights = context.add_constant(&name, vec![1, 1, rows, columns], weights)?;
        let product = Op::MatMul {
            transpose_a: false,
            transpose_b: false,
        };
        (product, vec![weights, input])
    };
    let value = context.emit(node, op, operands)?;
    lens[place] = rows;
    let mut axes = vec![Vec::new(); x.view.rank()];
    for (atom, &axis) in order.iter().enumerate() {
        axes[axis].push(atom);
    }
    let view = View::new(lens, axes);
    let result = Activation { value, view };
    let Some(bias) = bias else {
        return Ok(result);
    };
    let mut shape = vec![1; x.view.rank() - axis];
    shape[0] = rows;
    binary(
        context,
        node,
        ADD,
        &result,
        &numbers(node, "bias", shape, bias),
    )
}
