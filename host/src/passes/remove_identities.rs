//! Removes operators that change nothing, and joins those that undo or repeat each other.

use super::rewrite::{bypass, clamp_slot, exhaust, fused_clamp, is_pointwise};
use super::simplify::Pass;
use crate::ir::{Activation, Clamp, Graph, Node, Op, ValueId};

pub(super) const PASS: Pass = Pass {
    name: "remove-identities",
    run,
};

fn run(graph: &mut Graph) -> usize {
    exhaust(graph, |graph, index| {
        remove(graph, index)
            || unspread(graph, index)
            || normalize(graph, index)
            || join(graph, index)
    })
}

/// Takes out a node that only passes a value on; where it has a fused clamp, that stays.
fn remove(graph: &mut Graph, index: usize) -> bool {
    let node = &graph.nodes[index];
    let Some(x) = passed_on(graph, node) else {
        return false;
    };
    // A port cannot be a constant.
    if graph.is_output(node.output) && graph.constant(x).is_some() {
        return false;
    }
    match fused_clamp(&node.op) {
        Some(clamp) => {
            let node = &mut graph.nodes[index];
            node.op = Op::Activation(Activation::Clamp(clamp));
            node.inputs = vec![x];
        }
        None => bypass(graph, index, x),
    }
    true
}

/// The input that a node hands on unchanged but for a fused clamp.
fn passed_on(graph: &Graph, node: &Node) -> Option<ValueId> {
    let x = node.inputs[0];
    let same_shape = |id: ValueId| graph.shape(id) == graph.shape(node.output);
    let passes = match &node.op {
        Op::Identity => true,
        Op::Reshape { .. } => same_shape(x),
        Op::Transpose { perm } => perm.iter().enumerate().all(|(i, &axis)| i == axis),
        Op::Take { maps } => maps
            .iter()
            .zip(graph.shape(x))
            .all(|(map, &len)| map.is_all(len)),
        Op::Pad(pad) => pad.before.iter().chain(&pad.after).all(|&n| n == 0),
        Op::Concat { .. } => node.inputs.len() == 1,
        Op::MaxPool2d(pool) => is_pointwise(&pool.window),
        Op::AvgPool2d(pool) => is_pointwise(&pool.window),
        Op::Activation(Activation::Clamp(clamp)) => is_open(*clamp),
        Op::Activation(Activation::LeakyRelu { alpha }) => *alpha == 1.0,
        Op::Add { .. } => return neutral(graph, node, 0.0, true).filter(|&id| same_shape(id)),
        Op::Sub { .. } => return neutral(graph, node, 0.0, false).filter(|&id| same_shape(id)),
        Op::Mul { .. } => return neutral(graph, node, 1.0, true).filter(|&id| same_shape(id)),
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MatMul { .. }
        | Op::Dense { .. }
        | Op::BatchNorm { .. }
        | Op::Softmax
        | Op::Binary(_)
        | Op::Select
        | Op::Fused(_)
        | Op::Reduce(_)
        | Op::ArgExtreme { .. }
        | Op::ResizeBilinear(_)
        | Op::L2Normalize
        | Op::LogSoftmax
        | Op::Activation(
            Activation::Sigmoid
            | Activation::Tanh
            | Activation::Elu { .. }
            | Activation::HardSigmoid { .. }
            | Activation::HardSwish
            | Activation::Unary(_)
            | Activation::Parametric { .. },
        ) => false,
    };
    passes.then_some(x)
}

/// The other operand of one that is constant and everywhere `element`; either operand may be it
/// where the operator is commutative, else only the second.
fn neutral(graph: &Graph, node: &Node, element: f32, commutative: bool) -> Option<ValueId> {
    let [a, b] = node.inputs[..] else {
        return None;
    };
    let all = |id| {
        let data = graph.constant(id);
        data.is_some_and(|data| data.iter().all(|&x| x == element))
    };
    if all(b) {
        Some(a)
    } else {
        (commutative && all(a)).then_some(b)
    }
}

