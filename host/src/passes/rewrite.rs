//! What the passes have in common: asking a graph and changing it.

use crate::ir::{Clamp, Graph, Node, Op, ValueId, Window2d};

/// Applies a rule, which is given the index of a node and says whether it changed anything, until
/// it applies to no node. Returns how often it did.
pub(super) fn exhaust(graph: &mut Graph, mut rule: impl FnMut(&mut Graph, usize) -> bool) -> usize {
    let mut count = 0;
    let mut index = 0;
    while index < graph.nodes.len() {
        if rule(graph, index) {
            count += 1;
            graph.compact();
            index = 0;
        } else {
            index += 1;
        }
    }
    count
}

/// The only node that reads a value, if it is read once, by one node, and is no output.
pub(super) fn sole_reader(graph: &Graph, id: ValueId) -> Option<usize> {
    let [reader] = graph.consumers(id)[..] else {
        return None;
    };
    let reads = graph.nodes[reader].inputs.iter().filter(|&&x| x == id);
    (reads.count() == 1 && !graph.is_output(id)).then_some(reader)
}

/// The node that computes a value, if nothing but one node reads it.
pub(crate) fn sole_producer(graph: &Graph, id: ValueId) -> Option<usize> {
    sole_reader(graph, id).and_then(|_| graph.producer(id))
}

/// Takes a node out: whoever read its output reads `instead`.
pub(super) fn bypass(graph: &mut Graph, index: usize, instead: ValueId) {
    let node = graph.nodes.remove(index);
    graph.replace_uses(node.output, instead);
}

/// Lets the node `producer` compute what `follower`, its only reader, computed, and takes the
/// follower out.
pub(crate) fn absorb(graph: &mut Graph, producer: usize, follower: usize) {
    graph.nodes[producer].output = graph.nodes[follower].output;
    graph.nodes.remove(follower);
}

/// Replaces the constant in `slot` of a node, or adds one there at the end. The old constant is
/// changed in place if nothing else reads it, so that it keeps its name.
pub(super) fn set_constant(
    graph: &mut Graph,
    index: usize,
    slot: usize,
    shape: Vec<usize>,
    data: Vec<f32>,
) {
    let Node { name, inputs, .. } = &graph.nodes[index];
    if let Some(&old) = inputs.get(slot) {
        if sole_reader(graph, old) == Some(index) {
            let value = graph.value_mut(old);
            value.shape = shape;
            value.constant = Some(data.into());
            return;
        }
        let name = fresh_name(graph, &graph.value(old).name);
        graph.nodes[index].inputs[slot] = graph.add_constant(name, shape, data);
    } else {
        let name = fresh_name(graph, &format!("{name}.{slot}"));
        let id = graph.add_constant(name, shape, data);
        graph.nodes[index].inputs.push(id);
    }
}

/// A name that no value and no node has, from one that may be taken.
pub(super) fn fresh_name(graph: &Graph, wish: &str) -> String {
    let taken = |name: &str| {
        graph.values().any(|(_, value)| value.name == name)
            || graph.nodes.iter().any(|node| node.name == name)
    };
    if !taken(wish) {
        return wish.to_owned();
    }
    let mut candidates = (1u32..).map(|n| format!("{wish}.{n}"));
    candidates
        .find(|name| !taken(name))
        .expect("a graph has fewer than 2^32 names")
}

/// Where an operator keeps its fused clamp, if it has room for one.
pub(crate) fn clamp_slot(op: &mut Op) -> Option<&mut Option<Clamp>> {
    match op {
        Op::Conv2d(conv) => Some(&mut conv.clamp),
        Op::ConvTranspose2d(conv) => Some(&mut conv.clamp),
        Op::MaxPool2d(pool) => Some(&mut pool.clamp),
        Op::AvgPool2d(pool) => Some(&mut pool.clamp),
        Op::Dense { clamp } | Op::Add { clamp } | Op::Sub { clamp } | Op::Mul { clamp } => {
            Some(clamp)
        }
        Op::MatMul { .. }
        | Op::BatchNorm { .. }
        | Op::Activation(_)
        | Op::Binary(_)
        | Op::Select
        | Op::Fused(_)
        | Op::Concat { .. }
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Take { .. }
        | Op::Pad(_)
        | Op::Softmax
        | Op::Reduce(_)
        | Op::ArgExtreme { .. }
        | Op::ResizeBilinear(_)
        | Op::L2Normalize
        | Op::LogSoftmax
        | Op::Identity => None,
    }
}

/// The fused clamp of an operator, if it has one.
pub(crate) fn fused_clamp(op: &Op) -> Option<Clamp> {
    clamp_slot(&mut op.clone()).copied().flatten()
}

/// A window of one element that does not move the input.
pub(super) fn is_pointwise(window: &Window2d) -> bool {
    window.kernel == [1; 2] && window.stride == [1; 2] && !is_padded(window)
}

/// Whether a window pads.
pub(super) fn is_padded(window: &Window2d) -> bool {
    window.pad_before != [0; 2] || window.pad_after != [0; 2]
}
