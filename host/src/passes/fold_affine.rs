//! Batch normalizations and other scalings and shifts of channels into the layer before or behind.
#![expect(
    clippy::as_conversions,
    reason = "f64 results are stored as f32, as the graph has them"
)]

use super::affine::{Affine, recognize};
use super::rewrite::{absorb, clamp_slot, exhaust, is_padded, set_constant, sole_producer};
use super::simplify::Pass;
use crate::ir::{Graph, Node, Op};

pub(super) const PASS: Pass = Pass {
    name: "fold-affine",
    run,
};

fn run(graph: &mut Graph) -> usize {
    exhaust(graph, |graph, index| {
        into_layer_before(graph, index) || into_layer_behind(graph, index)
    })
}

/// A layer's constants, in f64.
struct Layer {
    /// Output channels first.
    weights: Vec<f64>,
    /// One per output channel.
    bias: Vec<f64>,
}

impl Layer {
    fn of(graph: &Graph, node: &Node) -> Option<Self> {
        if !matches!(
            node.op,
            Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::Dense { .. }
        ) {
            return None;
        }
        let constant = |slot: usize| -> Option<Vec<f64>> {
            let data = graph.constant(node.inputs[slot])?;
            Some(data.iter().map(|&x| f64::from(x)).collect())
        };
        Some(Self {
            weights: constant(1)?,
            bias: if node.inputs.len() > 2 {
                constant(2)?
            } else {
                vec![0.0; graph.shape(node.inputs[1])[0]]
            },
        })
    }

    fn store(self, graph: &mut Graph, index: usize) {
        let narrowed = |data: Vec<f64>| data.into_iter().map(|x| x as f32).collect();
        let shape = graph.shape(graph.nodes[index].inputs[1]).to_vec();
        let channels = shape[..1].to_vec();
        set_constant(graph, index, 1, shape, narrowed(self.weights));
        set_constant(graph, index, 2, channels, narrowed(self.bias));
    }
}

/// `clamp(scale · (W x + b) + shift)` is a layer with weights `scale · W` and bias
/// `scale · b + shift`.
fn into_layer_before(graph: &mut Graph, index: usize) -> bool {
    let Some(affine) = recognize(graph, &graph.nodes[index]) else {
        return false;
    };
    let Some(before) = sole_producer(graph, affine.x) else {
        return false;
    };
    let Some(mut layer) = Layer::of(graph, &graph.nodes[before]) else {
        return false;
    };
    let clamp = clamp_slot(&mut graph.nodes[before].op).expect("a layer has room for a clamp");
    if clamp.is_some() {
        return false;
    }
    *clamp = affine.clamp;
    let row = layer.weights.len() / layer.bias.len();
    for (channel, bias) in layer.bias.iter_mut().enumerate() {
        let scale = affine.scale[channel];
        *bias = *bias * scale + affine.shift[channel];
        for weight in &mut layer.weights[channel * row..][..row] {
            *weight *= scale;
        }
    }
    layer.store(graph, before);
    absorb(graph, before, index);
    true
}

