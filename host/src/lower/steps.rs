//! A node's step, or steps: what they read, what they write, and what can be in place.

use super::homes::part;
use super::node::check;
use super::packed;
use super::planes;
use super::scratch;
use super::shape::{bytes, count, index as index_of};
use super::traits::may_be_in_place;
use super::winograd::Winograd;
use super::{Goal, LowerError, LowerOptions};
use crate::ir::ValueId;
use crate::plan::{Buffer, Chase, Home, Kernel, Place, Program, Step, Write};
use crate::quantize::graph::{DType, QGraph, QNode, QOp, QValue};
use tiivis_runtime::blob::Isa;

/// Checks a node and appends its steps.
pub(super) fn lower_node(
    graph: &QGraph,
    index: usize,
    options: LowerOptions,
    program: &mut Program,
) -> Result<(), LowerError> {
    let node = &graph.nodes[index];
    check(graph, node)?;
    if is_alias(graph, node, program) {
        return Ok(());
    }
    if let QOp::Concat { axis } = node.op {
        return concat(graph, index, axis, program);
    }
    if node.op == QOp::Reshape {
        return Ok(());
    }
    whole(graph, index, options, program)
}

/// Whether the output is bytes of the input that lie where they should.
fn is_alias(graph: &QGraph, node: &QNode, program: &Program) -> bool {
    let home = |id: ValueId| program.homes[id.index()];
    match (part(graph, node), home(node.inputs[0]), home(node.output)) {
        (Some(offset), Some(Home::Arena(input)), Some(Home::Arena(output))) => {
            input.buffer == output.buffer && input.offset.checked_add(offset) == Some(output.offset)
        }
        _ => false,
    }
}

/// One step that runs the whole node.
fn whole(
    graph: &QGraph,
    index: usize,
    options: LowerOptions,
    program: &mut Program,
) -> Result<(), LowerError> {
    let node = &graph.nodes[index];
    let mut operands = Vec::new();
    for &id in &node.inputs {
        match program.homes[id.index()] {
            Some(Home::Arena(place)) => operands.push((id, place)),
            Some(Home::Constant(_)) if takes_constants(node) => {}
            Some(Home::Constant(_)) => return Err(constant_input(graph, node, id)),
            None => return Err(undefined(graph, id)),
        }
    }
    // The sum of two constants has no activation at all.
    if operands.is_empty() {
        return Err(constant_input(graph, node, node.inputs[0]));
    }
    let Some(Home::Arena(output)) = program.homes[node.output.index()] else {
        return Err(undefined(graph, node.output));
    };
    let way = way(graph, index, output, options)?;
    let scratch = way.scratch.is_some().then_some(program.buffers.len());
    program.buffers.extend(way.scratch);
    program.steps.push(Step {
        layer: index,
        kernel: way.kernel,
        in_place: match way.in_place {
            true => vec![0],
            false => in_place(graph, node, &operands),
        },
        reads: operands.into_iter().map(|(_, place)| place).collect(),
        write: Write::whole(output),
        chase: way.chase,
        scratch,
    });
    Ok(())
}

/// The kernel that runs a node, and what it asks of memory.
struct Way {
    kernel: Kernel,
    /// The result may lie on the first operand, whatever [`traits`](super::traits) say.
    in_place: bool,
    chase: Option<Chase>,
    scratch: Option<Buffer>,
}

fn way(
    graph: &QGraph,
    index: usize,
    output: Place,
    options: LowerOptions,
) -> Result<Way, LowerError> {
    let node = &graph.nodes[index];
    if let Some(conv) = by_winograd(graph, node, options)? {
        return Ok(Way {
            kernel: Kernel::Winograd(index),
            in_place: false,
            chase: Some(conv.chase(node)?),
            scratch: Some(conv.scratch(node)?),
        });
    }
    if let Some(planes) = planes::choose(graph, node, options.isa) {
        return Ok(Way {
            kernel: Kernel::Planes {
                node: index,
                is_turned: planes.is_turned,
            },
            // Channel by channel it lies on bytes of its own channel.
            in_place: output.bytes <= bytes(graph.value(node.inputs[0]))?,
            chase: None,
            scratch: Some(scratch::buffer(node, planes.scratch_bytes)),
        });
    }
    let scratch_bytes = match options.isa {
        Isa::Portable => None,
        Isa::Dsp => packed::scratch_bytes(graph, node)?,
    };
    Ok(Way {
        kernel: Kernel::Node(index),
        in_place: false,
        chase: None,
        scratch: scratch_bytes.map(|bytes| scratch::buffer(node, bytes)),
    })
}

