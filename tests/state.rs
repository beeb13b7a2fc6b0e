//! Streaming networks of `golden/tflite_ops/state.json` and `recurrent.json`: what a sequence gives, it
//! gives again after a reset, on the session and on samples run by `sim`.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use tiivis::data::{Array, Elements, read_npy, write_npy, write_npz};
use tiivis::emit::{self, EmitOptions};
use tiivis::import::tflite;
use tiivis::measure::sim::{self, Arena, Blob, Inputs};
use tiivis_tests::{golden, succeed};

#[derive(Deserialize)]
struct Suite {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    refused: Option<String>,
    inputs: Vec<Tensor>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Tensor {
    dtype: String,
}

#[derive(Deserialize)]
struct Run {
    inputs: Vec<Vec<i16>>,
    outputs: Vec<Vec<i16>>,
}

impl Case {
    /// Its runs as the session holds them; inputs and outputs are of one type.
    fn bytes(&self) -> Vec<[Vec<Vec<i8>>; 2]> {
        let is_wide = self.inputs[0].dtype == "int16";
        let bytes = |values: &Vec<i16>| -> Vec<i8> {
            let each = values.iter().map(|value| value.to_le_bytes());
            let kept = each.map(|bytes| bytes[..1 + usize::from(is_wide)].to_vec());
            kept.flatten().map(u8::cast_signed).collect()
        };
        let run =
            |run: &Run| [&run.inputs, &run.outputs].map(|all| all.iter().map(bytes).collect());
        self.runs.iter().map(run).collect()
    }
}

#[test]
fn a_reset_starts_the_sequence_again() {
    let (mut runs, mut with_state) = (0, 0);
    for family in ["state", "recurrent"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/tflite_ops");
        let text = std::fs::read_to_string(folder.join(format!("{family}.json")));
        let suite: Suite =
            serde_json::from_str(&text.expect("the golden file")).expect("the documented layout");
        for case in suite.cases.iter().filter(|case| case.refused.is_none()) {
            let file = format!("models/{family}_{}.tflite", case.name);
            let bytes = std::fs::read(folder.join(file)).expect("a model for each case");
            let (graph, _) = tflite::import(&bytes, &case.name).expect("imports");
            let compiled = emit::compile(&graph, &EmitOptions::default()).expect("compiles");
            let blob = Blob::new(&compiled.blob).expect("a sound blob");
            with_state += usize::from(blob.model().states().len() > 0);
            runs += check(case, &blob);
        }
    }
    println!("{runs} runs, {with_state} models with state");
    assert!(runs > 1000 && with_state > 150);
}

/// Runs a case's sequence again and again; returns how many runs that were.
fn check(case: &Case, blob: &Blob) -> usize {
    let all = case.bytes();
    let model = blob.model();
    let mut arena = Arena::new(&model);
    let mut session = arena.session(&model);
    // A sequence that is broken off leaves nothing behind.
    let lengths = [all.len(), all.len() / 2, all.len()];
    for length in lengths {
        session.reset();
        for [inputs, outputs] in &all[..length] {
            session.input_mut(0).copy_from_slice(&inputs[0]);
            session.run();
            for (index, expected) in outputs.iter().enumerate() {
                assert_eq!(session.output(index), expected, "{}", case.name);
            }
        }
    }
    let once: Vec<i8> = all
        .iter()
        .flat_map(|[inputs, _]| inputs[0].clone())
        .collect();
    let inputs = Inputs {
        samples: 2 * all.len(),
        values: vec![[&once[..], &once[..]].concat()],
    };
    let found = sim::run_sequences(&model, &inputs, all.len(), &|_| ());
    for (index, found) in found.iter().enumerate() {
        let once = all.iter().flat_map(|[_, outputs]| outputs[index].clone());
        let once: Vec<i8> = once.collect();
        assert_eq!(*found, [&once[..], &once[..]].concat(), "{}", case.name);
    }
    lengths.iter().sum()
}

/// The values of a case's only input, or of its first output, run after run.
fn values(case: &Case, output: bool) -> Vec<i16> {
    let each = case.runs.iter().flat_map(|run| match output {
        false => &run.inputs[0],
        true => &run.outputs[0],
    });
    each.copied().collect()
}

/// A case of `recurrent.json`, and its model.
fn recurrent(name: &str) -> (Case, PathBuf) {
    let text = std::fs::read_to_string(golden("tflite_ops/recurrent.json"));
    let suite: Suite =
        serde_json::from_str(&text.expect("the golden file")).expect("the documented layout");
    let mut cases = suite.cases.into_iter();
    let case = cases.find(|case| case.name == name);
    let model = golden(&format!("tflite_ops/models/recurrent_{name}.tflite"));
    (case.expect("in the file"), model)
}

#[test]
fn accuracy_is_measured_on_sequences() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let (case, model) = recurrent("svdf_int8_rank1_memory7");
    let best = |run: &Run| {
        let scores = run.outputs[0].iter().enumerate();
        let best = scores.rev().max_by_key(|(_, score)| **score);
        i64::try_from(best.expect("four scores").0).expect("small")
    };
    let runs = case.runs.len();
    let narrow = |value: i16| i8::try_from(value).expect("int8");
    let x = values(&case, false).into_iter().map(narrow);
    let x = Array {
        shape: vec![runs, 4],
        elements: Elements::I8(x.collect()),
    };
    let y = Array {
        shape: vec![runs],
        elements: Elements::I64(case.runs.iter().map(best).collect()),
    };
    let arrays = [("x".to_owned(), x), ("y".to_owned(), y)];
    write_npz(&folder.join("d.npz"), &arrays).expect("writes");
    let correct = |more: &[&str]| {
        let model = model.to_str().expect("a readable path");
        let eval = ["eval", model, "--data", "d.npz", "--json"];
        succeed(folder, &[&eval[..], more].concat()).json()["correct"].clone()
    };
    assert_eq!(correct(&[]), runs);
    // Alone, each sample means what it means to TFLM after a reset.
    assert_eq!(correct(&["--sequence", "1"]), 4);
}