/// `W (scale · x + shift) + b` is a layer with weights `W · scale` and bias `b + W · shift`, except
/// where zeros are padded that were not shifted.
fn into_layer_behind(graph: &mut Graph, index: usize) -> bool {
    let node = &graph.nodes[index];
    let Some(mut layer) = Layer::of(graph, node) else {
        return false;
    };
    let Some(before) = sole_producer(graph, node.inputs[0]) else {
        return false;
    };
    let Some(affine) = recognize(graph, &graph.nodes[before]) else {
        return false;
    };
    let groups = match &node.op {
        Op::Conv2d(conv) => {
            let shifts = affine.shift.iter().any(|&shift| shift != 0.0);
            if shifts && is_padded(&conv.window) {
                return false;
            }
            conv.groups
        }
        // How many taps a shift reaches differs from output to output.
        Op::ConvTranspose2d(_) => return false,
        _ => 1,
    };
    if affine.clamp.is_some() {
        return false;
    }
    let Affine {
        x, scale, shift, ..
    } = affine;
    let inputs = scale.len() / groups;
    let row = layer.weights.len() / layer.bias.len();
    let outputs = layer.bias.len() / groups;
    for (channel, bias) in layer.bias.iter_mut().enumerate() {
        let first = channel / outputs * inputs;
        for (tap, weight) in layer.weights[channel * row..][..row].iter_mut().enumerate() {
            let input = first + tap % inputs;
            *bias += *weight * shift[input];
            *weight *= scale[input];
        }
    }
    layer.store(graph, index);
    graph.nodes[index].inputs[0] = x;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::ValueId;
    use crate::passes::oracle::{Builder, RELU, check, window};

    #[test]
    fn into_the_layer_before() {
        let mut b = Builder::new(1);
        let x = b.input(&[1, 6, 6, 4]);
        let mut y = b.conv(x, 6, window(3, 1, 1), 2, None);
        y = b.batch_norm(y);
        let gain = b.random_constant(&[1, 1, 6], 1.0);
        y = b.node(Op::Mul { clamp: None }, &[gain, y]);
        let shift = b.random_constant(&[6], 1.0);
        y = b.node(Op::Sub { clamp: Some(RELU) }, &[shift, y]);
        let weights = b.random_constant(&[5, 6], 1.0);
        y = b.node(Op::Dense { clamp: None }, &[y, weights]);
        let half = b.constant(&[1], vec![0.5]);
        y = b.node(Op::Add { clamp: None }, &[y, half]);
        y = b.batch_norm(y);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert_eq!(after.nodes.len(), 2);
        assert!(matches!(&after.nodes[0].op, Op::Conv2d(conv) if conv.clamp == Some(RELU)));
        assert_eq!(after.nodes[1].inputs.len(), 3, "a bias is added");
    }

    #[test]
    fn into_the_layer_behind() {
        for groups in [1, 2, 4] {
            let mut b = Builder::new(2);
            let x = b.input(&[1, 6, 6, 4]);
            let normal = b.batch_norm(x);
            let y = b.conv(normal, 8, window(3, 2, 0), groups, Some(RELU));
            let normal = b.batch_norm(y);
            let y = b.dense(normal, 3, None);
            b.output(y);
            assert_eq!(check(&b.graph, PASS).nodes.len(), 2);
        }
    }

    #[test]
    fn padding_stops_a_shift_but_not_a_scaling() {
        let scaling = |b: &mut Builder, x: ValueId| {
            let c = b.constant(&[], vec![1.0 / 255.0]);
            b.node(Op::Mul { clamp: None }, &[x, c])
        };
        let shift = |b: &mut Builder, x: ValueId| {
            let c = b.constant(&[2], vec![0.5, 0.0]);
            b.node(Op::Sub { clamp: None }, &[x, c])
        };
        for (folds, affine) in [
            (true, &scaling as &dyn Fn(&mut Builder, ValueId) -> ValueId),
            (false, &shift),
        ] {
            let mut b = Builder::new(3);
            let x = b.input(&[1, 4, 4, 2]);
            let y = affine(&mut b, x);
            let y = b.conv(y, 3, window(3, 1, 1), 1, None);
            b.output(y);
            let after = check(&b.graph, PASS);
            assert_eq!(after.nodes.len(), if folds { 1 } else { 2 });
        }
    }

    #[test]
    fn shared_weights_are_changed_for_one_reader_only() {
        let mut b = Builder::new(4);
        let x = b.input(&[1, 4]);
        let weights = b.random_constant(&[4, 4], 1.0);
        let first = b.node(Op::Dense { clamp: None }, &[x, weights]);
        let second = b.node(Op::Dense { clamp: Some(RELU) }, &[first, weights]);
        let third = b.node(Op::Dense { clamp: None }, &[second, weights]);
        let third = b.batch_norm(third);
        b.output(third);
        let after = check(&b.graph, PASS);
        assert_eq!(after.nodes.len(), 3);
        assert_eq!(after.nodes[0].inputs[1], after.nodes[1].inputs[1]);
    }

    #[test]
    fn what_others_read_or_a_clamp_bends_stays() {
        let mut b = Builder::new(5);
        let x = b.input(&[1, 2, 4]);
        let seen = b.dense(x, 4, None);
        let normal = b.batch_norm(seen);
        let clamped = b.dense(x, 4, Some(RELU));
        let other = b.batch_norm(clamped);
        let sum = b.node(Op::Add { clamp: None }, &[normal, other]);
        // A constant that is no channel's.
        let whole = b.random_constant(&[1, 2, 1], 1.0);
        let wide = b.node(Op::Add { clamp: None }, &[sum, whole]);
        for y in [seen, wide] {
            b.output(y);
        }
        assert_eq!(check(&b.graph, PASS), b.graph);
    }
}
