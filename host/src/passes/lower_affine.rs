//! Scalings and shifts that no layer took become layers of their own.
#![expect(
    clippy::as_conversions,
    reason = "f64 results are stored as f32, as the graph has them"
)]

use super::affine::{Affine, recognize};
use super::rewrite::{exhaust, fresh_name};
use super::simplify::Pass;
use crate::ir::{Conv2d, Graph, Node, Op, Value, Window2d};

/// Images get a depthwise convolution of one tap, because that quantizes best: a weight scale per
/// channel and a 32-bit bias, where a multiplication would have one scale for all channels and an
/// addition 8 bits for its constant. Other shapes get a multiplication and an addition in place of
/// a batch normalization.
pub(super) const PASS: Pass = Pass {
    name: "lower-affine",
    run,
};

fn run(graph: &mut Graph) -> usize {
    exhaust(graph, |graph, index| {
        let node = &graph.nodes[index];
        if matches!(node.op, Op::Conv2d(_)) {
            return false;
        }
        let Some(affine) = recognize(graph, node) else {
            return false;
        };
        if graph.shape(affine.x).len() == 4 {
            depthwise(graph, index, affine);
        } else if matches!(node.op, Op::BatchNorm { .. }) {
            multiply_add(graph, index, affine);
        } else {
            return false;
        }
        true
    })
}

fn narrowed(data: Vec<f64>) -> Vec<f32> {
    data.into_iter().map(|x| x as f32).collect()
}

fn depthwise(graph: &mut Graph, index: usize, affine: Affine) {
    let channels = affine.scale.len();
    let mut constant = |part: &str, shape: Vec<usize>, data: Vec<f64>| {
        let name = fresh_name(graph, &format!("{}.{part}", graph.nodes[index].name));
        graph.add_constant(name, shape, narrowed(data))
    };
    let weights = constant("scale", vec![channels, 1, 1, 1], affine.scale);
    let bias = constant("shift", vec![channels], affine.shift);
    let node = &mut graph.nodes[index];
    node.inputs = vec![affine.x, weights, bias];
    node.op = Op::Conv2d(Conv2d {
        window: Window2d {
            kernel: [1; 2],
            stride: [1; 2],
            dilation: [1; 2],
            pad_before: [0; 2],
            pad_after: [0; 2],
        },
        groups: channels,
        clamp: affine.clamp,
    });
}

fn multiply_add(graph: &mut Graph, index: usize, affine: Affine) {
    let channels = vec![affine.scale.len()];
    let node = graph.nodes[index].clone();
    let wish = |part: &str| format!("{}.{part}", node.name);
    let name = fresh_name(graph, &wish("scale"));
    let scale = graph.add_constant(name, channels.clone(), narrowed(affine.scale));
    let name = fresh_name(graph, &wish("shift"));
    let shift = graph.add_constant(name, channels, narrowed(affine.shift));
    let name = fresh_name(graph, &wish("scaled"));
    let shape = graph.shape(affine.x).to_vec();
    let scaled = graph.add_value(Value {
        name: name.clone(),
        shape,
        constant: None,
    });
    let multiply = Node {
        name,
        op: Op::Mul { clamp: None },
        inputs: vec![affine.x, scale],
        output: scaled,
    };
    graph.nodes[index].op = Op::Add {
        clamp: affine.clamp,
    };
    graph.nodes[index].inputs = vec![scaled, shift];
    graph.nodes.insert(index, multiply);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::oracle::{Builder, RELU, check};

    #[test]
    fn images_get_depthwise_convolutions() {
        let mut b = Builder::new(1);
        let x = b.input(&[1, 3, 4, 5]);
        let mut y = b.batch_norm(x);
        let c = b.random_constant(&[5], 1.0);
        y = b.node(Op::Sub { clamp: Some(RELU) }, &[c, y]);
        b.output(y);
        let after = check(&b.graph, PASS);
        let depthwise = |node: &Node| matches!(&node.op, Op::Conv2d(conv) if conv.groups == 5);
        assert!(after.nodes.len() == 2 && after.nodes.iter().all(depthwise));
    }

    #[test]
    fn vectors_get_a_product_and_a_sum() {
        let mut b = Builder::new(2);
        let x = b.input(&[1, 7]);
        let y = b.batch_norm(x);
        b.output(y);
        let after = check(&b.graph, PASS);
        let ops: Vec<&Op> = after.nodes.iter().map(|node| &node.op).collect();
        assert_eq!(ops, [&Op::Mul { clamp: None }, &Op::Add { clamp: None }]);
    }
}
