//! `.tflite` files of float32, evaluated in float before and after the lossless passes, against
//! `LiteRT` and TensorFlow Lite Micro: `golden/tflite_float`, made by
//! `scripts/tflite_cases/float.py`; and compressed.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use tiivis::compress::{Recipe, Watch, compress};
use tiivis::data::{Array, Dataset, Elements};
use tiivis::import::{self, Network, tflite};
use tiivis::ir::{self, Graph};
use tiivis::measure::float;
use tiivis::measure::sim::{self, Blob};
use tiivis::passes;

/// Largest difference, in units of the largest number of the output or of 1: sums are taken in
/// another order, and the references compute functions with approximations of their own.
const TOLERANCE: f64 = 4e-6;

/// What int8 leaves of the networks' signal, in decibels.
const MIN_SQNR_DB: f64 = 25.0;

#[derive(Deserialize)]
struct Suite {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    refused: Option<String>,
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<usize>,
}

#[derive(Deserialize)]
struct Run {
    inputs: Vec<Vec<f64>>,
    outputs: Vec<Vec<f64>>,
}

/// Nobody looks on.
struct Nobody;

impl Watch for Nobody {
    fn after_pass(&mut self, _: &'static str, _: &Graph) {}

    fn calibrated(&mut self, _: usize, _: usize) {}
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/tflite_float")
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join("float.json")).expect("a readable file");
    let suite: Suite = serde_json::from_str(&text).expect("the documented layout");
    suite.cases
}

fn path(case: &Case) -> PathBuf {
    folder().join(format!("models/float_{}.tflite", case.name))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the file holds float32 values"
)]
fn float32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// An input: one sample, with the batch in front if it is not there, or a batch of several, which
/// the network takes sample by sample.
fn array(tensor: &Tensor, values: &[f64], per_sample: usize) -> Array {
    assert_eq!(tensor.dtype, "float32");
    let mut shape = tensor.shape.clone();
    if shape.first() != Some(&1) && values.len() == per_sample {
        shape.insert(0, 1);
    }
    let elements = Elements::F32(float32(values));
    Array { shape, elements }
}

/// The largest difference from the reference's answers.
fn difference(case: &Case, graph: &Graph) -> Result<f64, String> {
    let mut largest = 0f64;
    for run in &case.runs {
        let inputs = case.inputs.iter().zip(&run.inputs).zip(&graph.inputs);
        let inputs: Vec<Array> = inputs
            .map(|((tensor, values), port)| {
                array(tensor, values, graph.shape(port.value).iter().product())
            })
            .collect();
        let inputs: Vec<&Array> = inputs.iter().collect();
        let outputs = float::run(graph, &inputs, &|_| {}).map_err(|error| error.to_string())?;
        for (output, expected) in outputs.iter().zip(&run.outputs) {
            let Elements::F32(found) = &output.elements else {
                return Err("no float32".to_owned());
            };
            if found.len() != expected.len() {
                return Err(format!("{} numbers, not {}", found.len(), expected.len()));
            }
            let scale = expected.iter().fold(1f64, |scale, x| scale.max(x.abs()));
            for (&found, expected) in found.iter().zip(expected) {
                largest = largest.max((f64::from(found) - expected).abs() / scale);
            }
        }
        if outputs.len() != case.outputs.len() {
            return Err(format!("{} outputs", outputs.len()));
        }
    }
    Ok(largest)
}

#[test]
fn float_models_give_the_numbers_of_the_reference() {
    let (mut wrong, mut same, mut refused) = (Vec::new(), 0, 0);
    let mut largest = (0f64, String::new());
    for case in cases() {
        let bytes = std::fs::read(path(&case)).expect("a model for each case");
        let mut graph = match (tflite::import_network(&bytes, &case.name), &case.refused) {
            (Ok((Network::Float(graph), _)), None) => graph,
            (Err(_), Some(_)) => {
                refused += 1;
                continue;
            }
            (found, _) => {
                let found = found.map(|(network, format)| (network.node_count(), format));
                wrong.push(format!("{}: {found:?}", case.name));
                continue;
            }
        };
        if let Err(error) = ir::verify(&graph) {
            wrong.push(format!("{}: {error}", case.name));
            continue;
        }
        for stage in ["imported", "simplified"] {
            if stage == "simplified" {
                passes::simplify(&mut graph, &mut |_, _| {}).expect("simplified");
            }
            match difference(&case, &graph) {
                Ok(found) if found <= TOLERANCE => {
                    if found > largest.0 {
                        largest = (found, format!("{} {stage}", case.name));
                    }
                }
                Ok(found) => wrong.push(format!("{} {stage}: {found}", case.name)),
                Err(error) => wrong.push(format!("{} {stage}: {error}", case.name)),
            }
        }
        same += 1;
    }
    println!("{same} models, {refused} refused; largest difference {largest:?}");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(same >= 140, "the suite is there");
}

/// Networks whose weights are float32, float16, or int8 are compressed to int8 with data.
#[test]
fn float_networks_are_compressed() {
    let mut networks = 0;
    for case in cases() {
        if !case.name.starts_with("net_") {
            continue;
        }
        let imported = import::load(&path(&case)).expect("imported");
        assert!(imported.format.ends_with("float32"), "{}", imported.format);
        let samples: Vec<f64> = case
            .runs
            .iter()
            .flat_map(|run| run.inputs[0].clone())
            .collect();
        let mut shape = case.inputs[0].shape.clone();
        shape[0] = case.runs.len();
        let x = Array {
            shape,
            elements: Elements::F32(float32(&samples)),
        };
        let data = Dataset {
            name: case.name.clone(),
            x: vec![x.clone()],
            y: None,
        };
        let compressed =
            compress(imported, Some(&data), &Recipe::default(), &mut Nobody).expect("compressed");
        let blob = Blob::new(&compressed.blob).expect("a sound blob");
        let model = blob.model();
        let quantized = sim::quantize(&model, &[&x]).expect("fitting");
        let results = sim::run(&model, &quantized, &|_| {});
        let port = model.outputs().next().expect("an output");
        let Elements::F32(found) = sim::output_array(&port, &results[0], true).elements else {
            panic!("float32 in gives float32 out");
        };
        let expected = case.runs.iter().flat_map(|run| run.outputs[0].clone());
        let (mut signal, mut noise) = (0.0, 0.0);
        for (found, expected) in found.iter().zip(expected) {
            signal += expected * expected;
            noise += (f64::from(*found) - expected).powi(2);
        }
        let sqnr_db = 10.0 * (signal / noise).log10();
        println!("{}: {sqnr_db:.1} dB", case.name);
        assert!(sqnr_db >= MIN_SQNR_DB, "{}: {sqnr_db}", case.name);
        networks += 1;
    }
    assert_eq!(networks, 4);
}
