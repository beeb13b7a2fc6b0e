//! What the elements of each tensor of the integer graph are: int8, but indices are int32.

use super::graph::DType;
use crate::ir::{Graph, Op};

/// The type of each value's elements, by its index: int32 of indices, and of what only moves them.
pub(super) fn element_types(graph: &Graph) -> Vec<DType> {
    let mut types = vec![DType::I8; graph.value_count()];
    for node in &graph.nodes {
        let moves = matches!(
            node.op,
            Op::Reshape { .. } | Op::Transpose { .. } | Op::Take { .. }
        );
        if matches!(node.op, Op::ArgExtreme { .. }) {
            types[node.output.index()] = DType::I32;
        } else if moves {
            types[node.output.index()] = types[node.inputs[0].index()];
        }
    }
    types
}
