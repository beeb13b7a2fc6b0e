//! `.tflite` files of int8, from the file to the bytes, against TensorFlow Lite Micro's reference
//! kernels: the single-operator models of `golden/tflm_ops`, and the `MLPerf` Tiny models in the
//! folder that `TIIVIS_MODELS` names.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tiivis::data::{Array, Elements, read_npy, read_npz};
use tiivis::emit::{self, EmitOptions, Layers};
use tiivis::import::{ImportError, NodeFault, tflite};
use tiivis::lower::Goal;
use tiivis::measure::sim::{self, Blob, Inputs};
use tiivis::quantize::graph::QGraph;
use tiivis_runtime::blob::Isa;

#[derive(Deserialize)]
struct Suite {
    op: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    inputs: Vec<Tensor>,
    output: Tensor,
}

#[derive(Deserialize)]
struct Tensor {
    dtype: String,
    data: Vec<f64>,
}

impl Tensor {
    #[expect(
        clippy::as_conversions,
        reason = "the file holds integers of this range"
    )]
    fn int8(&self) -> Vec<i8> {
        self.data.iter().map(|&value| value as i8).collect()
    }

    #[expect(clippy::as_conversions, reason = "the file holds float32 values")]
    fn float32(&self) -> Vec<f32> {
        self.data.iter().map(|&value| value as f32).collect()
    }
}

/// What weights are packed for must not matter.
const ISAS: [Isa; 2] = [Isa::Portable, Isa::Dsp];

fn compiled(graph: &QGraph, layers: Layers, (isa, goal): (Isa, Goal)) -> Blob {
    let options = EmitOptions {
        isa,
        goal,
        ..EmitOptions::default()
    };
    let compiled = emit::compile_for(graph, &options, layers)
        .unwrap_or_else(|error| panic!("{}: {error}", graph.name));
    Blob::new(&compiled.blob).expect("a sound blob")
}

/// Whether the imported model gives the bytes (or, at a float32 edge, the numbers) of the case.
fn is_equal(case: &Case, graph: &QGraph, isa: Isa) -> bool {
    let blob = compiled(graph, Layers::Optimised, (isa, Goal::Speed));
    let model = blob.model();
    let values = case.inputs.iter().zip(model.inputs()).enumerate();
    let mut inputs = Inputs {
        samples: 0,
        values: Vec::new(),
    };
    for (index, (tensor, port)) in values {
        let shape = sim::source_shape(&port);
        let len: usize = shape.iter().product();
        let samples = tensor.data.len() / len;
        assert!(index == 0 || samples == inputs.samples, "{}", case.name);
        inputs.samples = samples;
        inputs.values.push(if tensor.dtype == "int8" {
            tensor.int8()
        } else {
            let shape = [&[samples], &shape[1..]].concat();
            let array = Array::f32(shape, tensor.float32());
            let mut quantized = sim::quantize(&model, &[&array]).expect("fits");
            quantized.values.remove(0)
        });
    }
    let found = sim::run(&model, &inputs, &|_| ()).remove(0);
    if case.output.dtype == "int8" {
        return found == case.output.int8();
    }
    let port = model.outputs().next().expect("an output");
    let real = sim::output_array(&port, &found, true).elements;
    real == Elements::F32(case.output.float32())
}

/// The reason of a refusal; a node's fault is one of a closed list.
fn reason(error: &ImportError) -> String {
    let ImportError::Node { fault, .. } = error else {
        return error.to_string();
    };
    match &**fault {
        NodeFault::Operator { .. } => "the operator is not supported".to_owned(),
        fault => fault.to_string(),
    }
}

