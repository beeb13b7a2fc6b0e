//! Computes what depends on constants alone.
#![expect(
    clippy::as_conversions,
    reason = "f64 results are stored as f32, as the graph has them"
)]

use super::rewrite::exhaust;
use super::simplify::Pass;
use crate::ir::{Clamp, Graph, Node, Op, Pad, ValueId};

/// Elementwise operators and those that move elements are computed; layers and pools, which nobody
/// applies to constants, are not. Outputs stay computed, because a port cannot be a constant.
pub(super) const PASS: Pass = Pass {
    name: "fold-constants",
    run,
};

fn run(graph: &mut Graph) -> usize {
    exhaust(graph, |graph, index| {
        let node = &graph.nodes[index];
        if graph.is_output(node.output) {
            return false;
        }
        let inputs: Option<Vec<Tensor<'_>>> = node
            .inputs
            .iter()
            .map(|&id| Tensor::of(graph, id))
            .collect();
        let Some(data) = inputs.and_then(|inputs| compute(graph, node, &inputs)) else {
            return false;
        };
        let output = node.output;
        graph.nodes.remove(index);
        graph.value_mut(output).constant = Some(data.into());
        true
    })
}

/// A constant.
struct Tensor<'a> {
    shape: &'a [usize],
    data: &'a [f32],
}

impl<'a> Tensor<'a> {
    fn of(graph: &'a Graph, id: ValueId) -> Option<Self> {
        let value = graph.value(id);
        value.constant.as_ref().map(|data| Self {
            shape: &value.shape,
            data,
        })
    }

    /// The element that a position of the broadcast shape reads.
    fn broadcast_at(&self, position: &[usize]) -> f64 {
        let own = &position[position.len() - self.shape.len()..];
        let flat = own.iter().zip(self.shape).fold(0, |flat, (&i, &len)| {
            flat * len + if len == 1 { 0 } else { i }
        });
        f64::from(self.data[flat])
    }
}

