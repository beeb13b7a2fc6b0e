//! Removes channels that are constant and channels that nobody uses.

use super::chain::Chain;
use super::layer::{Layer, drop_outputs, kept, weights_mut};
use crate::ir::ValueId;
use crate::quantize::graph::{QGraph, QOp};

/// A channel that is the same number for every input adds a constant to the next layer's sums, which
/// its bias can hold; one for which all of the next layer's weights are zero does not matter. Either
/// is removed from both layers and from everything between, down to one channel. Whether anything
/// was.
///
/// Half of the multiplications of the `MLPerf` Tiny person detector are of filters of zeros. A
/// constant that meets padding is kept unless it is the zero point, for it is another number at the
/// border. Channels that are also read elsewhere (residuals, concatenations, outputs) are kept.
pub(super) fn run(graph: &mut QGraph) -> bool {
    let mut changed = false;
    for index in 0..graph.nodes.len() {
        let Some(chain) = Chain::from(graph, index) else {
            continue;
        };
        let Some((removed, bias)) = removable(graph, &chain) else {
            continue;
        };
        remove(graph, &chain, &removed, bias);
        changed = true;
    }
    changed
}

/// Which channels the sink can do without, and its bias then; at least one is left. None if it needs
/// all.
fn removable(graph: &QGraph, chain: &Chain) -> Option<(Vec<bool>, Vec<i64>)> {
    let sink = &graph.nodes[chain.sink];
    let layer = Layer::of(graph, sink)?;
    let is_padded = matches!(&sink.op, QOp::Conv2d { window, .. }
        if window.pad_before != [0; 2] || window.pad_after != [0; 2]);
    let channels = chain.constants.len();
    let indices = 0..layer.weights.weights.len();
    let mut used = vec![false; channels];
    for index in indices.clone() {
        used[index % channels] |= layer.weight(index) != 0;
    }
    let foldable = |x: i32| !is_padded || x == layer.input.zero_point;
    let mut removed: Vec<bool> = std::iter::zip(&chain.constants, used)
        .map(|(constant, used)| !used || constant.is_some_and(foldable))
        .collect();
    if removed.iter().all(|&removed| removed) {
        removed[0] = false;
    }
    if !removed.contains(&true) {
        return None;
    }
    let mut bias = layer.weights.bias.clone();
    let row = layer.weights.weights.len() / bias.len();
    for index in indices {
        let channel = index % channels;
        if let (true, Some(x)) = (removed[channel], chain.constants[channel]) {
            bias[index / row] += layer.weight(index) * i64::from(x - layer.input.zero_point);
        }
    }
    // No sum of the layer grows by this, so that a bias leaves int32 only where it was wrong before.
    let fits = bias.iter().all(|&bias| i32::try_from(bias).is_ok());
    fits.then_some((removed, bias))
}

fn remove(graph: &mut QGraph, chain: &Chain, removed: &[bool], bias: Vec<i64>) {
    let channels = removed.len();
    let left = removed.iter().filter(|&&removed| !removed).count();
    let mut weighted = |index: usize, change: &mut dyn FnMut(&mut _)| {
        let weights = weights_mut(&mut graph.nodes[index].op);
        change(weights.expect("a layer has weights"));
    };
    weighted(chain.source, &mut |weights| {
        let run = weights.weights.len() / channels;
        drop_outputs(weights, removed, run);
    });
    weighted(chain.sink, &mut |weights| {
        weights.weights = kept(&weights.weights, removed, 1);
        weights.bias.clone_from(&bias);
    });
    narrow(graph, graph.nodes[chain.source].output, channels, left);
    for &step in &chain.steps {
        if let QOp::DepthwiseConv2d { weights, .. } = &mut graph.nodes[step].op {
            drop_outputs(weights, removed, 1);
        }
        narrow(graph, graph.nodes[step].output, channels, left);
    }
}

/// Shortens the last axis, which holds the channels once or many times. The value is another tensor
/// than the source file's then.
fn narrow(graph: &mut QGraph, id: ValueId, channels: usize, left: usize) {
    let value = graph.values[id.index()].as_mut();
    let last = value.and_then(|value| value.shape.last_mut());
    if let Some(last) = last {
        *last = *last / channels * left;
    }
    graph.origins.remove(&id);
}
