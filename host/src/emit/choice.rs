//! Operators that compare and choose: no scale but of the comparison.

use super::EmitError;
use super::elementwise::operand;
use super::steps::Emitter;
use crate::lower::four;
use crate::quantize::graph::QNode;
use tiivis_runtime::blob::{Compare, Comparison, Extreme, Op, Scale, Select, Which};

pub(super) fn extreme(
    emitter: &mut Emitter<'_>,
    node: &QNode,
    which: Which,
) -> Result<Op, EmitError> {
    Ok(Op::Extreme(Extreme {
        a: operand(emitter, node, 0)?,
        b: operand(emitter, node, 1)?,
        output: emitter.activation(node.output)?,
        shape: four(node, &emitter.graph.value(node.output).shape)?,
        which,
    }))
}

/// `left_shift` and the scales of both operands are the node's own.
pub(super) fn compare(
    emitter: &mut Emitter<'_>,
    node: &QNode,
    comparison: Comparison,
    (left_shift, [a_scale, b_scale]): (u32, [Scale; 2]),
) -> Result<Op, EmitError> {
    Ok(Op::Compare(Compare {
        a: operand(emitter, node, 0)?,
        b: operand(emitter, node, 1)?,
        output: emitter.activation(node.output)?,
        shape: four(node, &emitter.graph.value(node.output).shape)?,
        comparison,
        left_shift,
        a_scale,
        b_scale,
    }))
}

pub(super) fn select(emitter: &mut Emitter<'_>, node: &QNode) -> Result<Op, EmitError> {
    Ok(Op::Select(Select {
        condition: operand(emitter, node, 0)?,
        a: operand(emitter, node, 1)?,
        b: operand(emitter, node, 2)?,
        output: emitter.activation(node.output)?,
        shape: four(node, &emitter.graph.value(node.output).shape)?,
    }))
}
