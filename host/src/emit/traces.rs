//! What layers compute and where it is found, for dumps and comparisons.

use super::EmitError;
use super::steps::Emitter;
use crate::plan::{Home, Place, Program};
use crate::quantize::graph::QNode;
use tiivis_runtime::blob::{Shape, Trace};

/// A trace for each node whose result is an activation, in the graph's order.
pub(super) fn traces(emitter: &Emitter<'_>) -> Result<Vec<Trace>, EmitError> {
    let nodes = emitter.graph.nodes.iter().enumerate();
    let traces = nodes.filter_map(|(layer, node)| trace(emitter, layer, node).transpose());
    traces.collect()
}

/// None for a node that was left out, computes constants, or has more axes than a blob can say.
fn trace(emitter: &Emitter<'_>, layer: usize, node: &QNode) -> Result<Option<Trace>, EmitError> {
    let number = |index| u32::try_from(index).map_err(|_| EmitError::TooLarge);
    let Some(Some(Home::Arena(place))) = emitter.program.homes.get(node.output.index()) else {
        return Ok(None);
    };
    let value = emitter.graph.value(node.output);
    let shape: Result<Vec<u32>, _> = value.shape.iter().map(|&extent| number(extent)).collect();
    let Ok(shape) = Shape::from_slice(&shape?) else {
        return Ok(None);
    };
    Ok(Some(Trace {
        layer: number(layer)?,
        steps: number(steps_before(emitter.program, *place))?,
        span: emitter.span(*place)?,
        shape,
        scale: value.params.scale,
        zero_point: value.params.zero_point,
        origin: emitter.graph.origins.get(&node.output).copied(),
    }))
}

/// Number of steps after which a place is whole: every byte of a buffer is written once.
fn steps_before(program: &Program, place: Place) -> usize {
    let end = place.offset.saturating_add(place.bytes);
    let writes = |step: &crate::plan::Step| {
        let write = &step.write;
        let len = (write.rows - 1)
            .saturating_mul(write.pitch_bytes)
            .saturating_add(write.row_bytes);
        write.buffer == place.buffer
            && write.offset < end
            && place.offset < write.offset.saturating_add(len)
    };
    let last = program.steps.iter().rposition(writes);
    last.map_or(0, |index| index + 1)
}
