//! Add, Sub, Mul, Div with broadcasting.

use super::align::follow;
use super::choice::numbers;
use super::fold;
use super::shape::reshaped_to;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::layout::batch_first;
use crate::import::onnx::node::{Node, axis_index, floats, operand_fault};
use crate::import::onnx::tensor::{Constant, Data};
use crate::import::onnx::view::View;
use crate::ir::{Binary, Op, ValueId};

/// `a + b`.
pub(super) fn add(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    binary(
        context,
        node,
        Op::Add { clamp: None },
        fold::Arithmetic::Add,
    )
}

/// `a - b`.
pub(super) fn sub(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    binary(
        context,
        node,
        Op::Sub { clamp: None },
        fold::Arithmetic::Sub,
    )
}

/// `a · b`.
pub(super) fn mul(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    binary(
        context,
        node,
        Op::Mul { clamp: None },
        fold::Arithmetic::Mul,
    )
}

/// `a / b`. For a constant `b` a product with the reciprocal, which is rounded to the nearest f32;
/// so the result is within two roundings (2⁻²³ relative) of the quotient, and exact for powers of
/// two.
pub(super) fn div(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let (a, b) = &operands(context, node)?;
    match (a, b) {
        (Tensor::Constant(a), Tensor::Constant(b)) => {
            fold::arithmetic(context, node, fold::Arithmetic::Div, a, b)
        }
        (Tensor::Activation(_), Tensor::Constant(divisor)) => {
            let values = floats(divisor, "divisor B")?;
            if values.contains(&0.0) {
                return Err(operand_fault(
                    "divisor B",
                    "not 0",
                    &format!("a 0 in `{}`", divisor.name),
                ));
            }
            context.reserve_constant(&divisor.shape)?;
            let data = Data::F32(values.iter().map(|value| value.recip()).collect());
            let reciprocal = Constant {
                name: divisor.name.clone(),
                shape: divisor.shape.clone(),
                data,
            };
            apply(
                context,
                node,
                Op::Mul { clamp: None },
                a,
                &reciprocal.into(),
            )
        }
        (_, Tensor::Activation(_)) => apply(context, node, Op::Binary(Binary::Div), a, b),
    }
}

/// The operands. Before opset 7, an attribute said along which axis of the first the second lies.
fn operands(context: &mut Context, node: &Node<'_>) -> Result<(Tensor, Tensor), NodeFault> {
    let a = node.required(0, "input A")?.clone();
    let b = node.required(1, "input B")?.clone();
    let axis = node.attributes.int("axis")?;
    let broadcast = node.attributes.flag("broadcast")?;
    if node.opset >= 7 && (axis.is_some() || broadcast.is_some()) {
        let found = "of opset 6 and before".into();
        return Err(fault("axis, broadcast", found, "none since opset 7"));
    }
    let Some(axis) = axis else {
        return Ok((a, b));
    };
    let rank = a.shape().len();
    let mut shape = b.shape();
    let end = axis_index(axis, rank)? + shape.len();
    if end > rank {
        let supported = format!("an axis from which {shape:?} fits into {:?}", a.shape());
        return Err(fault("axis", axis.to_string(), &supported));
    }
    shape.resize(shape.len() + rank - end, 1);
    let b = reshaped_to(context, node, &b, shape)?;
    Ok((a, b))
}

fn binary(
    context: &mut Context,
    node: &Node<'_>,
    op: Op,
    arithmetic: fold::Arithmetic,
) -> Result<Tensor, NodeFault> {
    match &operands(context, node)? {
        (Tensor::Constant(a), Tensor::Constant(b)) => {
            fold::arithmetic(context, node, arithmetic, a, b)
        }
        (a, b) => apply(context, node, op, a, b),
    }
}

/// An operator on two tensors that broadcast, at least one of which is computed.
pub(super) fn apply(
    context: &mut Context,
    node: &Node<'_>,
    op: Op,
    a: &Tensor,
    b: &Tensor,
) -> Result<Tensor, NodeFault> {
    let (a, b) = (&numbers(a)?, &numbers(b)?);
    let (a_shape, b_shape) = (a.shape(), b.shape());
    let shape = fold::broadcast(&a_shape, &b_shape).ok_or_else(|| {
        operand_fault(
            "inputs",
            "of shapes that broadcast",
            &format!("shapes {a_shape:?} and {b_shape:?}"),
        )
    })?;
    let aligned = match (a, b) {
        (Tensor::Activation(a), b) if a_shape == shape => follow(context, node, a, b)?,
        (a, Tensor::Activation(b)) if b_shape == shape => {
            follow(context, node, b, a)?.map(|(b, a, view)| (a, b, view))
        }
        _ => None,
    };
    if let Some((a, b, view)) = aligned {
        let value = context.emit(node, op, vec![a, b])?;
        return Ok(Tensor::computed(value, view));
    }
    let rank = batch_first(&shape).len();
    let inputs = vec![
        in_source_order(context, node, a, rank)?,
        in_source_order(context, node, b, rank)?,
    ];
    let value = context.emit(node, op, inputs)?;
    let view = source_view(context, value, &shape, [a, b]);
    Ok(Tensor::computed(value, view))
}

/// The view of a value in the source order, computed from operands that broadcast to this shape.
pub(super) fn source_view<'t>(
    context: &Context,
    value: ValueId,
    shape: &[usize],
    operands: impl IntoIterator<Item = &'t Tensor>,
) -> View {
    let batch = operands.into_iter().find_map(|operand| match operand {
        Tensor::Activation(x) => Some(x.view.with_rank(shape.len()).batch()),
        Tensor::Constant(_) => None,
    });
    let rank = batch_first(shape).len();
    let mut axes = vec![Vec::new(); 1 + shape.len() - rank];
    axes.extend((0..rank - 1).map(|atom| vec![atom]));
    let view = View::new(context.graph.shape(value)[1..].to_vec(), axes);
    view.with_batch(batch.unwrap_or(0))
}

/// `a mod b` of known integers, of the sign of `b`, as exporters compute with shapes.
pub(super) fn modulo(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    if node.attributes.flag("fmod")?.unwrap_or(false) {
        return Err(fault("fmod", "1".into(), "0: the rest of integers"));
    }
    let (a, b) = (node.constant(0, "input A")?, node.constant(1, "input B")?);
    node.ints(0, "input A")?;
    fold::arithmetic(context, node, fold::Arithmetic::Mod, a, b)
}

/// An operand in the source order, with `rank` axes, the batch in front.
pub(super) fn in_source_order(
    context: &mut Context,
    node: &Node<'_>,
    tensor: &Tensor,
    rank: usize,
) -> Result<ValueId, NodeFault> {
    match tensor {
        Tensor::Activation(x) => {
            let x = context.in_source_order(&node.name, x)?;
            let shape = context.graph.shape(x.value);
            let mut padded = vec![1; rank - shape.len()];
            padded.extend(shape);
            context.reshape(&node.name, x.value, padded)
        }
        Tensor::Constant(constant) => {
            context.reserve_constant(&constant.shape)?;
            let data = floats(constant, "constant")?;
            let shape = if constant.shape.is_empty() {
                vec![1]
            } else {
                constant.shape.clone()
            };
            context.add_constant(&constant.name, shape, data)
        }
    }
}
