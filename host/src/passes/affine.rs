//! Recognizes operators that scale and shift each channel.

use super::rewrite::is_pointwise;
use crate::ir::{Clamp, Conv2d, Graph, Node, Op, ValueId};

/// `clamp(scale[c] · x + shift[c])`, where `c` is the position along the last axis.
pub(super) struct Affine {
    pub(super) x: ValueId,
    /// One per channel.
    pub(super) scale: Vec<f64>,
    /// One per channel.
    pub(super) shift: Vec<f64>,
    pub(super) clamp: Option<Clamp>,
}

/// What a node does to each channel, if it is a batch normalization, an addition, subtraction or
/// multiplication with a constant per channel or for all, or a depthwise convolution of one tap.
pub(super) fn recognize(graph: &Graph, node: &Node) -> Option<Affine> {
    match &node.op {
        Op::BatchNorm { epsilon } => batch_norm(graph, node, f64::from(*epsilon)),
        Op::Conv2d(conv) => depthwise(graph, node, conv),
        Op::Add { clamp } => with_constant(graph, node).map(|(x, c, _)| Affine {
            x,
            scale: vec![1.0; c.len()],
            shift: c,
            clamp: *clamp,
        }),
        Op::Sub { clamp } => with_constant(graph, node).map(|(x, c, first)| {
            let sign = if first { -1.0 } else { 1.0 };
            Affine {
                x,
                scale: vec![sign; c.len()],
                shift: c.iter().map(|c| -sign * c).collect(),
                clamp: *clamp,
            }
        }),
        Op::Mul { clamp } => with_constant(graph, node).map(|(x, c, _)| Affine {
            x,
            shift: vec![0.0; c.len()],
            scale: c,
            clamp: *clamp,
        }),
        Op::ConvTranspose2d(_)
        | Op::MatMul { .. }
        | Op::Dense { .. }
        | Op::Activation(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Concat { .. }
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Take { .. }
        | Op::Pad(_)
        | Op::Softmax
        | Op::Identity => None,
    }
}

/// Channels of a value: the length of its last axis.
pub(super) fn channels(graph: &Graph, id: ValueId) -> usize {
    graph.shape(id).last().copied().unwrap_or(1)
}

fn constant(graph: &Graph, id: ValueId) -> Option<Vec<f64>> {
    let data = graph.constant(id)?;
    Some(data.iter().map(|&x| f64::from(x)).collect())
}

fn batch_norm(graph: &Graph, node: &Node, epsilon: f64) -> Option<Affine> {
    let parameters = node.inputs[1..].iter().map(|&id| constant(graph, id));
    let parameters: Option<Vec<Vec<f64>>> = parameters.collect();
    let parameters = parameters?;
    let [gain, bias, mean, variance] = &parameters[..] else {
        return None;
    };
    let scale: Vec<f64> = std::iter::zip(gain, variance)
        .map(|(gain, variance)| gain / (variance + epsilon).sqrt())
        .collect();
    let shift = std::iter::zip(bias, std::iter::zip(mean, &scale));
    Some(Affine {
        x: node.inputs[0],
        shift: shift
            .map(|(bias, (mean, scale))| bias - mean * scale)
            .collect(),
        scale,
        clamp: None,
    })
}

fn depthwise(graph: &Graph, node: &Node, conv: &Conv2d) -> Option<Affine> {
    let x = node.inputs[0];
    let count = channels(graph, x);
    if !is_pointwise(&conv.window) || conv.groups != count || channels(graph, node.output) != count
    {
        return None;
    }
    Some(Affine {
        x,
        scale: constant(graph, node.inputs[1])?,
        shift: match node.inputs.get(2) {
            Some(&bias) => constant(graph, bias)?,
            None => vec![0.0; count],
        },
        clamp: conv.clamp,
    })
}

/// The computed operand of a binary operator, the constant one spread over the channels, and
/// whether that comes first.
fn with_constant(graph: &Graph, node: &Node) -> Option<(ValueId, Vec<f64>, bool)> {
    let [a, b] = node.inputs[..] else {
        return None;
    };
    let (x, c, first) = match (graph.constant(a), graph.constant(b)) {
        (None, Some(_)) => (a, b, false),
        (Some(_), None) => (b, a, true),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let count = channels(graph, x);
    let along_others: usize = graph.shape(c).iter().rev().skip(1).product();
    if graph.shape(x) != graph.shape(node.output) || along_others != 1 {
        return None;
    }
    let data = constant(graph, c)?;
    let spread = if data.len() == 1 {
        vec![data[0]; count]
    } else {
        data
    };
    Some((x, spread, first))
}
