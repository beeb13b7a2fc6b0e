//! Transpositions beside dense layers into the order of their weights.

use super::rewrite::{absorb, exhaust, set_constant, sole_producer};
use super::simplify::Pass;
use crate::data::layout::permute;
use crate::ir::{Graph, Op, ValueId};

/// Flattened maps keep the source model's order of elements where importing could not see that a
/// dense layer reads them, behind a concatenation for one; a vector that is unfolded into a map is
/// the same the other way round. Either way the weights may as well have the order in which the
/// elements lie.
pub(super) const PASS: Pass = Pass {
    name: "absorb-transposes",
    run,
};

fn run(graph: &mut Graph) -> usize {
    exhaust(graph, |graph, index| {
        into_columns(graph, index) || into_rows(graph, index)
    })
}

/// Whether a value is one vector, and not several.
fn is_vector(graph: &Graph, id: ValueId) -> bool {
    matches!(graph.shape(id), [1, _])
}

/// Whether the node is a dense layer with constant weights from one vector to another.
fn is_constant_dense(graph: &Graph, index: usize) -> bool {
    let node = &graph.nodes[index];
    matches!(node.op, Op::Dense { .. })
        && is_vector(graph, node.inputs[0])
        && node.inputs[1..]
            .iter()
            .all(|&id| graph.constant(id).is_some())
}

/// `W · flatten(transpose(x))` is `W' · flatten(x)`.
fn into_columns(graph: &mut Graph, index: usize) -> bool {
    if !is_constant_dense(graph, index) {
        return false;
    }
    let Some((reshape, transpose, offset)) = moved(graph, graph.nodes[index].inputs[0], 0) else {
        return false;
    };
    let x = graph.nodes[transpose].inputs[0];
    let sources = sources(graph, transpose);
    let weights = graph.nodes[index].inputs[1];
    let shape = graph.shape(weights).to_vec();
    let old = graph.constant(weights).expect("the weights are constant");
    let mut new = old.to_vec();
    for (new, old) in new.chunks_mut(shape[1]).zip(old.chunks(shape[1])) {
        for (to, &from) in sources.iter().enumerate() {
            new[offset + from] = old[offset + to];
        }
    }
    set_constant(graph, index, 1, shape, new);
    graph.nodes[reshape].inputs[0] = x;
    true
}

/// A transposed and flattened map that becomes a part of this vector, and nothing else: the nodes
/// that flatten and transpose it, and where it begins.
fn moved(graph: &Graph, id: ValueId, offset: usize) -> Option<(usize, usize, usize)> {
    if !is_vector(graph, id) {
        return None;
    }
    let producer = sole_producer(graph, id)?;
    let node = &graph.nodes[producer];
    if matches!(node.op, Op::Activation(_)) {
        return moved(graph, node.inputs[0], offset);
    }
    if matches!(node.op, Op::Concat { axis: 1 }) {
        let mut at = offset;
        return node.inputs.iter().find_map(|&input| {
            let found = moved(graph, input, at);
            at += graph.shape(input)[1];
            found
        });
    }
    if !matches!(node.op, Op::Reshape { .. }) {
        return None;
    }
    let before = sole_producer(graph, node.inputs[0])?;
    let transposes = matches!(graph.nodes[before].op, Op::Transpose { .. });
    transposes.then_some((producer, before, offset))
}

/// `transpose(unfold(W · x))` is `unfold'(W' · x)`.
fn into_rows(graph: &mut Graph, index: usize) -> bool {
    if !matches!(graph.nodes[index].op, Op::Transpose { .. }) {
        return false;
    }
    let Some((reshape, dense)) = unfolded(graph, graph.nodes[index].inputs[0]) else {
        return false;
    };
    let sources = sources(graph, index);
    for slot in 1..graph.nodes[dense].inputs.len() {
        let id = graph.nodes[dense].inputs[slot];
        let shape = graph.shape(id).to_vec();
        let old = graph.constant(id).expect("the layer is constant");
        let row = old.len() / shape[0];
        let rows = sources.iter().flat_map(|&from| &old[from * row..][..row]);
        let new = rows.copied().collect();
        set_constant(graph, dense, slot, shape, new);
    }
    let shape = graph.shape(graph.nodes[index].output).to_vec();
    graph.nodes[reshape].op = Op::Reshape { shape };
    absorb(graph, reshape, index);
    true
}

