//! Removes channels that are constant and channels that nobody uses.
#![expect(
    clippy::as_conversions,
    reason = "f64 results are stored as f32, as the graph has them"
)]

use super::channel_chain::Chain;
use super::rewrite::{exhaust, is_padded, set_constant};
use super::simplify::Pass;
use crate::ir::{Graph, Op};

/// A channel whose filter is all zero is a constant, and stays one through operators that keep
/// channels apart; the next layer adds what it makes of it to its bias. A channel for which all of
/// the next layer's weights are zero does not matter. Either is removed from both layers and from
/// everything between, down to one channel.
///
/// A constant that meets padding is kept unless it is 0, for it is another value at the border.
/// Channels that are also read elsewhere (residuals, concatenations, outputs) are kept.
pub(super) const PASS: Pass = Pass {
    name: "remove-channels",
    run,
};

fn run(graph: &mut Graph) -> usize {
    exhaust(graph, |graph, index| {
        let Some(chain) = Chain::from(graph, index) else {
            return false;
        };
        let removed = removable(graph, &chain);
        if !removed.contains(&true) {
            return false;
        }
        absorb_constants(graph, &chain, &removed);
        remove(graph, &chain, &removed);
        true
    })
}

/// Which channels the sink can do without; at least one is left.
fn removable(graph: &Graph, chain: &Chain) -> Vec<bool> {
    let sink = &graph.nodes[chain.sink];
    let padded = matches!(&sink.op, Op::Conv2d(conv) if is_padded(&conv.window));
    let channels = chain.constants.len();
    let mut used = vec![false; channels];
    for (i, &weight) in sink_weights(graph, chain).iter().enumerate() {
        used[i % channels] |= weight != 0.0;
    }
    let foldable = |constant: &Option<f64>| constant.is_some_and(|x| !padded || x == 0.0);
    let mut removed: Vec<bool> = std::iter::zip(&chain.constants, used)
        .map(|(constant, used)| !used || foldable(constant))
        .collect();
    if removed.iter().all(|&removed| removed) {
        removed[0] = false;
    }
    removed
}

/// The sink's weights; the input channel runs fastest.
fn sink_weights<'a>(graph: &'a Graph, chain: &Chain) -> &'a [f32] {
    let weights = graph.nodes[chain.sink].inputs[1];
    graph
        .constant(weights)
        .expect("a chain ends at constant weights")
}

/// Adds what the sink makes of the constants that are about to be removed to its bias.
fn absorb_constants(graph: &mut Graph, chain: &Chain, removed: &[bool]) {
    let node = &graph.nodes[chain.sink];
    let outputs = graph.shape(node.inputs[1])[0];
    let mut bias: Vec<f64> = match node.inputs.get(2).and_then(|&id| graph.constant(id)) {
        Some(bias) => bias.iter().map(|&x| f64::from(x)).collect(),
        None => vec![0.0; outputs],
    };
    let weights = sink_weights(graph, chain);
    let row = weights.len() / outputs;
    for (i, &weight) in weights.iter().enumerate() {
        let channel = i % removed.len();
        if let (true, Some(constant)) = (removed[channel], chain.constants[channel]) {
            bias[i / row] += f64::from(weight) * constant;
        }
    }
    let bias = bias.into_iter().map(|x| x as f32).collect();
    set_constant(graph, chain.sink, 2, vec![outputs], bias);
}

fn remove(graph: &mut Graph, chain: &Chain, removed: &[bool]) {
    let channels = removed.len();
    let left = removed.iter().filter(|&&removed| !removed).count();
    keep_filters(graph, chain.source, removed, left);
    let mut value = graph.nodes[chain.source].output;
    for &step in &chain.steps {
        narrow(&mut graph.value_mut(value).shape, channels, left);
        match &mut graph.nodes[step].op {
            Op::Conv2d(conv) => {
                conv.groups = left;
                keep_filters(graph, step, removed, left);
            }
            Op::Reshape { shape } => narrow(shape, channels, left),
            Op::Add { .. } | Op::Sub { .. } | Op::Mul { .. } => {
                let operand = usize::from(graph.nodes[step].inputs[0] == value);
                let id = graph.nodes[step].inputs[operand];
                if graph.shape(id).last() == Some(&channels) {
                    keep_inputs(graph, step, operand, removed, left);
                }
            }
            Op::Activation(_)
            | Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::Transpose { .. }
            | Op::Take { .. }
            | Op::Pad(_)
            | Op::ConvTranspose2d(_)
            | Op::MatMul { .. }
            | Op::Dense { .. }
            | Op::BatchNorm { .. }
            | Op::Concat { .. }
            | Op::Softmax
            | Op::Identity => {}
        }
        value = graph.nodes[step].output;
    }
    narrow(&mut graph.value_mut(value).shape, channels, left);
    keep_inputs(graph, chain.sink, 1, removed, left);
}

