//! Clamps (ReLU, ReLU6, clip) into the operator that computes what they clamp.

use super::rewrite::{absorb, clamp_slot, exhaust, sole_producer};
use super::simplify::Pass;
use crate::ir::{Activation, Clamp, Class, Graph, Node, Op, Value, ValueId};

pub(super) const PASS: Pass = Pass {
    name: "fuse-clamps",
    run,
};

fn run(graph: &mut Graph) -> usize {
    exhaust(graph, |graph, index| {
        let node = &graph.nodes[index];
        let Op::Activation(Activation::Clamp(clamp)) = node.op else {
            return false;
        };
        let Some(before) = sole_producer(graph, node.inputs[0]) else {
            return false;
        };
        fuse(graph, before, index, clamp) || lift(graph, before, index, clamp)
    })
}

/// Into the operator before, after what it clamps already.
fn fuse(graph: &mut Graph, before: usize, index: usize, clamp: Clamp) -> bool {
    let op = &mut graph.nodes[before].op;
    if let Op::Activation(Activation::Clamp(first)) = op {
        *first = first.then(clamp);
    } else if let Some(slot) = clamp_slot(op) {
        *slot = Some(slot.map_or(clamp, |first| first.then(clamp)));
    } else {
        return false;
    }
    absorb(graph, before, index);
    true
}

/// To the other side of an operator that only moves values, where it can be fused.
fn lift(graph: &mut Graph, before: usize, index: usize, clamp: Clamp) -> bool {
    let moving = matches!(graph.nodes[before].op.class(), Class::Move | Class::Join);
    let inputs = &graph.nodes[before].inputs;
    if !(moving && inputs.iter().all(|&id| takes_clamp(graph, id))) {
        return false;
    }
    let inputs = inputs.clone();
    absorb(graph, before, index);
    if let Op::Pad(pad) = &mut graph.nodes[before].op {
        pad.value = pad.value.max(clamp.min).min(clamp.max);
    }
    for (slot, id) in inputs.into_iter().enumerate() {
        let producer = graph.producer(id).expect("what takes a clamp is computed");
        insert(graph, producer, id, clamp);
        // The reader stands one further now, for every clamp that was put before it.
        let reader = before + slot + 1;
        graph.nodes[reader].inputs[slot] = graph.nodes[producer + 1].output;
    }
    true
}

/// Whether a clamp of this value would end up fused.
fn takes_clamp(graph: &Graph, id: ValueId) -> bool {
    let Some(producer) = sole_producer(graph, id) else {
        return false;
    };
    let node = &graph.nodes[producer];
    match node.op {
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MatMul { .. }
        | Op::Dense { .. }
        | Op::Add { .. }
        | Op::Sub { .. }
        | Op::Mul { .. }
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Activation(Activation::Clamp(_)) => true,
        Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Take { .. }
        | Op::Pad(_)
        | Op::Concat { .. } => node.inputs.iter().all(|&id| takes_clamp(graph, id)),
        Op::Activation(
            Activation::Sigmoid
            | Activation::Tanh
            | Activation::LeakyRelu { .. }
            | Activation::Elu { .. }
            | Activation::HardSigmoid { .. }
            | Activation::HardSwish
            | Activation::Unary(_)
            | Activation::Parametric { .. },
        )
        | Op::Binary(_)
        | Op::Select
        | Op::Fused(_)
        | Op::BatchNorm { .. }
        | Op::Softmax
        | Op::Reduce(_)
        | Op::ArgExtreme { .. }
        | Op::ResizeBilinear(_)
        | Op::L2Normalize
        | Op::LogSoftmax
        | Op::Identity => false,
    }
}

