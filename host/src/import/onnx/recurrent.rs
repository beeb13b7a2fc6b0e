//! Where the batch of a model is that layers with state read: they want the time first, unless they
//! say otherwise, and the batch behind it.

use super::input::{MAX_SEARCH, Wish, wish};
use super::order::Network;
use rten_onnx::onnx::NodeProto;
use std::collections::{HashSet, VecDeque};

/// The axis of the sequence and of the states that is the batch.
pub(super) fn batch_axis(node: &NodeProto) -> usize {
    let mut attributes = node.attribute.iter();
    let layout = attributes.find(|attribute| attribute.name.as_deref() == Some("layout"));
    usize::from(layout.and_then(|layout| layout.i) != Some(1))
}

/// Which axis of an input is the batch of a layer with state that reads it, directly or through
/// operators that only rename or keep axes; none if there is no such layer.
pub(super) fn input_batch_axis(network: &Network<'_>, input: &str, rank: usize) -> Option<usize> {
    if rank != 3 {
        return None;
    }
    let mut pending = VecDeque::from([(input, (0..rank).collect::<Vec<usize>>())]);
    let mut seen = HashSet::from([input]);
    while let Some((tensor, axes)) = pending.pop_front() {
        for node in network.readers(tensor) {
            if is_recurrent(node) {
                return axes.get(batch_axis(node)).copied();
            }
            if let Wish::Passes(axes) = wish(node, &axes, false)
                && let Some(output) = node.output.first()
                && seen.len() < MAX_SEARCH
                && seen.insert(output)
            {
                pending.push_back((output, axes));
            }
        }
    }
    None
}

fn is_recurrent(node: &NodeProto) -> bool {
    matches!(node.op_type.as_deref(), Some("RNN" | "GRU" | "LSTM"))
}