/// Takes out a sum with zeros, or a product with ones, that only repeats a value, if all readers
/// repeat it as well because of their other operand.
fn unspread(graph: &mut Graph, index: usize) -> bool {
    let node = &graph.nodes[index];
    let x = match &node.op {
        Op::Add { clamp: None } => neutral(graph, node, 0.0, true),
        Op::Mul { clamp: None } => neutral(graph, node, 1.0, true),
        _ => None,
    };
    let Some(x) = x else {
        return false;
    };
    let repeats = |reader: usize| {
        let reader = &graph.nodes[reader];
        let broadcasts = matches!(reader.op, Op::Add { .. } | Op::Sub { .. } | Op::Mul { .. });
        let mut others = reader.inputs.iter().filter(|&&id| id != node.output);
        broadcasts && others.any(|&id| graph.shape(id) == graph.shape(reader.output))
    };
    let readers = graph.consumers(node.output);
    if graph.is_output(node.output) || !readers.into_iter().all(repeats) {
        return false;
    }
    bypass(graph, index, x);
    true
}

fn is_open(clamp: Clamp) -> bool {
    clamp.min == f32::NEG_INFINITY && clamp.max == f32::INFINITY
}

/// Drops a fused clamp that lets everything through, and turns a transposition that moves only
/// axes of length 1 into a reshape.
fn normalize(graph: &mut Graph, index: usize) -> bool {
    if let Some(slot) = clamp_slot(&mut graph.nodes[index].op)
        && slot.is_some_and(is_open)
    {
        *slot = None;
        return true;
    }
    let node = &graph.nodes[index];
    if let Op::Transpose { perm } = &node.op {
        let shape = graph.shape(node.inputs[0]);
        let longer: Vec<usize> = perm.iter().copied().filter(|&a| shape[a] > 1).collect();
        if longer.is_sorted() {
            let shape = graph.shape(node.output).to_vec();
            graph.nodes[index].op = Op::Reshape { shape };
            return true;
        }
    }
    false
}

