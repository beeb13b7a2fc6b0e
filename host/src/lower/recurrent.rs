//! What must hold of operators that change states of the graph.

use super::LowerError;
use super::node::equal;
use super::shape::{count, index, rows_and_depth};
use crate::ir::ValueId;
use crate::quantize::graph::{LstmLayer, QGraph, QNode, QValue, SvdfLayer};

/// Shapes and lists agree, and the state is the node's alone.
pub(super) fn svdf(graph: &QGraph, node: &QNode, layer: &SvdfLayer) -> Result<(), LowerError> {
    let [input, output] = [node.inputs[0], node.output].map(|id| graph.value(id));
    let state = state(graph, node, node.inputs[1])?;
    let [(batch, features), (rows, units)] = [
        rows_and_depth(node, &input.shape)?,
        rows_and_depth(node, &output.shape)?,
    ];
    let [batch, features, rows, units] = [batch, features, rows, units].map(index);
    equal(node, "samples", batch, rows)?;
    equal(node, "biases", units, layer.bias.len())?;
    let filters = units.saturating_mul(layer.rank);
    equal(
        node,
        "weights",
        filters.saturating_mul(features),
        layer.weights.len(),
    )?;
    let memory = memory(layer, filters, state);
    let element_bytes = index(state.dtype.bytes());
    let remembered = filters.saturating_mul(memory);
    equal(
        node,
        "bytes of weights over time",
        remembered.saturating_mul(element_bytes),
        layer.time_weights.len(),
    )?;
    equal(
        node,
        "a state",
        batch.saturating_mul(remembered),
        state.shape.iter().product(),
    )?;
    count(node, "the number of filters", filters).map(|_| ())
}

/// Values that a filter remembers, from the lengths of the layer's constants.
pub(crate) fn memory(layer: &SvdfLayer, filters: usize, state: &QValue) -> usize {
    let element_bytes = index(state.dtype.bytes());
    let row = filters.saturating_mul(element_bytes);
    layer.time_weights.len().checked_div(row).unwrap_or(0)
}

/// Shapes and lists agree, and the states are the node's alone.
pub(super) fn lstm(graph: &QGraph, node: &QNode, layer: &LstmLayer) -> Result<(), LowerError> {
    let [input, output] = [node.inputs[0], node.output].map(|id| graph.value(id));
    let hidden = state(graph, node, node.inputs[1])?;
    let cell = state(graph, node, node.inputs[2])?;
    equal(node, "axes of an input", 3, input.shape.len())?;
    equal(node, "axes of an output", 3, output.shape.len())?;
    for axis in 0..2 {
        equal(node, "an axis", input.shape[axis], output.shape[axis])?;
    }
    let (features, units) = (input.shape[2], output.shape[2]);
    let batch = input.shape[usize::from(layer.is_time_major)];
    for state in [hidden, cell] {
        equal(
            node,
            "a state",
            batch.saturating_mul(units),
            state.shape.iter().product(),
        )?;
    }
    let rows = 4usize.saturating_mul(units);
    equal(node, "biases", rows, layer.bias.len())?;
    let weights = [
        (features, &layer.input_weights),
        (units, &layer.recurrent_weights),
    ];
    for (depth, weights) in weights {
        equal(node, "weights", rows.saturating_mul(depth), weights.len())?;
    }
    if hidden.params == output.params {
        return Ok(());
    }
    Err(LowerError::ScaleChange {
        node: node.name.clone(),
    })
}

/// The state that an operator changes: nobody else reads it, and nothing else makes its next value.
fn state<'a>(graph: &'a QGraph, node: &QNode, id: ValueId) -> Result<&'a QValue, LowerError> {
    let value = graph.value(id);
    let Some(state) = graph.states.iter().find(|state| state.value == id) else {
        return Err(LowerError::State {
            state: value.name.clone(),
            what: "is no state, but a node changes it",
        });
    };
    let fault = |what| LowerError::State {
        state: state.name.clone(),
        what,
    };
    if state.next.is_some() {
        return Err(fault("is changed by a node and becomes another value too"));
    }
    let readers = graph.nodes.iter().flat_map(|other| &other.inputs);
    let nexts = graph.states.iter().filter_map(|state| state.next.as_ref());
    let outputs = graph.outputs.iter().map(|port| &port.value);
    let others = readers.chain(nexts).chain(outputs);
    let reads = node.inputs.iter().filter(|&&read| read == id).count();
    if others.filter(|&&read| read == id).count() != 1 || reads != 1 {
        return Err(fault("is changed by a node and read by another"));
    }
    Ok(value)
}