#[test]
fn single_operators_give_the_bytes_of_tflm() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/tflm_ops");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the golden files")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .collect();
    files.sort();
    let (mut same, mut wrong) = (0, Vec::new());
    let mut refused = BTreeMap::<_, Vec<String>>::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let suite: Suite = serde_json::from_str(&text).expect("the documented layout");
        for case in &suite.cases {
            let path = folder.join("models").join(format!("{}.tflite", case.name));
            let bytes = std::fs::read(&path).expect("a model for each case");
            match tflite::import(&bytes, &case.name) {
                Ok((graph, _)) if ISAS.iter().all(|&isa| is_equal(case, &graph, isa)) => same += 1,
                Ok(_) => wrong.push(case.name.clone()),
                Err(error) => refused
                    .entry((suite.op.clone(), reason(&error)))
                    .or_default()
                    .push(case.name.clone()),
            }
        }
    }
    let number: usize = refused.values().map(Vec::len).sum();
    for ((op, reason), names) in &refused {
        println!("refused: {} of {op}: {reason} {names:?}", names.len());
    }
    println!("{same} models give TFLM's bytes, {number} are refused, others: {wrong:?}");
    assert!(wrong.is_empty(), "other bytes than TFLM: {wrong:?}");
    assert!(same >= 345, "only {same} models were compared");
}

fn models() -> Option<PathBuf> {
    let folder = std::env::var_os("TIIVIS_MODELS");
    if folder.is_none() {
        println!("skipped: TIIVIS_MODELS is not set");
    }
    folder.map(Into::into)
}

fn int8(array: &Array) -> &[i8] {
    match &array.elements {
        Elements::I8(values) => values,
        other => panic!("int8, found {}", other.type_name()),
    }
}

/// Tensors of one sample that the blob computes, and how many of them are equal.
fn equal_layers(blob: &Blob, golden: &[(String, Array)]) -> (usize, usize) {
    let input = golden.iter().find(|(key, _)| key == "input");
    let inputs = Inputs {
        samples: 1,
        values: vec![int8(&input.expect("the input").1).to_vec()],
    };
    let layers = sim::dump_layers(&blob.model(), &inputs);
    let (mut compared, mut equal) = (0, 0);
    for (key, array) in golden.iter().filter(|(key, _)| key != "input") {
        let Some(layer) = layers.iter().find(|layer| layer.key == *key) else {
            continue;
        };
        compared += 1;
        equal += usize::from(layer.array == *array);
    }
    (compared, equal)
}

#[test]
fn mlperf_tiny_gives_the_bytes_of_tflm() {
    let Some(folder) = models() else {
        return;
    };
    let golden = folder.join("golden");
    // Filters of vww that are all zero go, and their channels with them: its other 19 tensors become
    // narrower ones.
    for (name, layers, left) in [
        ("kws", 13, 13),
        ("vww", 31, 12),
        ("ic", 16, 16),
        ("ad", 10, 10),
    ] {
        let bytes = std::fs::read(folder.join(format!("{name}.tflite"))).expect("the model");
        let (graph, format) = tflite::import(&bytes, name).expect("imports");
        let array = read_npy(&golden.join(format!("{name}.in.npy"))).expect("inputs");
        let expected = read_npy(&golden.join(format!("{name}.out.npy"))).expect("outputs");
        let portable = (Isa::Portable, Goal::Balanced);
        for (way, target, layers) in [
            (Layers::Kept, portable, layers),
            (Layers::Kept, (Isa::Dsp, Goal::Speed), layers),
            (Layers::Optimised, portable, left),
            (Layers::Optimised, (Isa::Dsp, Goal::Balanced), left),
            (Layers::Optimised, (Isa::Dsp, Goal::Speed), left),
        ] {
            let blob = compiled(&graph, way, target);
            let inputs = sim::quantize(&blob.model(), &[&array]).expect("fits");
            let found = sim::run(&blob.model(), &inputs, &|_| ()).remove(0);
            let len = found.len() / inputs.samples;
            let samples = found
                .chunks_exact(len)
                .zip(int8(&expected).chunks_exact(len));
            let equal = samples
                .filter(|(found, expected)| found == expected)
                .count();
            println!(
                "{name} ({format}), {way:?} {target:?}: {equal} of {} outputs equal",
                inputs.samples
            );
            assert_eq!((equal, inputs.samples), (12, 12), "{name}");
            for sample in ["in4", "in6"] {
                let path = golden.join(format!("{name}.layers.{sample}.npz"));
                let arrays = read_npz(&path).expect("layers");
                let (compared, equal) = equal_layers(&blob, &arrays);
                println!("{name} {sample}: {equal} of {compared} tensors equal");
                assert_eq!((compared, equal), (layers, layers), "{name} {sample}");
            }
        }
    }
}
