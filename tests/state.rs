//! Streaming networks of `golden/tflite_ops/state.json`: what a sequence gives, it gives again after
//! a reset, on the session and on samples run by `sim`.

use serde::Deserialize;
use std::path::Path;
use tiivis::emit::{self, EmitOptions};
use tiivis::import::tflite;
use tiivis::measure::sim::{self, Arena, Blob, Inputs};

#[derive(Deserialize)]
struct Suite {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    refused: Option<String>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    inputs: Vec<Vec<i8>>,
    outputs: Vec<Vec<i8>>,
}

#[test]
fn a_reset_starts_the_sequence_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/tflite_ops");
    let text = std::fs::read_to_string(folder.join("state.json")).expect("the golden file");
    let suite: Suite = serde_json::from_str(&text).expect("the documented layout");
    let (mut runs, mut with_state) = (0, 0);
    for case in suite.cases.iter().filter(|case| case.refused.is_none()) {
        let file = format!("models/state_{}.tflite", case.name);
        let bytes = std::fs::read(folder.join(file)).expect("a model for each case");
        let (graph, _) = tflite::import(&bytes, &case.name).expect("imports");
        let compiled = emit::compile(&graph, &EmitOptions::default()).expect("compiles");
        let blob = Blob::new(&compiled.blob).expect("a sound blob");
        let model = blob.model();
        with_state += usize::from(model.states().len() > 0);
        let mut arena = Arena::new(&model);
        let mut session = arena.session(&model);
        // A sequence that is broken off leaves nothing behind.
        for length in [case.runs.len(), case.runs.len() / 2, case.runs.len()] {
            session.reset();
            for run in &case.runs[..length] {
                session.input_mut(0).copy_from_slice(&run.inputs[0]);
                session.run();
                for (index, expected) in run.outputs.iter().enumerate() {
                    assert_eq!(session.output(index), expected, "{}", case.name);
                }
                runs += 1;
            }
        }
        let once: Vec<i8> = case
            .runs
            .iter()
            .flat_map(|run| &run.inputs[0])
            .copied()
            .collect();
        let inputs = Inputs {
            samples: 2 * case.runs.len(),
            values: vec![[&once[..], &once[..]].concat()],
        };
        let found = sim::run_sequences(&model, &inputs, case.runs.len(), &|_| ());
        for (index, found) in found.iter().enumerate() {
            let outputs = case.runs.iter().flat_map(|run| &run.outputs[index]);
            let once: Vec<i8> = outputs.copied().collect();
            assert_eq!(*found, [&once[..], &once[..]].concat(), "{}", case.name);
        }
    }
    println!("{runs} runs, {with_state} models with state");
    assert!(runs > 600 && with_state > 30);
}
