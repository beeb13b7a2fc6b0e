//! The cost of a graph in multiply-accumulate operations.

use super::{Graph, Op};

/// Multiply-accumulate operations of every node for one sample; taps in the padding count, a bias
/// does not. 0 for all but convolutions and products of matrices.
///
/// # Panics
/// If a node names a value that the graph does not have ([`super::verify`] refuses such a graph).
pub fn macs(graph: &Graph) -> Vec<u64> {
    let product = |sizes: &[usize]| {
        sizes.iter().fold(1u64, |product, &size| {
            product.saturating_mul(u64::try_from(size).unwrap_or(u64::MAX))
        })
    };
    let count = |node: &super::Node| match &node.op {
        Op::Conv2d(_) | Op::Dense { .. } => {
            // Every output is a sum over one filter.
            let filters = node.inputs.get(1).map_or(&[][..], |&id| graph.shape(id));
            product(graph.shape(node.output))
                .saturating_mul(product(filters.get(1..).unwrap_or(&[])))
        }
        // Every input is multiplied with every tap of its group's filters.
        Op::ConvTranspose2d(conv) => {
            let filters = node.inputs.get(1).map_or(&[][..], |&id| graph.shape(id));
            let groups = u64::try_from(conv.groups).unwrap_or(1).max(1);
            let x = node.inputs.first().map_or(&[][..], |&id| graph.shape(id));
            product(x).saturating_mul(product(filters.get(..3).unwrap_or(&[]))) / groups
        }
        Op::MatMul { transpose_a, .. } => {
            let a = node.inputs.first().map_or(&[][..], |&id| graph.shape(id));
            let depth = a.iter().rev().nth(usize::from(*transpose_a));
            product(graph.shape(node.output)).saturating_mul(product(depth.copied().as_slice()))
        }
        Op::BatchNorm { .. }
        | Op::Activation(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Add { .. }
        | Op::Sub { .. }
        | Op::Mul { .. }
        | Op::Concat { .. }
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Take { .. }
        | Op::Pad(_)
        | Op::Softmax
        | Op::Identity => 0,
    };
    graph.nodes.iter().map(count).collect()
}