/// The elements of the node's output; none for operators that are not computed here.
fn compute(graph: &Graph, node: &Node, inputs: &[Tensor<'_>]) -> Option<Vec<f32>> {
    let shape = graph.shape(node.output);
    let x = &inputs[0];
    let binary = |clamp: &Option<Clamp>, f: &dyn Fn(f64, f64) -> f64| {
        finite(positions(shape).map(|at| {
            let y = f(x.broadcast_at(&at), inputs[1].broadcast_at(&at));
            clamp.map_or(y, |clamp| clamp.apply(y)) as f32
        }))
    };
    match &node.op {
        Op::Add { clamp } => binary(clamp, &|a, b| a + b),
        Op::Sub { clamp } => binary(clamp, &|a, b| a - b),
        Op::Mul { clamp } => binary(clamp, &|a, b| a * b),
        Op::Binary(function) => binary(&None, &|a, b| function.apply(a, b)),
        Op::Select => {
            let each = positions(shape).map(|at| {
                let chosen = if x.broadcast_at(&at) == 0.0 { 2 } else { 1 };
                inputs[chosen].broadcast_at(&at) as f32
            });
            Some(each.collect())
        }
        Op::Fused(function) => {
            let each = x.data.iter();
            finite(each.map(|&x| function.apply(f64::from(x)) as f32))
        }
        Op::BatchNorm { epsilon } => {
            let channels = *shape.last()?;
            let each = x.data.iter().enumerate().map(|(i, &x)| {
                let parameter = |slot: usize| f64::from(inputs[slot].data[i % channels]);
                let deviation = (parameter(4) + f64::from(*epsilon)).sqrt();
                ((f64::from(x) - parameter(3)) / deviation * parameter(1) + parameter(2)) as f32
            });
            Some(each.collect())
        }
        Op::Activation(activation) => {
            let each = x
                .data
                .iter()
                .map(|&x| activation.apply(f64::from(x)) as f32);
            finite(each)
        }
        Op::Reshape { .. } | Op::Identity => Some(x.data.to_vec()),
        Op::Transpose { perm } => {
            let each = positions(shape).map(|at| {
                let mut from = vec![0; at.len()];
                for (&axis, &i) in perm.iter().zip(&at) {
                    from[axis] = i;
                }
                x.broadcast_at(&from) as f32
            });
            Some(each.collect())
        }
        Op::Take { maps } => {
            let each = positions(shape).map(|at| {
                let from = maps.iter().zip(&at).map(|(map, &i)| map.at(i));
                x.broadcast_at(&from.collect::<Vec<_>>()) as f32
            });
            Some(each.collect())
        }
        Op::Pad(pad) => Some(positions(shape).map(|at| padded(x, pad, &at)).collect()),
        Op::Concat { axis } => Some(concatenated(inputs, *axis)),
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MatMul { .. }
        | Op::Dense { .. }
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Softmax
        | Op::Reduce(_)
        | Op::ArgExtreme { .. }
        | Op::ResizeBilinear(_)
        | Op::L2Normalize
        | Op::LogSoftmax => None,
    }
}

/// The elements, if all are finite, as those of a constant must be.
fn finite(mut elements: impl Iterator<Item = f32>) -> Option<Vec<f32>> {
    elements.try_fold(Vec::new(), |mut all, element| {
        all.push(element);
        element.is_finite().then_some(all)
    })
}

fn padded(x: &Tensor<'_>, pad: &Pad, at: &[usize]) -> f32 {
    let inside = |(axis, &i): (usize, &usize)| {
        i.checked_sub(pad.before[axis])
            .filter(|&i| i < x.shape[axis])
    };
    let from: Option<Vec<usize>> = at.iter().enumerate().map(inside).collect();
    from.map_or(pad.value, |from| x.broadcast_at(&from) as f32)
}

fn concatenated(inputs: &[Tensor<'_>], axis: usize) -> Vec<f32> {
    let outer: usize = inputs[0].shape[..axis].iter().product();
    let mut all = Vec::new();
    for row in 0..outer {
        for tensor in inputs {
            let len = tensor.data.len() / outer;
            all.extend_from_slice(&tensor.data[row * len..][..len]);
        }
    }
    all
}

/// All positions of a tensor, in memory order.
fn positions(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    (0..shape.iter().product()).map(move |mut flat| {
        let mut at = vec![0; shape.len()];
        for (i, &len) in at.iter_mut().zip(shape).rev() {
            *i = flat % len;
            flat /= len;
        }
        at
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Activation;
    use crate::passes::oracle::{Builder, RELU, check};

    #[test]
    fn computed_weights_and_operands_become_constants() {
        let mut b = Builder::new(1);
        let x = b.input(&[1, 4, 6]);
        let mut y = b.random_constant(&[3, 1, 2], 1.0);
        let other = b.random_constant(&[4, 1], 1.0);
        for op in [
            Op::Add { clamp: None },
            Op::Sub { clamp: Some(RELU) },
            Op::Mul { clamp: None },
        ] {
            y = b.node(op, &[y, other]);
        }
        y = b.batch_norm(y);
        for activation in [
            Activation::HardSwish,
            Activation::Elu { alpha: 0.5 },
            Activation::LeakyRelu { alpha: 0.1 },
            Activation::Tanh,
            Activation::HardSigmoid {
                alpha: 0.3,
                beta: 0.4,
            },
            Activation::Sigmoid,
        ] {
            y = b.node(Op::Activation(activation), &[y]);
        }
        let perm = vec![0, 2, 1];
        y = b.node(Op::Transpose { perm }, &[y]);
        let shape = vec![1, 4, 6];
        y = b.node(Op::Reshape { shape }, &[y]);
        let pad = Pad {
            before: vec![0, 1, 0],
            after: vec![0, 0, 2],
            value: 0.5,
        };
        y = b.node(Op::Pad(pad), &[y]);
        y = b.node(Op::Concat { axis: 2 }, &[y, y]);
        let folded = b.graph.nodes.len();
        let wide = Pad {
            before: vec![0, 1, 4],
            after: vec![0, 0, 6],
            value: 0.0,
        };
        let wide = b.node(Op::Pad(wide), &[x]);
        let sum = b.node(Op::Add { clamp: None }, &[wide, y]);
        b.output(sum);
        let after = check(&b.graph, PASS);
        assert_eq!(after.nodes.len(), b.graph.nodes.len() - folded);
    }
}
