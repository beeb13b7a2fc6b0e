//! From the integer graph to steps over buffers: which kernel runs each node, what it reads and
//! writes, and which values share bytes because they mean the same bytes.
//!
//! No addresses: [`crate::plan`] finds them. What a kernel needs beside memory (weights, scales)
//! stays in the graph until [`crate::emit`] writes it.

mod accumulator;
mod double;
mod error;
mod gather;
mod homes;
mod node;
mod packed;
mod planes;
mod product;
mod reach;
mod recurrent;
mod reduce;
mod scratch;
mod shape;
mod states;
mod steps;
#[cfg(test)]
mod tests;
mod traits;
pub mod twin;
mod walk;
mod winograd;

pub(crate) use double::Double;
pub use error::LowerError;
pub(crate) use gather::extents as gathered;
pub(crate) use packed::{Product, one_tap, product};
pub(crate) use planes::records as plane_records;
pub(crate) use product::{mat_mul, transposed_window};
pub(crate) use reach::Reach;
pub(crate) use recurrent::memory;
pub(crate) use reduce::{alternating, around, resample, resamples};
pub(crate) use shape::{count, four, padded_four, rows_and_depth, window};
pub(crate) use walk::{Steps, Walk};
pub(crate) use winograd::Winograd;

use crate::ir::ValueId;
use crate::plan::{Buffer, Home, Kernel, Place, Program, Step, Write};
use crate::quantize::graph::QGraph;
use homes::Homes;
use tiivis_runtime::blob::Isa;

/// How a concatenation gets its inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConcatInputs {
    /// Where possible, whoever computes an input writes it into its part of the output. Saves the
    /// copy and, mostly, memory; but the whole output is taken from the first input on.
    #[default]
    Embedded,
    /// Each input is copied from a buffer of its own.
    Copied,
}

/// What lowering may choose from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LowerOptions {
    /// How concatenations get their inputs.
    pub concat: ConcatInputs,
    /// The kernels that there are.
    pub isa: Isa,
    /// What comes first.
    pub goal: Goal,
}

/// What a compiled model is to have most of, or least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Goal {
    /// Weights as long as they are, and kernels as fast as these allow.
    #[default]
    Balanced,
    /// The fewest cycles, at the price of longer weights and more scratch.
    Speed,
    /// The smallest arena.
    Ram,
    /// The smallest blob and firmware.
    Flash,
}

/// Lowers a graph for any core, with the inputs of concatenations [`ConcatInputs::Embedded`].
///
/// Nodes that no output needs are left out. A step's layer is its node's index; a copy that an
/// output needs is a layer of its own after them.
///
/// # Errors
/// See [`LowerError`].
pub fn lower(graph: &QGraph) -> Result<Program, LowerError> {
    lower_with(graph, LowerOptions::default())
}

/// [`lower`] with a choice.
///
/// # Errors
/// See [`LowerError`].
pub fn lower_with(graph: &QGraph, options: LowerOptions) -> Result<Program, LowerError> {
    if graph.outputs.is_empty() {
        return Err(LowerError::NoOutput);
    }
    let (live, live_states) = live(graph);
    for (node, _) in graph.nodes.iter().zip(&live).filter(|(_, live)| **live) {
        traits::check_inputs(node)?;
    }
    for state in states::those(graph, &live_states) {
        states::check(graph, state)?;
    }
    let Homes { buffers, homes } = homes::find(graph, &live, &live_states, options.concat)?;
    let mut program = Program {
        buffers,
        homes,
        inputs: Vec::new(),
        outputs: Vec::new(),
        states: Vec::new(),
        steps: Vec::new(),
        layers: graph.nodes.iter().map(|node| node.name.clone()).collect(),
    };
    for port in &graph.inputs {
        let Some(Home::Arena(place)) = program.homes[port.value.index()] else {
            return Err(LowerError::ConstantPort {
                port: port.name.clone(),
            });
        };
        if program.inputs.contains(&place) {
            return Err(LowerError::SharedInput {
                port: port.name.clone(),
            });
        }
        program.inputs.push(place);
    }
    states::define(graph, &live_states, &mut program)?;
    for index in (0..graph.nodes.len()).filter(|&index| live[index]) {
        steps::lower_node(graph, index, options, &mut program)?;
    }
    for port in &graph.outputs {
        let place = output(graph, port.value, &mut program)?;
        program.outputs.push(place);
    }
    states::finish(graph, &mut program)?;
    Ok(program)
}

/// Which nodes and which states an output depends on, in this run or a later one.
fn live(graph: &QGraph) -> (Vec<bool>, Vec<bool>) {
    let mut needed = vec![false; graph.values.len()];
    for port in &graph.outputs {
        needed[port.value.index()] = true;
    }
    let mut live = vec![false; graph.nodes.len()];
    let mut live_states = vec![false; graph.states.len()];
    // A state that is needed needs what it becomes, which may need another state.
    loop {
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            live[index] = needed[node.output.index()];
            if live[index] {
                for input in &node.inputs {
                    needed[input.index()] = true;
                }
            }
        }
        let found = states::live(graph, &needed);
        if found == live_states {
            return (live, live_states);
        }
        live_states = found;
        for next in states::those(graph, &live_states).filter_map(|state| state.next) {
            needed[next.index()] = true;
        }
    }
}

/// Where an output is read. One that is a constant or has an input's bytes is copied: the caller
/// may write the next input while it still reads the output. So is one that has a state's, which
/// are to change before the caller reads.
fn output(graph: &QGraph, value: ValueId, program: &mut Program) -> Result<Place, LowerError> {
    let name = &graph.value(value).name;
    let reads = match program.homes[value.index()] {
        Some(Home::Arena(place)) => {
            let mut inputs = program.inputs.iter();
            let is_input = inputs.any(|input| input.buffer == place.buffer);
            if !is_input && !states::is_value(program, place.buffer) {
                return Ok(place);
            }
            vec![place]
        }
        Some(Home::Constant(_)) => Vec::new(),
        None => {
            return Err(LowerError::Undefined {
                value: name.clone(),
            });
        }
    };
    let place = Place {
        buffer: program.buffers.len(),
        offset: 0,
        bytes: shape::bytes(graph.value(value))?,
    };
    program.buffers.push(Buffer {
        name: format!("copy of {name}"),
        bytes: place.bytes,
    });
    program.steps.push(Step {
        layer: program.layers.len(),
        kernel: Kernel::Copy { value },
        reads,
        write: Write::whole(place),
        in_place: Vec::new(),
        chase: None,
        scratch: None,
    });
    program.layers.push(format!("copy of {name}"));
    Ok(place)
}