/// The node as Winograd's transform computes it, where that is the fastest.
fn by_winograd<'g>(
    graph: &'g QGraph,
    node: &'g QNode,
    options: LowerOptions,
) -> Result<Option<Winograd<'g>>, LowerError> {
    match (options.isa, options.goal) {
        (Isa::Dsp, Goal::Speed) => Winograd::of(graph, node),
        (Isa::Portable, _) | (Isa::Dsp, Goal::Balanced | Goal::Ram | Goal::Flash) => Ok(None),
    }
}

/// Whether an operand may be a constant, where another is none.
fn takes_constants(node: &QNode) -> bool {
    node.inputs.len() > 1 && !matches!(node.op, QOp::Svdf(_) | QOp::Lstm(_))
}

/// Which operands the result may lie on: those that are read element by element in the output's
/// order, if nothing else that the step reads touches their bytes.
fn in_place(graph: &QGraph, node: &QNode, operands: &[(ValueId, Place)]) -> Vec<usize> {
    if !may_be_in_place(&node.op) {
        return Vec::new();
    }
    let output = without_leading_ones(&graph.value(node.output).shape);
    let dtype = graph.value(node.output).dtype;
    // Its kernel for longer elements cannot.
    if node.op == QOp::Requantize && dtype != DType::I8 {
        return Vec::new();
    }
    let is_full = |id: ValueId| {
        let value = graph.value(id);
        value.dtype == dtype && without_leading_ones(&value.shape) == output
    };
    let overlap = |a: &Place, b: &Place| {
        a.buffer == b.buffer && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes
    };
    // A condition is still read when a part of the output is written.
    let condition = operands
        .iter()
        .find(|(id, _)| node.op == QOp::Select && *id == node.inputs[0]);
    let holds_condition = |place: &Place| condition.is_some_and(|(_, at)| overlap(at, place));
    let allowed = |&index: &usize| {
        let (id, place) = operands[index];
        let mut others = operands.iter();
        is_full(id)
            && !holds_condition(&place)
            && others.all(|(other, at)| !overlap(at, &place) || (*at == place && is_full(*other)))
    };
    (0..operands.len()).filter(allowed).collect()
}

fn without_leading_ones(shape: &[usize]) -> &[usize] {
    let ones = shape.iter().take_while(|&&extent| extent == 1).count();
    &shape[ones..]
}

/// A step for every input that is not in its part of the output already.
fn concat(
    graph: &QGraph,
    index: usize,
    axis: usize,
    program: &mut Program,
) -> Result<(), LowerError> {
    let node = &graph.nodes[index];
    let Some(Home::Arena(output)) = program.homes[node.output.index()] else {
        return Err(undefined(graph, node.output));
    };
    let shape = &graph.value(node.output).shape;
    let element_bytes = index_of(graph.value(node.output).dtype.bytes());
    let row_of = |value: &QValue| element_bytes * value.shape.iter().skip(axis).product::<usize>();
    let outer = count(
        node,
        "the number of rows",
        shape.iter().take(axis).product(),
    )?;
    let pitch_bytes = count(node, "a row", row_of(graph.value(node.output)))?;
    let mut at = 0;
    for (input, &id) in node.inputs.iter().enumerate() {
        let row_bytes = count(node, "a row", row_of(graph.value(id)))?;
        let part = Place {
            buffer: output.buffer,
            offset: output.offset + at,
            bytes: row_bytes,
        };
        at += row_bytes;
        let reads = match program.homes[id.index()] {
            Some(Home::Arena(place)) if outer == 1 && place == part => continue,
            Some(Home::Arena(place)) => vec![place],
            Some(Home::Constant(_)) => Vec::new(),
            None => return Err(undefined(graph, id)),
        };
        program.steps.push(Step {
            layer: index,
            kernel: Kernel::ConcatInput { node: index, input },
            reads,
            write: Write {
                rows: outer,
                pitch_bytes,
                ..Write::whole(part)
            },
            in_place: Vec::new(),
            chase: None,
            scratch: None,
        });
    }
    Ok(())
}

fn undefined(graph: &QGraph, id: ValueId) -> LowerError {
    LowerError::Undefined {
        value: graph.value(id).name.clone(),
    }
}

fn constant_input(graph: &QGraph, node: &QNode, id: ValueId) -> LowerError {
    LowerError::ConstantInput {
        node: node.name.clone(),
        value: graph.value(id).name.clone(),
    }
}