/// Puts a clamp of a value behind the node that computes it.
fn insert(graph: &mut Graph, producer: usize, id: ValueId, clamp: Clamp) {
    let name = super::rewrite::fresh_name(graph, &format!("{}.clamped", graph.value(id).name));
    let shape = graph.shape(id).to_vec();
    let output = graph.add_value(Value {
        name: name.clone(),
        shape,
        constant: None,
    });
    let node = Node {
        name,
        op: Op::Activation(Activation::Clamp(clamp)),
        inputs: vec![id],
        output,
    };
    graph.nodes.insert(producer + 1, node);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::fused_clamp;
    use crate::passes::oracle::{Builder, RELU, check, window};

    fn clamps(graph: &Graph) -> Vec<Option<Clamp>> {
        let clamp = |node: &Node| fused_clamp(&node.op);
        graph.nodes.iter().map(clamp).collect()
    }

    #[test]
    fn every_operator_with_room_takes_the_clamp_behind_it() {
        let mut b = Builder::new(1);
        let x = b.input(&[1, 6, 6, 3]);
        let mut y = b.conv(x, 4, window(3, 1, 1), 1, None);
        y = b.relu(y);
        y = b.max_pool(y, window(2, 1, 0));
        y = b.relu(y);
        y = b.avg_pool(y, window(2, 1, 0), false);
        y = b.relu(y);
        let operand = b.random_constant(&[4], 1.0);
        for op in [
            Op::Add { clamp: None },
            Op::Sub { clamp: None },
            Op::Mul { clamp: None },
        ] {
            y = b.node(op, &[y, operand]);
            y = b.relu(y);
        }
        y = b.dense(y, 3, None);
        y = b.relu(y);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert_eq!(clamps(&after), [Some(RELU); 7]);
    }

    #[test]
    fn clamps_in_a_row_become_one() {
        let six = Clamp {
            min: -1.0,
            max: 6.0,
        };
        let cases = [
            (RELU, six, Clamp { min: 0.0, max: 6.0 }),
            (six, RELU, Clamp { min: 0.0, max: 6.0 }),
            // Disjoint: everything becomes 7.
            (
                six,
                Clamp { min: 7.0, max: 9.0 },
                Clamp { min: 7.0, max: 7.0 },
            ),
        ];
        for (first, second, expected) in cases {
            let mut b = Builder::new(2);
            let x = b.input(&[1, 9]);
            let mut y = b.dense(x, 4, Some(first));
            y = b.node(Op::Activation(Activation::Clamp(second)), &[y]);
            b.output(y);
            assert_eq!(clamps(&check(&b.graph, PASS)), [Some(expected)]);
        }
    }

    #[test]
    fn clamps_pass_what_only_moves_values() {
        let mut b = Builder::new(3);
        let x = b.input(&[1, 4, 4, 3]);
        let left = b.conv(x, 2, window(1, 1, 0), 1, None);
        let right = b.conv(x, 3, window(1, 1, 0), 1, None);
        let mut y = b.node(Op::Concat { axis: 3 }, &[left, right]);
        let perm = vec![0, 2, 1, 3];
        y = b.node(Op::Transpose { perm }, &[y]);
        y = b.pad(y, 1, -1.0);
        let shape = vec![1, 180];
        y = b.node(Op::Reshape { shape }, &[y]);
        y = b.relu(y);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert_eq!(clamps(&after)[..2], [Some(RELU); 2]);
        assert_eq!(after.nodes.len(), 6);
    }

    #[test]
    fn what_others_read_is_not_clamped() {
        let mut b = Builder::new(4);
        let x = b.input(&[1, 4, 4, 3]);
        let conv = b.conv(x, 3, window(1, 1, 0), 1, None);
        let relu = b.relu(conv);
        let sum = b.node(Op::Add { clamp: None }, &[conv, relu]);
        let of_input = b.relu(x);
        let shown = b.dense(of_input, 2, None);
        let of_shown = b.relu(shown);
        for y in [sum, shown, of_shown] {
            b.output(y);
        }
        assert_eq!(check(&b.graph, PASS), b.graph);
    }
}
