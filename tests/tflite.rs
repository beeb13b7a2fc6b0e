//! `.tflite` files, from the file to the bytes, against TensorFlow Lite Micro's reference kernels
//! and, where it has none, `LiteRT`'s: `golden/tflite_ops`, made by `scripts/tflite_cases`.
//!
//! Every family's file is found by itself. A case runs on one session, run after run, so that
//! state is kept as the oracle keeps it.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tiivis::emit::{self, EmitOptions};
use tiivis::import::{ImportError, NodeFault, tflite};
use tiivis::measure::sim::{Arena, Blob};
use tiivis_runtime::Session;

#[derive(Deserialize)]
struct Suite {
    family: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    op: String,
    oracle: String,
    refused: Option<String>,
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Tensor {
    dtype: String,
}

#[derive(Deserialize)]
struct Run {
    inputs: Vec<Vec<f64>>,
    outputs: Vec<Vec<f64>>,
}

/// Numbers as the session holds them: little-endian; uint8 is int8 with its zero point moved by
/// 128, int64 is int32.
#[expect(
    clippy::as_conversions,
    reason = "the file holds integers of the type's range"
)]
fn bytes(dtype: &str, values: &[f64]) -> Vec<i8> {
    let little = |encode: fn(i64) -> Vec<u8>| {
        let values = values.iter().flat_map(|&value| encode(value as i64));
        values.map(|byte| byte as i8).collect()
    };
    match dtype {
        "int8" | "bool" => values.iter().map(|&value| value as i8).collect(),
        "uint8" => values.iter().map(|&value| (value - 128.0) as i8).collect(),
        "int16" => little(|value| (value as i16).to_le_bytes().to_vec()),
        "int32" | "int64" => little(|value| (value as i32).to_le_bytes().to_vec()),
        other => panic!("{other} is not a type of the session"),
    }
}

#[expect(clippy::as_conversions, reason = "the file holds float32 values")]
fn float32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// Writes one sample of an input; `samples` cut the case's batch, which the network takes as 1.
fn feed(session: &mut Session<'_, '_>, index: usize, dtype: &str, values: &[f64]) -> bool {
    if dtype == "float32" {
        return session.quantize_input(index, &float32(values)).is_ok();
    }
    let bytes = bytes(dtype, values);
    let input = session.input_mut(index);
    let fits = input.len() == bytes.len();
    if fits {
        input.copy_from_slice(&bytes);
    }
    fits
}

/// Whether an output is what the oracle says, byte for byte (at a float32 edge, bit for bit).
fn is_output(session: &Session<'_, '_>, index: usize, dtype: &str, expected: &[f64]) -> bool {
    if dtype == "float32" {
        let mut found = vec![0.0; expected.len()];
        let read = session.dequantize_output(index, &mut found);
        return read.is_ok() && found == float32(expected);
    }
    session.output(index) == bytes(dtype, expected)
}

/// Runs a case; says where it differs.
fn difference(case: &Case, bytes: &[u8]) -> Option<String> {
    let (graph, _) = tflite::import(bytes, &case.name).expect("imported before");
    let compiled = match emit::compile(&graph, &EmitOptions::default()) {
        Ok(compiled) => compiled,
        Err(error) => return Some(format!("does not compile: {error}")),
    };
    let blob = Blob::new(&compiled.blob).expect("a sound blob");
    let model = blob.model();
    let mut arena = Arena::new(&model);
    let mut session = arena.session(&model);
    for (at, run) in case.runs.iter().enumerate() {
        // A batch that is carried through the network is run sample by sample.
        let samples = samples(&mut session, case, run);
        for sample in 0..samples {
            let part = |values: &Vec<f64>| {
                let len = values.len() / samples;
                values[sample * len..][..len].to_vec()
            };
            for (index, tensor) in case.inputs.iter().enumerate() {
                if !feed(
                    &mut session,
                    index,
                    &tensor.dtype,
                    &part(&run.inputs[index]),
                ) {
                    return Some(format!("input {index} has another length"));
                }
            }
            session.run();
            for (index, tensor) in case.outputs.iter().enumerate() {
                if !is_output(&session, index, &tensor.dtype, &part(&run.outputs[index])) {
                    return Some(format!("run {at}, sample {sample}, output {index}"));
                }
            }
        }
    }
    None
}

/// How many samples of the network a run of the case is.
fn samples(session: &mut Session<'_, '_>, case: &Case, run: &Run) -> usize {
    let Some((tensor, values)) = case.inputs.first().zip(run.inputs.first()) else {
        return 1;
    };
    if tensor.dtype == "float32" {
        return 1;
    }
    let (given, taken) = (
        bytes(&tensor.dtype, values).len(),
        session.input_mut(0).len(),
    );
    if taken > 0 && given.is_multiple_of(taken) {
        given / taken
    } else {
        1
    }
}

/// The reason of a refusal, without the case's own names and numbers where it is a missing
/// operator.
fn reason(error: &ImportError) -> String {
    match error {
        ImportError::Node { fault, .. } => match &**fault {
            NodeFault::Operator { .. } => "the operator is not supported".to_owned(),
            fault => fault.to_string(),
        },
        error => error.to_string(),
    }
}

fn suites() -> Vec<(PathBuf, Suite)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/tflite_ops");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            let suite = serde_json::from_str(&text).expect("the documented layout");
            (folder.join("models"), suite)
        })
        .collect()
}

/// What became of the cases of one operator.
#[derive(Default)]
struct Row {
    tflm: usize,
    litert: usize,
    refused: usize,
}

#[test]
fn single_operators_give_the_bytes_of_the_reference() {
    let mut rows = BTreeMap::<_, Row>::new();
    let mut wrong = Vec::new();
    for (models, suite) in suites() {
        for case in &suite.cases {
            let file = format!("{}_{}.tflite", suite.family, case.name);
            let bytes = std::fs::read(models.join(&file)).expect("a model for each case");
            let row = rows
                .entry((suite.family.clone(), case.op.clone()))
                .or_default();
            match (tflite::import(&bytes, &case.name), &case.refused) {
                (Ok(_), None) => match difference(case, &bytes) {
                    None if case.oracle == "tflm" => row.tflm += 1,
                    None => row.litert += 1,
                    Some(what) => wrong.push(format!("{file}: {what}")),
                },
                (Err(_), Some(_)) => row.refused += 1,
                (Err(error), None) => wrong.push(format!("{file}: refused: {}", reason(&error))),
                (Ok(_), Some(why)) => wrong.push(format!("{file}: imported, though {why}")),
            }
        }
    }
    for ((family, op), row) in &rows {
        let Row {
            tflm,
            litert,
            refused,
        } = row;
        println!(
            "{family:<10} {op:<28} {tflm:>4} as TFLM, {litert:>4} as LiteRT, {refused} refused"
        );
    }
    let same: usize = rows.values().map(|row| row.tflm + row.litert).sum();
    println!("{same} models give the reference's bytes");
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
