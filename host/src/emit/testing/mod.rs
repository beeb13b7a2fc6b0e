//! Graphs by hand and at random, an evaluator that shares nothing with the runtime, and a session
//! around blobs.

mod builder;
mod random;
mod reductions;
mod reference;
mod typed;

pub(crate) use builder::{Builder, clamp, int8, params, weights};
pub(crate) use random::random_graph;
pub(crate) use reductions::is_real;
pub(crate) use reference::evaluate;

use super::{EmitOptions, emit};
use crate::lower::{ConcatInputs, Goal, LowerOptions, lower_with};
use crate::plan::{Plan, Program};
use crate::quantize::graph::QGraph;
use tiivis_runtime::blob::Isa;
use tiivis_runtime::{Aligned, Model};

/// The graph's steps, with concatenations fed in either way.
pub(crate) fn programs(graph: &QGraph) -> [Program; 2] {
    [ConcatInputs::Embedded, ConcatInputs::Copied].map(|concat| {
        let options = LowerOptions {
            concat,
            ..LowerOptions::default()
        };
        lower_with(graph, options).unwrap()
    })
}

pub(crate) fn options() -> EmitOptions {
    EmitOptions {
        tool: "tiivis test".to_owned(),
        source_sha256: Some([7; 32]),
        recipe: "a = 1\n".to_owned(),
        strip_names: false,
        labels: vec!["no".to_owned(), "yes".to_owned()],
        isa: Isa::Portable,
        goal: Goal::Balanced,
    }
}

/// The outputs of a blob for these inputs. The arena is full of noise before.
pub(crate) fn run_blob(blob: &[u8], inputs: &[Vec<i8>]) -> Vec<Vec<i8>> {
    run_sequence(blob, &[inputs.to_vec()]).remove(0)
}

/// The outputs of a blob, run after run on one session. The whole sequence is run twice, with a
/// reset between, which must give the same.
pub(crate) fn run_sequence(blob: &[u8], runs: &[Vec<Vec<i8>>]) -> Vec<Vec<Vec<i8>>> {
    with_model(blob, |model| {
        let mut arena = vec![Aligned([0x5ai8; 16]); model.arena_bytes().div_ceil(16)];
        let mut session = model
            .session(tiivis_runtime::flatten_mut(&mut arena))
            .unwrap();
        let mut sequence = || {
            session.reset();
            let runs = runs.iter();
            runs.map(|inputs| {
                for (index, values) in inputs.iter().enumerate() {
                    session.input_mut(index).copy_from_slice(values);
                }
                session.run();
                let outputs = 0..model.outputs().count();
                outputs
                    .map(|index| session.output(index).to_vec())
                    .collect()
            })
            .collect()
        };
        let outputs: Vec<Vec<Vec<i8>>> = sequence();
        assert_eq!(sequence(), outputs);
        outputs
    })
}

/// Parses a blob at an aligned address.
pub(crate) fn with_model<T>(blob: &[u8], see: impl FnOnce(&Model<'_>) -> T) -> T {
    let mut storage = vec![Aligned([0u8; 16]); blob.len().div_ceil(16)];
    let bytes = &mut tiivis_runtime::flatten_mut(&mut storage)[..blob.len()];
    bytes.copy_from_slice(blob);
    see(&Model::parse(bytes).unwrap())
}

/// The outputs with these offsets.
pub(crate) fn run_plan(
    graph: &QGraph,
    program: &Program,
    plan: &Plan,
    inputs: &[Vec<i8>],
) -> Vec<Vec<i8>> {
    run_blob(&emit(graph, program, plan, &options()).unwrap(), inputs)
}