/// Lets the second of two reshapes, transpositions or takes read what the first reads.
fn join(graph: &mut Graph, index: usize) -> bool {
    let node = &graph.nodes[index];
    let Some(before) = graph.producer(node.inputs[0]) else {
        return false;
    };
    let before = &graph.nodes[before];
    let x = before.inputs[0];
    let op = match (&before.op, &node.op) {
        (Op::Reshape { .. }, op @ Op::Reshape { .. }) => op.clone(),
        (Op::Transpose { perm: first }, Op::Transpose { perm: second }) => Op::Transpose {
            perm: second.iter().map(|&axis| first[axis]).collect(),
        },
        (Op::Take { maps: first }, Op::Take { maps: second }) => Op::Take {
            maps: first
                .iter()
                .zip(second)
                .map(|(first, second)| first.then(second))
                .collect(),
        },
        _ => return false,
    };
    let node = &mut graph.nodes[index];
    node.op = op;
    node.inputs[0] = x;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::oracle::{Builder, RELU, assert_same_function, check, window};

    fn open() -> Clamp {
        Clamp {
            min: f32::NEG_INFINITY,
            max: f32::INFINITY,
        }
    }

    #[test]
    fn what_does_nothing_is_gone() {
        let mut b = Builder::new(1);
        let x = b.input(&[1, 4, 4, 2]);
        let mut y = b.conv(x, 2, window(1, 1, 0), 1, Some(open()));
        y = b.node(Op::Identity, &[y]);
        let shape = vec![1, 4, 4, 2];
        y = b.node(Op::Reshape { shape }, &[y]);
        let perm = vec![0, 1, 2, 3];
        y = b.node(Op::Transpose { perm }, &[y]);
        y = b.pad(y, 0, 3.0);
        y = b.node(Op::Concat { axis: 3 }, &[y]);
        y = b.max_pool(y, window(1, 1, 0));
        y = b.avg_pool(y, window(1, 1, 0), true);
        y = b.node(Op::Activation(Activation::Clamp(open())), &[y]);
        let zero = b.constant(&[2], vec![0.0, -0.0]);
        y = b.node(Op::Add { clamp: None }, &[zero, y]);
        y = b.node(Op::Sub { clamp: None }, &[y, zero]);
        let one = b.constant(&[], vec![1.0]);
        y = b.node(Op::Mul { clamp: None }, &[y, one]);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert_eq!(after.nodes.len(), 1);
        assert!(matches!(&after.nodes[0].op, Op::Conv2d(conv) if conv.clamp.is_none()));
    }

    #[test]
    fn a_clamp_outlives_its_operator() {
        let mut b = Builder::new(2);
        let x = b.input(&[1, 4]);
        let one = b.constant(&[4], vec![1.0; 4]);
        let y = b.node(Op::Mul { clamp: Some(RELU) }, &[x, one]);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert_eq!(after.nodes[0].op, Op::Activation(Activation::Clamp(RELU)));
    }

    #[test]
    fn what_does_something_stays() {
        let mut b = Builder::new(3);
        let x = b.input(&[1, 1, 4]);
        // Broadcasts, and subtracts from zero.
        let zero = b.constant(&[1, 3, 1], vec![0.0; 3]);
        let y = b.node(Op::Add { clamp: None }, &[x, zero]);
        let y = b.node(Op::Sub { clamp: None }, &[zero, y]);
        b.output(y);
        assert_eq!(check(&b.graph, PASS).nodes.len(), 2);
    }

    #[test]
    fn what_its_readers_repeat_need_not_be_repeated_before() {
        let mut b = Builder::new(9);
        let x = b.input(&[1, 3, 4, 2]);
        let gate = b.input(&[1, 1, 1, 2]);
        let zeros = b.constant(&[3, 4, 1], vec![0.0; 12]);
        let spread = b.node(Op::Add { clamp: None }, &[gate, zeros]);
        let y = b.node(Op::Mul { clamp: None }, &[x, spread]);
        let y = b.node(Op::Sub { clamp: None }, &[spread, y]);
        b.output(y);
        assert_eq!(check(&b.graph, PASS).nodes.len(), 2);

        let alone = b.node(Op::Mul { clamp: None }, &[spread, spread]);
        b.output(alone);
        assert_eq!(check(&b.graph, PASS), b.graph);
    }

    #[test]
    fn reshapes_and_transpositions_are_joined() {
        let mut b = Builder::new(4);
        let x = b.input(&[1, 2, 3, 4]);
        let perm = vec![0, 2, 3, 1];
        let y = b.node(Op::Transpose { perm }, &[x]);
        let perm = vec![0, 2, 1, 3];
        let y = b.node(Op::Transpose { perm }, &[y]);
        let shape = vec![1, 24];
        let y = b.node(Op::Reshape { shape }, &[y]);
        let shape = vec![1, 24, 1];
        let y = b.node(Op::Reshape { shape }, &[y]);
        // Only moves axes of length 1, so it is one more reshape.
        let perm = vec![0, 2, 1];
        let y = b.node(Op::Transpose { perm }, &[y]);
        b.output(y);
        let after = check(&b.graph, PASS);
        let ops: Vec<&Op> = after.nodes.iter().map(|node| &node.op).collect();
        let perm = vec![0, 3, 2, 1];
        let shape = vec![1, 1, 24];
        assert_eq!(ops, [&Op::Transpose { perm }, &Op::Reshape { shape }]);
    }

    #[test]
    fn inverse_transpositions_vanish() {
        let mut b = Builder::new(5);
        let x = b.input(&[1, 2, 3, 4]);
        let y = b.relu(x);
        let perm = vec![0, 3, 1, 2];
        let y = b.node(Op::Transpose { perm }, &[y]);
        let perm = vec![0, 2, 3, 1];
        let y = b.node(Op::Transpose { perm }, &[y]);
        b.output(y);
        assert_eq!(check(&b.graph, PASS).nodes.len(), 1);
    }

    #[test]
    fn an_input_may_become_an_output() {
        let mut b = Builder::new(6);
        let x = b.input(&[1, 2]);
        let y = b.node(Op::Identity, &[x]);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert_eq!(after.outputs[0].value, after.inputs[0].value);
        assert_same_function(&b.graph, &after, 7);
    }
}
