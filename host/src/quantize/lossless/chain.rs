//! Follows the channels of a layer's output to the layer that reads them.

use super::constant;
use super::layer::Layer;
use crate::ir::ValueId;
use crate::quantize::graph::{DType, QGraph, QNode, QOp};

/// A layer, operators that keep its channels apart, and the layer that mixes them again; each reads
/// only the one before and is read only by the next. As the float graph's
/// `passes::channel_chain`.
pub(super) struct Chain {
    /// The layer whose output channels these are.
    pub(super) source: usize,
    /// Operators between, in order.
    pub(super) steps: Vec<usize>,
    /// The layer that reads the channels.
    pub(super) sink: usize,
    /// What each channel is, as the sink sees it, where it is the same number for every input and at
    /// every place.
    pub(super) constants: Vec<Option<i32>>,
}

impl Chain {
    /// The chain that begins at a node, if it is a layer whose channels a layer reads.
    ///
    /// Position `i` along the last axis of every value in the chain belongs to channel
    /// `i % channels`: a reshape may have laid the channels of many places side by side.
    pub(super) fn from(graph: &QGraph, source: usize) -> Option<Self> {
        let node = &graph.nodes[source];
        let mut constants = constant::of_layer(&mixing(graph, node)?);
        let mut steps = Vec::new();
        let mut value = node.output;
        loop {
            let reader = sole_reader(graph, value)?;
            let node = &graph.nodes[reader];
            if mixing(graph, node).is_some() {
                return Some(Self {
                    source,
                    steps,
                    sink: reader,
                    constants,
                });
            }
            constants = constant::behind(graph, node, &constants)?;
            steps.push(reader);
            value = node.output;
        }
    }
}

/// The layer, if each of its output channels depends on every input channel.
fn mixing<'g>(graph: &'g QGraph, node: &'g QNode) -> Option<Layer<'g>> {
    matches!(node.op, QOp::Conv2d { groups: 1, .. } | QOp::Dense { .. })
        .then(|| Layer::of(graph, node))?
}

/// The only node that reads an int8 value, if there is one, it reads nothing else, and nobody outside
/// the graph or in the next run does.
fn sole_reader(graph: &QGraph, value: ValueId) -> Option<usize> {
    let ports = graph.outputs.iter().map(|port| port.value);
    let kept = graph
        .states
        .iter()
        .flat_map(|state| [Some(state.value), state.next]);
    if ports.map(Some).chain(kept).any(|id| id == Some(value)) {
        return None;
    }
    let nodes = graph.nodes.iter().enumerate();
    let mut readers = nodes.filter(|(_, node)| node.inputs.contains(&value));
    let (reader, node) = readers.next()?;
    let is_int8 = graph.value(value).dtype == DType::I8;
    (is_int8 && node.inputs.len() == 1 && readers.next().is_none()).then_some(reader)
}