#[test]
fn the_command_carries_states_along_and_shows_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let (case, model) = recurrent("lstm_network_int16");
    let model = model.to_str().expect("a readable path");
    let (x, y) = (values(&case, false), values(&case, true));
    let runs = case.runs.len();
    let array = Array {
        shape: vec![runs, 5, 4],
        elements: Elements::I16(x),
    };
    write_npy(&folder.join("x.npy"), &array).expect("writes");

    // Two layers of 6 and 5 units over 5 steps: int16 hidden states and cells.
    succeed(folder, &["compress", model, "-o", "m.tiv"]);
    let summary = succeed(folder, &["inspect", "m.tiv", "--json"]).json();
    let layers = summary["layers"].as_array().expect("layers");
    let lstm = layers.iter().filter(|layer| layer["op"] == "Lstm");
    let macs: Vec<_> = lstm.map(|layer| layer["macs"].as_u64()).collect();
    assert_eq!(macs, [Some(5 * 4 * 6 * (4 + 6)), Some(5 * 4 * 5 * (6 + 5))]);
    assert_eq!(summary["blob"]["state_bytes"], 4 * (6 + 5));

    let run = |model: &str, more: &[&str]| -> Vec<i16> {
        let files = ["run", model, "--input", "x.npy", "--output", "y.npy"];
        succeed(folder, &[&files[..], more].concat());
        match read_npy(&folder.join("y.npy")).expect("an array").elements {
            Elements::I16(values) => values,
            other => panic!("{}", other.type_name()),
        }
    };
    assert_eq!(run(model, &[]), y);
    // Forgotten before each sample: the first is the same, a later one is not.
    let alone = run(model, &["--sequence", "1"]);
    let sample = y.len() / runs;
    assert_eq!(alone[..sample], y[..sample]);
    assert_ne!(alone, y);

    assert_eq!(run("m.tiv", &[]), y);
    let verify = ["verify", model, "m.tiv", "--input", "x.npy", "--json"];
    let report = succeed(folder, &verify).json();
    assert_eq!(report["first_different"], serde_json::Value::Null);
    assert_eq!(report["layers"].as_array().map(Vec::len), Some(2));
}
