//! States: where what survives a run lies, and how the next run's value gets there.
//!
//! A state has a buffer of its own. Its new value is computed right into the same bytes where
//! everybody who reads the old one is done by then (the program names the pair, the planner lays
//! one on the other); elsewhere it is copied there after everything else.

use super::{LowerError, shape};
use crate::ir::ValueId;
use crate::plan::{Buffer, Home, Kernel, Place, Program, State, Step, Write};
use crate::quantize::graph::{Initial, QGraph, QState};

/// Which states somebody needs whom an output needs.
pub(super) fn live(graph: &QGraph, needed: &[bool]) -> Vec<bool> {
    let states = graph.states.iter();
    states.map(|state| needed[state.value.index()]).collect()
}

/// The states that `live` marks.
pub(super) fn those<'a>(graph: &'a QGraph, live: &'a [bool]) -> impl Iterator<Item = &'a QState> {
    let marked = graph.states.iter().zip(live);
    marked.filter_map(|(state, &live)| live.then_some(state))
}

/// What must hold of a state before its buffer is found.
pub(super) fn check(graph: &QGraph, state: &QState) -> Result<(), LowerError> {
    let fault = |what| LowerError::State {
        state: state.name.clone(),
        what,
    };
    let value = graph.value(state.value);
    let mut inputs = graph.inputs.iter();
    if value.constant.is_some() || inputs.any(|port| port.value == state.value) {
        return Err(fault("is a constant or an input of the network"));
    }
    let same = graph
        .states
        .iter()
        .filter(|other| other.value == state.value);
    if same.count() > 1 {
        return Err(fault("is another state too"));
    }
    if graph.nodes.iter().any(|node| node.output == state.value) {
        return Err(fault(
            "is computed by a node; its new value is one of its own",
        ));
    }
    let bytes = shape::bytes(value)?;
    if let Initial::Bytes(initial) = &state.initial
        && initial.len() != shape::index(bytes)
    {
        return Err(fault("has an initial value of another length"));
    }
    let Some(next) = state.next.map(|next| graph.value(next)) else {
        return Ok(());
    };
    // Scales may differ: what survives is bytes, which the next run reads with its own scale.
    if shape::bytes(next)? != bytes {
        return Err(fault("becomes a value of another length"));
    }
    Ok(())
}

/// Names the buffers of the live states.
pub(super) fn define(
    graph: &QGraph,
    live: &[bool],
    program: &mut Program,
) -> Result<(), LowerError> {
    for (index, state) in graph.states.iter().enumerate().filter(|(at, _)| live[*at]) {
        let Some(Home::Arena(place)) = program.homes[state.value.index()] else {
            return Err(LowerError::Undefined {
                value: state.name.clone(),
            });
        };
        program.states.push(State {
            state: index,
            value: place.buffer,
            next: None,
        });
    }
    Ok(())
}

/// Whether a buffer holds a state's old value.
pub(super) fn is_value(program: &Program, buffer: usize) -> bool {
    program.states.iter().any(|state| state.value == buffer)
}

/// Decides where every state's new value is computed, and appends the copies that this needs.
pub(super) fn finish(graph: &QGraph, program: &mut Program) -> Result<(), LowerError> {
    let mut sources = Vec::new();
    // What is another state's old value is brought away before that state gets its new one.
    for at in 0..program.states.len() {
        let state = &program.states[at];
        let Some(next) = graph.states[state.state].next else {
            continue;
        };
        let source = match program.homes[next.index()] {
            None => {
                return Err(LowerError::Undefined {
                    value: graph.value(next).name.clone(),
                });
            }
            Some(Home::Constant(_)) => None,
            Some(Home::Arena(place)) if place.buffer == state.value => continue,
            Some(Home::Arena(place)) if is_value(program, place.buffer) => {
                let buffer = copy(graph, program, next, Some(place))?;
                Some(Place {
                    buffer,
                    offset: 0,
                    ..place
                })
            }
            Some(Home::Arena(place)) => Some(place),
        };
        sources.push((at, next, source));
    }
    for (at, next, source) in sources {
        let direct = source.filter(|place| is_direct(program, program.states[at].value, place));
        program.states[at].next = Some(match direct {
            Some(place) => place.buffer,
            None => copy(graph, program, next, source)?,
        });
    }
    Ok(())
}

/// Whether the new value at `place` can be computed into the bytes of the old one: it is all of
/// its buffer, which is nothing else, and is written when the old value was read for the last
/// time, or by a last reader that may work in place.
fn is_direct(program: &Program, value: usize, place: &Place) -> bool {
    let is_whole = place.offset == 0 && place.bytes == program.buffers[place.buffer].bytes;
    let mut inputs = program.inputs.iter();
    let mut states = program.states.iter();
    if !is_whole
        || inputs.any(|input| input.buffer == place.buffer)
        || states.any(|state| state.next == Some(place.buffer))
    {
        return false;
    }
    let writes = |step: &Step| step.write.buffer == place.buffer;
    let Some(first) = program.steps.iter().position(writes) else {
        return false;
    };
    let mut later = program.steps.iter().enumerate().skip(first);
    later.all(|(index, step)| {
        let mut reads = step.reads.iter().enumerate();
        reads.all(|(read, from)| {
            from.buffer != value
                || index == first
                    && step.in_place.contains(&read)
                    && from.bytes == place.bytes
                    && step.write == Write::whole(*place)
        })
    })
}

/// A step that copies a value to a buffer of its own, which is returned.
fn copy(
    graph: &QGraph,
    program: &mut Program,
    value: ValueId,
    from: Option<Place>,
) -> Result<usize, LowerError> {
    let name = format!("state of {}", graph.value(value).name);
    let place = Place {
        buffer: program.buffers.len(),
        offset: 0,
        bytes: shape::bytes(graph.value(value))?,
    };
    program.buffers.push(Buffer {
        name: name.clone(),
        bytes: place.bytes,
    });
    program.steps.push(Step {
        layer: program.layers.len(),
        kernel: Kernel::Copy { value },
        reads: from.into_iter().collect(),
        write: Write::whole(place),
        in_place: Vec::new(),
        chase: None,
        scratch: None,
    });
    program.layers.push(name);
    Ok(place.buffer)
}