/// Shortens the last axis, which holds the channels once or many times.
fn narrow(shape: &mut [usize], channels: usize, left: usize) {
    if let Some(last) = shape.last_mut() {
        *last = *last / channels * left;
    }
}

/// Drops the filters, and biases, of the removed output channels.
fn keep_filters(graph: &mut Graph, index: usize, removed: &[bool], left: usize) {
    for slot in 1..graph.nodes[index].inputs.len() {
        let id = graph.nodes[index].inputs[slot];
        let mut shape = graph.shape(id).to_vec();
        shape[0] = left;
        let row = shape[1..].iter().product();
        let data = kept(graph, index, slot, row, removed);
        set_constant(graph, index, slot, shape, data);
    }
}

/// Drops the removed channels from the last axis of a constant.
fn keep_inputs(graph: &mut Graph, index: usize, slot: usize, removed: &[bool], left: usize) {
    let id = graph.nodes[index].inputs[slot];
    let mut shape = graph.shape(id).to_vec();
    narrow(&mut shape, removed.len(), left);
    let data = kept(graph, index, slot, 1, removed);
    set_constant(graph, index, slot, shape, data);
}

/// The elements of a constant that belong to channels that stay; each channel has `run` of them in
/// a row, and the channels repeat.
fn kept(graph: &Graph, index: usize, slot: usize, run: usize, removed: &[bool]) -> Vec<f32> {
    let id = graph.nodes[index].inputs[slot];
    let data = graph.constant(id).expect("a chain's weights are constant");
    let runs = data.chunks(run).zip(removed.iter().cycle());
    let stay = runs.filter(|(_, removed)| !**removed);
    stay.flat_map(|(run, _)| run).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Activation, ValueId};
    use crate::passes::oracle::{Builder, RELU, check, window};

    /// Zeroes the filters of these output channels of the node that computes a value.
    fn silence(b: &mut Builder, value: ValueId, channels: &[usize]) {
        let weights = b.graph.nodes[b.graph.producer(value).unwrap()].inputs[1];
        let row: usize = b.graph.shape(weights)[1..].iter().product();
        zero(b, weights, |i| channels.contains(&(i / row)));
    }

    /// Zeroes the weights of the node that computes a value for these input channels.
    fn ignore(b: &mut Builder, value: ValueId, channels: &[usize], of: usize) {
        let weights = b.graph.nodes[b.graph.producer(value).unwrap()].inputs[1];
        zero(b, weights, |i| channels.contains(&(i % of)));
    }

    fn zero(b: &mut Builder, weights: ValueId, at: impl Fn(usize) -> bool) {
        let value = b.graph.value_mut(weights);
        let data = value.constant.as_ref().unwrap().iter().enumerate();
        let data: Vec<f32> = data.map(|(i, &w)| if at(i) { 0.0 } else { w }).collect();
        value.constant = Some(data.into());
    }

    /// Output channels of each node.
    fn widths(graph: &Graph) -> Vec<usize> {
        let width = |id: ValueId| *graph.shape(id).last().unwrap();
        graph.nodes.iter().map(|node| width(node.output)).collect()
    }

    #[test]
    fn constants_pass_everything_that_keeps_channels_apart() {
        let mut b = Builder::new(1);
        let x = b.input(&[1, 9, 9, 3]);
        let conv = b.conv(x, 8, window(3, 1, 1), 1, Some(RELU));
        silence(&mut b, conv, &[0, 3, 7]);
        let mut y = b.conv(conv, 8, window(3, 1, 0), 8, None);
        y = b.node(Op::Activation(Activation::HardSwish), &[y]);
        y = b.max_pool(y, window(3, 2, 1));
        y = b.avg_pool(y, window(2, 1, 0), true);
        let operand = b.random_constant(&[8], 1.0);
        y = b.node(Op::Mul { clamp: None }, &[y, operand]);
        let scalar = b.constant(&[1, 1], vec![0.7]);
        y = b.node(Op::Sub { clamp: None }, &[scalar, y]);
        let perm = vec![0, 2, 1, 3];
        y = b.node(Op::Transpose { perm }, &[y]);
        let len = b.graph.shape(y).iter().product();
        let shape = vec![1, len];
        y = b.node(Op::Reshape { shape }, &[y]);
        y = b.node(Op::Activation(Activation::Tanh), &[y]);
        y = b.dense(y, 4, None);
        b.output(y);
        let after = check(&b.graph, PASS);
        let flat = len / 8 * 5;
        assert_eq!(widths(&after), [5, 5, 5, 5, 5, 5, 5, 5, flat, flat, 4]);
    }

    #[test]
    fn silent_depthwise_filters_remove_the_channel_before_them() {
        let mut b = Builder::new(2);
        let x = b.input(&[1, 6, 6, 3]);
        let y = b.conv(x, 6, window(1, 1, 0), 1, Some(RELU));
        let y = b.conv(y, 6, window(3, 1, 1), 6, Some(RELU));
        silence(&mut b, y, &[1, 4]);
        let y = b.conv(y, 5, window(1, 1, 0), 1, None);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert_eq!(widths(&after), [4, 4, 5]);
        assert!(matches!(&after.nodes[1].op, Op::Conv2d(conv) if conv.groups == 4));
    }

    #[test]
    fn channels_that_the_next_layer_ignores_are_dead() {
        let mut b = Builder::new(3);
        let x = b.input(&[1, 6, 6, 3]);
        let y = b.conv(x, 6, window(1, 1, 0), 1, None);
        let y = b.conv(y, 6, window(3, 1, 1), 6, Some(RELU));
        let y = b.conv(y, 5, window(3, 1, 1), 1, None);
        ignore(&mut b, y, &[0, 5], 6);
        let y = b.dense(y, 3, None);
        ignore(&mut b, y, &[2], 5);
        b.output(y);
        assert_eq!(widths(&check(&b.graph, PASS)), [4, 4, 4, 3]);
    }

    #[test]
    fn a_constant_that_meets_padding_stays_unless_it_is_zero() {
        // The bias of channel 0 is positive, that of channel 1 negative, so 0 behind the ReLU.
        for depthwise in [false, true] {
            let mut b = Builder::new(4);
            let x = b.input(&[1, 6, 6, 3]);
            let weights = b.random_constant(&[3, 3], 1.0);
            let bias = b.constant(&[3], vec![0.5, -0.5, 0.1]);
            let y = b.node(Op::Dense { clamp: Some(RELU) }, &[x, weights, bias]);
            silence(&mut b, y, &[0, 1]);
            let y = if depthwise {
                let y = b.conv(y, 3, window(3, 1, 1), 3, None);
                b.conv(y, 2, window(1, 1, 0), 1, None)
            } else {
                b.conv(y, 2, window(3, 1, 1), 1, None)
            };
            b.output(y);
            assert_eq!(widths(&check(&b.graph, PASS))[0], 2);
        }
    }

    #[test]
    fn borders_and_counted_padding_keep_what_they_change() {
        let mut b = Builder::new(5);
        let x = b.input(&[1, 6, 6, 3]);
        let conv = b.conv(x, 4, window(1, 1, 0), 1, None);
        silence(&mut b, conv, &[0]);
        let mut y = b.pad(conv, 1, 0.0);
        y = b.conv(y, 4, window(1, 1, 0), 1, None);
        silence(&mut b, y, &[0]);
        y = b.avg_pool(y, window(3, 1, 1), true);
        y = b.conv(y, 2, window(1, 1, 0), 1, None);
        b.output(y);
        assert_eq!(check(&b.graph, PASS), b.graph);
    }

    #[test]
    fn one_channel_is_left() {
        let mut b = Builder::new(6);
        let x = b.input(&[1, 5]);
        let y = b.dense(x, 4, None);
        silence(&mut b, y, &[0, 1, 2, 3]);
        let y = b.dense(y, 2, None);
        b.output(y);
        assert_eq!(widths(&check(&b.graph, PASS)), [1, 2]);
    }

    #[test]
    fn channels_that_others_read_stay() {
        let mut b = Builder::new(7);
        let x = b.input(&[1, 4, 4, 3]);
        let a = b.conv(x, 3, window(1, 1, 0), 1, None);
        silence(&mut b, a, &[1]);
        let sum = b.node(Op::Add { clamp: None }, &[a, x]);
        let read_twice = b.dense(sum, 3, None);
        silence(&mut b, read_twice, &[1]);
        let shown = b.dense(read_twice, 3, None);
        silence(&mut b, shown, &[1]);
        let last = b.dense(shown, 3, None);
        let both = b.node(Op::Concat { axis: 3 }, &[read_twice, last]);
        for y in [shown, both] {
            b.output(y);
        }
        assert_eq!(check(&b.graph, PASS), b.graph);
    }
}
