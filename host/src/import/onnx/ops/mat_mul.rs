//! `MatMul` whose right factor is computed.

use crate::import::NodeFault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, floats, shape_fault};
use crate::import::onnx::view::View;
use crate::ir::{Op, ValueId};

/// A factor as matrices: its value, the axes before the last two, and whether it was a vector.
struct Factor {
    value: ValueId,
    outer: Vec<usize>,
    rows: usize,
    columns: usize,
    is_vector: bool,
}

/// A product of two tensors as `numpy.matmul` has it: a vector on the left is a row, on the right a
/// column, and that axis is not in the result.
pub(super) fn product(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let operands = [
        node.required(0, "left factor")?,
        node.required(1, "right factor")?,
    ];
    let ranks = operands.map(|operand| operand.shape().len());
    // The batch is axis 0 where both factors have it, with extent 1; else it is added.
    let rank = ranks[0].max(ranks[1]);
    let has_batch = rank > 2
        && operands
            .iter()
            .all(|operand| operand.shape().len() < rank || operand.shape()[0] == 1);
    let inner_rank = if has_batch { rank - 1 } else { rank };
    let a = factor(context, node, operands[0], 0, inner_rank)?;
    let b = factor(context, node, operands[1], 1, inner_rank)?;
    let op = Op::MatMul {
        transpose_a: false,
        transpose_b: false,
    };
    let value = context.emit(node, op, vec![a.value, b.value])?;

    let shape = context.graph.shape(value)[1..].to_vec();
    let outer = a.outer.len().max(b.outer.len());
    let mut axes: Vec<Vec<usize>> = Vec::new();
    if has_batch {
        axes.push(Vec::new());
    }
    axes.extend((shape.len() - 2 - outer..shape.len() - 2).map(|atom| vec![atom]));
    if !a.is_vector {
        axes.push(vec![shape.len() - 2]);
    }
    if !b.is_vector {
        axes.push(vec![shape.len() - 1]);
    }
    debug_assert_eq!(
        (a.rows, b.columns),
        (shape[shape.len() - 2], shape[shape.len() - 1])
    );
    Ok(Tensor::computed(value, View::new(shape, axes)))
}

/// An operand as matrices, with the batch in front of `rank` axes at most.
fn factor(
    context: &mut Context,
    node: &Node<'_>,
    operand: &Tensor,
    place: usize,
    rank: usize,
) -> Result<Factor, NodeFault> {
    let shape = operand.shape();
    if shape.is_empty() || shape.contains(&0) {
        let what = ["left factor", "right factor"][place];
        return Err(shape_fault(
            what,
            "of rank 1 or more, and not empty",
            &shape,
        ));
    }
    let is_vector = shape.len() == 1;
    let own = &shape[shape.len().saturating_sub(rank)..];
    let (outer, [rows, columns]) = match *own {
        [length] if place == 0 => (&[][..], [1, length]),
        [length] => (&[][..], [length, 1]),
        [ref outer @ .., rows, columns] => (outer, [rows, columns]),
        [] => (&[][..], [1, 1]),
    };
    let mut internal = vec![1];
    internal.extend(outer);
    internal.extend([rows, columns]);
    let value = match operand {
        Tensor::Constant(constant) => {
            context.reserve_constant(&shape)?;
            let data = floats(constant, "factor")?;
            context.add_constant(&constant.name, internal, data)?
        }
        Tensor::Activation(activation) => {
            let x = context.in_source_order(&node.name, activation)?;
            context.reshape(&node.name, x.value, internal)?
        }
    };
    Ok(Factor {
        value,
        outer: outer.to_vec(),
        rows,
        columns,
        is_vector,
    })
}
