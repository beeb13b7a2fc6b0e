//! The way from graph to blob in one call.

use super::{EmitError, EmitOptions, emit};
use crate::lower::{ConcatInputs, LowerError, LowerOptions, lower_with};
use crate::plan::{Plan, PlanError, Program, plan};
use crate::quantize::graph::QGraph;
use crate::quantize::lossless;

/// A compiled model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The blob.
    pub blob: Vec<u8>,
    /// Where buffers lie.
    pub plan: Plan,
    /// The steps.
    pub program: Program,
}

/// What may become of the graph's nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layers {
    /// Whatever makes the model faster or smaller and leaves its outputs as they are.
    #[default]
    Optimised,
    /// Each computes its tensor, by its own kernel, into a place of its own.
    Kept,
}

/// Why a graph does not compile.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A node has no kernel.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// There is no memory plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The blob cannot be written.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

/// Lowers, plans and emits. Of the two ways to feed concatenations the one with the smaller arena
/// is taken, the one without copies if they are equal.
///
/// # Errors
/// See [`CompileError`].
pub fn compile(graph: &QGraph, options: &EmitOptions) -> Result<Compiled, CompileError> {
    compile_for(graph, options, Layers::Optimised)
}

/// [`compile`] with a choice.
///
/// # Errors
/// See [`CompileError`].
pub fn compile_for(
    graph: &QGraph,
    options: &EmitOptions,
    layers: Layers,
) -> Result<Compiled, CompileError> {
    let lowered = |graph, concat| {
        let EmitOptions { isa, goal, .. } = *options;
        lower_with(graph, LowerOptions { concat, isa, goal })
    };
    if layers == Layers::Kept {
        let program = lowered(graph, ConcatInputs::Copied)?;
        let plan = plan(&program)?;
        return Ok(Compiled {
            blob: emit(graph, &program, &plan, options)?,
            plan,
            program,
        });
    }
    let mut simpler = graph.clone();
    lossless::simplify(&mut simpler);
    let graph = &simpler;
    let mut program = lowered(graph, ConcatInputs::Embedded)?;
    let mut best = plan(&program)?;
    let copying = lowered(graph, ConcatInputs::Copied)?;
    if copying != program {
        let other = plan(&copying)?;
        if other.arena_bytes < best.arena_bytes {
            (program, best) = (copying, other);
        }
    }
    Ok(Compiled {
        blob: emit(graph, &program, &best, options)?,
        plan: best,
        program,
    })
}
