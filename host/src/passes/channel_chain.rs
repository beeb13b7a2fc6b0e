//! Follows the channels of a layer's output to the layer that reads them.

use super::affine::recognize;
use super::rewrite::{is_padded, sole_reader};
use crate::ir::{AvgPool2d, Clamp, Conv2d, Graph, Node, Op, Pad, ValueId};

/// A layer, operators that keep its channels apart, and the layer that mixes them again; each reads
/// only the one before and is read only by the next.
pub(super) struct Chain {
    /// The layer whose output channels these are.
    pub(super) source: usize,
    /// Operators between, in order.
    pub(super) steps: Vec<usize>,
    /// The layer that reads the channels.
    pub(super) sink: usize,
    /// What each channel is, as the sink sees it, if it is the same number for every input and at
    /// every place.
    pub(super) constants: Vec<Option<f64>>,
}

impl Chain {
    /// The chain that begins at a node, if it is a layer whose channels a layer reads.
    ///
    /// Position `i` along the last axis of every value in the chain belongs to channel
    /// `i % channels`: a reshape may have laid the channels of many places side by side.
    pub(super) fn from(graph: &Graph, source: usize) -> Option<Self> {
        let node = &graph.nodes[source];
        if !mixes(node) {
            return None;
        }
        let mut constants = source_constants(graph, node)?;
        let mut steps = Vec::new();
        let mut value = node.output;
        loop {
            let reader = sole_reader(graph, value)?;
            let node = &graph.nodes[reader];
            if node.inputs[0] == value && mixes(node) {
                graph.constant(node.inputs[1])?;
                return Some(Self {
                    source,
                    steps,
                    sink: reader,
                    constants,
                });
            }
            constants = pass_on(graph, node, value, &constants)?;
            steps.push(reader);
            value = node.output;
        }
    }
}

/// Whether every output channel of the node depends on every input channel.
fn mixes(node: &Node) -> bool {
    match &node.op {
        Op::Conv2d(conv) => conv.groups == 1,
        Op::Dense { .. } => true,
        Op::ConvTranspose2d(_) | Op::MatMul { .. } => false,
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
        | Op::Identity => false,
    }
}

fn clamped(clamp: Option<Clamp>) -> impl Fn(f64) -> f64 {
    move |x| clamp.map_or(x, |clamp| clamp.apply(x))
}

/// The number that a channel is if its filter is all zero: the clamped bias.
fn source_constants(graph: &Graph, node: &Node) -> Option<Vec<Option<f64>>> {
    let clamp = match &node.op {
        Op::Conv2d(conv) => conv.clamp,
        Op::Dense { clamp } => *clamp,
        _ => None,
    };
    let weights = graph.constant(node.inputs[1])?;
    let channels = graph.shape(node.inputs[1])[0];
    let filters = weights.chunks_exact(weights.len() / channels);
    let constant = filters.enumerate().map(|(channel, filter)| {
        let zero = filter.iter().all(|&w| w == 0.0);
        zero.then(|| clamped(clamp)(bias(graph, node, channel)))
    });
    Some(constant.collect())
}

fn bias(graph: &Graph, node: &Node, channel: usize) -> f64 {
    let bias = node.inputs.get(2).and_then(|&id| graph.constant(id));
    bias.map_or(0.0, |bias| f64::from(bias[channel]))
}

/// What the channels are behind a node that reads them as `value`; none if it does not keep them
/// apart.
fn pass_on(
    graph: &Graph,
    node: &Node,
    value: ValueId,
    constants: &[Option<f64>],
) -> Option<Vec<Option<f64>>> {
    let channels = constants.len();
    let len = |id: ValueId| graph.shape(id).last().copied();
    let one_each = len(value) == Some(channels);
    let map = |f: &dyn Fn(f64) -> f64| Some(constants.iter().map(|c| c.map(f)).collect());
    match &node.op {
        Op::Activation(activation) => map(&|x| activation.apply(x)),
        Op::MaxPool2d(pool) => one_each.then(|| map(&clamped(pool.clamp)))?,
        Op::AvgPool2d(pool) => one_each.then(|| averaged(pool, constants)),
        Op::Conv2d(conv) if one_each && conv.groups == channels => {
            depthwise(graph, node, conv, constants)
        }
        Op::Add { .. } | Op::Sub { .. } | Op::Mul { .. } if one_each => {
            let affine = recognize(graph, node)?;
            let each = constants.iter().zip(affine.scale.iter().zip(&affine.shift));
            let behind = each.map(|(constant, (&scale, &shift))| {
                let scaled = if scale == 0.0 {
                    Some(0.0)
                } else {
                    constant.map(|x| scale * x)
                };
                scaled.map(|x| clamped(affine.clamp)(x + shift))
            });
            Some(behind.collect())
        }
        Op::Pad(pad) if one_each => padded(pad, constants),
        Op::Reshape { .. } => {
            let whole = len(node.output).is_some_and(|len| len % channels == 0);
            whole.then(|| constants.to_vec())
        }
        Op::Transpose { perm } => {
            let stays = perm.last() == Some(&(perm.len() - 1));
            stays.then(|| constants.to_vec())
        }
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MatMul { .. }
        | Op::Dense { .. }
        | Op::BatchNorm { .. }
        | Op::Add { .. }
        | Op::Sub { .. }
        | Op::Mul { .. }
        | Op::Concat { .. }
        | Op::Take { .. }
        | Op::Pad(_)
        | Op::Softmax
        | Op::Identity => None,
    }
}

fn averaged(pool: &AvgPool2d, constants: &[Option<f64>]) -> Vec<Option<f64>> {
    let counts_zeros = pool.count_include_pad && is_padded(&pool.window);
    let each = constants.iter().map(|constant| {
        constant
            .filter(|&x| !counts_zeros || x == 0.0)
            .map(clamped(pool.clamp))
    });
    each.collect()
}

fn padded(pad: &Pad, constants: &[Option<f64>]) -> Option<Vec<Option<f64>>> {
    let last = pad.before.len().checked_sub(1)?;
    if pad.before[last] != 0 || pad.after[last] != 0 {
        return None;
    }
    let border = f64::from(pad.value);
    Some(
        constants
            .iter()
            .map(|c| c.filter(|&x| x == border))
            .collect(),
    )
}

fn depthwise(
    graph: &Graph,
    node: &Node,
    conv: &Conv2d,
    constants: &[Option<f64>],
) -> Option<Vec<Option<f64>>> {
    let weights = graph.constant(node.inputs[1])?;
    let [outputs, kernel_h, kernel_w, 1] = *graph.shape(node.inputs[1]) else {
        return None;
    };
    if outputs != constants.len() {
        return None;
    }
    let filters = weights.chunks_exact(kernel_h * kernel_w);
    let behind = filters.enumerate().map(|(channel, filter)| {
        let sum = if filter.iter().all(|&w| w == 0.0) {
            Some(0.0)
        } else {
            // At the border, padded zeros stand in for the constant.
            let exact = |x: &f64| *x == 0.0 || !is_padded(&conv.window);
            let gain: f64 = filter.iter().map(|&w| f64::from(w)).sum();
            constants[channel].filter(exact).map(|x| x * gain)
        };
        sum.map(|sum| clamped(conv.clamp)(sum + bias(graph, node, channel)))
    });
    Some(behind.collect())
}
