//! The blob's bytes.

use super::EmitError;
use super::steps::{Emitter, foreign};
use super::traces::traces;
use crate::data::AlignedBytes;
use crate::lower::Goal;
use crate::plan::{Place, Plan, Program, check};
use crate::quantize::graph::{Initial, QGraph, QPort};
use serde::Serialize;
use tiivis_runtime::Model;
use tiivis_runtime::blob::{self, Isa, MAX_PORTS, MAX_RANK, Port, Provenance};

/// What a blob says about itself beside the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmitOptions {
    /// Compiler and version.
    pub tool: String,
    /// SHA-256 of the source model file, if there is one.
    pub source_sha256: Option<[u8; 32]>,
    /// The options that made the blob, one `key = value` a line.
    pub recipe: String,
    /// What weights are packed for.
    pub isa: Isa,
    /// What comes first.
    pub goal: Goal,
    /// Leaves the layers' names out, and what is known of their results.
    pub strip_names: bool,
    /// Names of the classes, in the order of the output; empty if there are none.
    pub labels: Vec<String>,
}

/// Writes a blob. The same arguments give the same bytes.
///
/// # Errors
/// See [`EmitError`]. The plan is checked first, whoever made it, and the runtime parses the
/// result.
pub fn emit(
    graph: &QGraph,
    program: &Program,
    plan: &Plan,
    options: &EmitOptions,
) -> Result<Vec<u8>, EmitError> {
    check(program, plan)?;
    let mut emitter = Emitter::new(graph, program, plan);
    let mut steps = Vec::new();
    for step in &program.steps {
        append(&mut steps, &emitter.step(step)?)?;
    }
    let inputs = ports(&emitter, "inputs", &graph.inputs, &program.inputs)?;
    let outputs = ports(&emitter, "outputs", &graph.outputs, &program.outputs)?;
    let states = states(&mut emitter)?;
    let layer_names = match options.strip_names {
        true => Vec::new(),
        false => list(&program.layers)?,
    };
    let traces = match options.strip_names {
        true => Vec::new(),
        false => traces(&emitter)?,
    };
    let labels = list(&options.labels)?;
    let encoded = postcard::to_stdvec(&blob::Program {
        arena_bytes: plan.arena_bytes,
        isa: options.isa,
        input_count: length(graph.inputs.len())?,
        inputs: &inputs,
        output_count: length(graph.outputs.len())?,
        outputs: &outputs,
        state_count: length(program.states.len())?,
        states: &states,
        step_count: length(program.steps.len())?,
        steps: &steps,
        layer_count: length(program.layers.len())?,
        layer_names: &layer_names,
        trace_count: length(traces.len())?,
        traces: &list(&traces)?,
        label_count: length(options.labels.len())?,
        labels: &labels,
        provenance: Provenance {
            tool: &options.tool,
            source_sha256: options.source_sha256.as_ref().map_or(&[], |hash| &hash[..]),
            recipe: &options.recipe,
        },
        // See `crate::frontend::attach`.
        frontend_count: 0,
        frontends: &[],
    })?;
    assembled(&encoded, &emitter.data.into_bytes())
}

/// Puts the parts together and lets the runtime judge them.
fn assembled(program: &[u8], data: &[u8]) -> Result<Vec<u8>, EmitError> {
    let len = blob::assembled_len(program.len(), data.len()).ok_or(EmitError::TooLarge)?;
    let len = usize::try_from(len).map_err(|_| EmitError::TooLarge)?;
    let mut bytes = AlignedBytes::zeroed(len);
    blob::assemble(program, data, bytes.as_mut())?;
    Model::parse(bytes.as_ref()).map_err(EmitError::Refused)?;
    Ok(bytes.as_ref().to_vec())
}

/// The ports as consecutive postcard values.
fn ports(
    emitter: &Emitter<'_>,
    kind: &'static str,
    ports: &[QPort],
    places: &[Place],
) -> Result<Vec<u8>, EmitError> {
    if ports.is_empty() || ports.len() > MAX_PORTS || ports.len() != places.len() {
        return Err(EmitError::Ports {
            kind,
            most: MAX_PORTS,
            found: ports.len(),
        });
    }
    let mut bytes = Vec::new();
    for (port, place) in ports.iter().zip(places) {
        let value = emitter.graph.value(port.value);
        let refused = || EmitError::PortShape {
            port: port.name.clone(),
            shape: value.shape.clone(),
            most: MAX_RANK,
        };
        let shape: Result<Vec<u32>, _> = value.shape.iter().map(|&axis| axis.try_into()).collect();
        let axes: Result<Vec<u8>, _> = port
            .source_axes
            .iter()
            .map(|&axis| axis.try_into())
            .collect();
        let shape = shape.map_err(|_| refused())?;
        if shape.first() != Some(&1) {
            return Err(refused());
        }
        let port = Port {
            name: &port.name,
            span: emitter.span(*place)?,
            shape: shape.as_slice().try_into().map_err(|_| refused())?,
            source_axes: axes
                .map_err(|_| refused())?
                .as_slice()
                .try_into()
                .map_err(|_| refused())?,
            dtype: value.dtype,
            scale: value.params.scale,
            zero_point: value.params.zero_point,
        };
        append(&mut bytes, &port)?;
    }
    Ok(bytes)
}

/// The states as consecutive postcard values.
fn states(emitter: &mut Emitter<'_>) -> Result<Vec<u8>, EmitError> {
    let mut bytes = Vec::new();
    let (graph, program) = (emitter.graph, emitter.program);
    for state in &program.states {
        let (Some(of_graph), Some(buffer)) = (
            graph.states.get(state.state),
            program.buffers.get(state.value),
        ) else {
            return Err(foreign(format!("state {}", state.state)));
        };
        let span = emitter.span(Place {
            buffer: state.value,
            offset: 0,
            bytes: buffer.bytes,
        })?;
        let initial = match &of_graph.initial {
            Initial::Fill(value) => blob::Initial::Fill(*value),
            Initial::Bytes(values) => blob::Initial::Data(emitter.data.int8(values)?),
        };
        append(&mut bytes, &blob::State { span, initial })?;
    }
    Ok(bytes)
}

/// Items as consecutive postcard values.
fn list<T: Serialize>(items: &[T]) -> Result<Vec<u8>, EmitError> {
    let mut bytes = Vec::new();
    for item in items {
        append(&mut bytes, item)?;
    }
    Ok(bytes)
}

fn append<T: Serialize + ?Sized>(bytes: &mut Vec<u8>, item: &T) -> Result<(), EmitError> {
    bytes.extend_from_slice(&postcard::to_stdvec(item)?);
    Ok(())
}

fn length(length: usize) -> Result<u32, EmitError> {
    u32::try_from(length).map_err(|_| EmitError::TooLarge)
}