/// The node that unfolds a dense layer's vector into this value, and the layer.
fn unfolded(graph: &Graph, id: ValueId) -> Option<(usize, usize)> {
    let reshape = sole_producer(graph, id)?;
    if !matches!(graph.nodes[reshape].op, Op::Reshape { .. }) {
        return None;
    }
    let mut vector = graph.nodes[reshape].inputs[0];
    let mut producer = sole_producer(graph, vector)?;
    while matches!(graph.nodes[producer].op, Op::Activation(_)) {
        vector = graph.nodes[producer].inputs[0];
        producer = sole_producer(graph, vector)?;
    }
    is_constant_dense(graph, producer).then_some((reshape, producer))
}

/// For each element of a transposition's output, in order, the position that it had in the input.
fn sources(graph: &Graph, transpose: usize) -> Vec<usize> {
    let node = &graph.nodes[transpose];
    let Op::Transpose { perm } = &node.op else {
        unreachable!("called for transpositions");
    };
    let shape = graph.shape(node.inputs[0]);
    let positions: Vec<usize> = (0..shape.iter().product()).collect();
    permute(&positions, shape, perm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Activation;
    use crate::passes::oracle::{Builder, RELU, check, window};

    fn transpose(b: &mut Builder, x: ValueId, perm: &[usize]) -> ValueId {
        let perm = perm.to_vec();
        b.node(Op::Transpose { perm }, &[x])
    }

    fn flatten(b: &mut Builder, x: ValueId) -> ValueId {
        let shape = vec![1, b.graph.shape(x).iter().product()];
        b.node(Op::Reshape { shape }, &[x])
    }

    fn transposes(graph: &Graph) -> usize {
        let nodes = graph.nodes.iter();
        nodes
            .filter(|node| matches!(node.op, Op::Transpose { .. }))
            .count()
    }

    #[test]
    fn flattened_maps_that_are_joined() {
        let mut b = Builder::new(1);
        let x = b.input(&[1, 3, 4, 2]);
        let vector = b.input(&[1, 5]);
        let a = transpose(&mut b, x, &[0, 3, 1, 2]);
        let a = flatten(&mut b, a);
        let c = b.max_pool(x, window(2, 2, 0));
        let c = transpose(&mut b, c, &[0, 2, 3, 1]);
        let c = flatten(&mut b, c);
        let c = b.node(Op::Activation(Activation::Tanh), &[c]);
        let y = b.node(Op::Concat { axis: 1 }, &[a, vector, c]);
        let y = b.dense(y, 6, Some(RELU));
        b.output(y);
        assert_eq!(transposes(&check(&b.graph, PASS)), 0);
    }

    #[test]
    fn a_vector_that_is_unfolded() {
        let mut b = Builder::new(2);
        let x = b.input(&[1, 5]);
        let y = b.dense(x, 24, None);
        let y = b.relu(y);
        let shape = vec![1, 4, 3, 2];
        let y = b.node(Op::Reshape { shape }, &[y]);
        let y = transpose(&mut b, y, &[0, 2, 3, 1]);
        let y = b.conv(y, 3, window(2, 1, 0), 1, None);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert_eq!(transposes(&after), 0);
        assert_eq!(after.nodes.len(), 4);
    }

    #[test]
    fn what_others_see_stays() {
        let mut b = Builder::new(3);
        let x = b.input(&[1, 2, 3, 4]);
        let y = transpose(&mut b, x, &[0, 3, 1, 2]);
        let y = flatten(&mut b, y);
        let dense = b.dense(y, 24, None);
        b.output(y);
        let shape = vec![1, 6, 4];
        let map = b.node(Op::Reshape { shape }, &[dense]);
        b.output(map);
        let turned = transpose(&mut b, map, &[0, 2, 1]);
        // Not one vector but several.
        let rows = b.dense(turned, 3, None);
        b.output(rows);
        assert_eq!(check(&b.graph, PASS), b.graph);
    }
}
