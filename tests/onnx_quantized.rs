//! Quantized ONNX models (QDQ, `QLinear…`), from the file to the integers of the device, against ONNX
//! Runtime: `golden/onnx_quantized`, made by `scripts/onnx_cases/quantized.py`.
//!
//! ONNX Runtime multiplies in float32 and rounds half to even; the device multiplies in fixed point
//! and rounds half away from zero. So a layer's result may differ by one step of its scale, where
//! the exact result is next to a half. How often that is, the test prints.

use std::path::Path;
use tiivis::data::{Array, Elements, read_npy, read_npz, write_npy, write_npz};
use tiivis::emit::{self, EmitOptions};
use tiivis::import::{Network, load};
use tiivis::measure::sim::{self, Blob};
use tiivis_tests::{golden, succeed};

/// Largest difference in steps of the output's scale, of a model of one layer and of one of several:
/// a step of a layer is more than one of the next if that has a finer scale (the step of a
/// convolution is up to two of the sigmoid behind it), and the network has ten.
const LARGEST: [f64; 2] = [1.0, 2.0];

/// Models of several layers.
const SEVERAL: &[&str] = &["leaky", "network", "sigmoid"];

/// Part of all numbers that may differ at all: 1.1 % do.
const DIFFERING: f64 = 0.015;

/// Differences of a model's outputs, in steps.
fn differences(path: &Path) -> Result<Vec<f64>, String> {
    let imported = load(path).map_err(|error| format!("not imported: {error}"))?;
    let Network::Quantized(graph) = imported.network else {
        return Err("imported as a float network".into());
    };
    let compiled = emit::compile(&graph, &EmitOptions::default())
        .map_err(|error| format!("not compiled: {error}"))?;
    let blob = Blob::new(&compiled.blob).map_err(|error| error.to_string())?;
    let model = blob.model();
    let arrays = read_npz(&path.with_extension("npz")).map_err(|error| error.to_string())?;
    let array = |name: &str| {
        let found = arrays.iter().find(|(key, _)| key == name);
        &found.expect("the golden file has every port").1
    };
    let inputs: Vec<Array> = graph
        .inputs
        .iter()
        .map(|port| as_int8(array(&port.name)))
        .collect();
    let inputs: Vec<&Array> = inputs.iter().collect();
    let inputs = sim::quantize(&model, &inputs).map_err(|error| error.to_string())?;
    let outputs = sim::run(&model, &inputs, &|_| {});
    let mut steps = Vec::new();
    for (port, values) in model.outputs().zip(outputs) {
        let expected = as_int8(array(port.name));
        let real = matches!(expected.elements, Elements::F32(_));
        let found = sim::output_array(&port, &values, real);
        let step = if real { f64::from(port.scale) } else { 1.0 };
        let (expected, found) = (numbers(&expected), numbers(&found));
        if expected.len() != found.len() {
            return Err(format!("{} numbers, not {}", found.len(), expected.len()));
        }
        let pairs = expected.iter().zip(&found);
        steps.extend(pairs.map(|(expected, found)| ((expected - found) / step).abs()));
    }
    Ok(steps)
}

/// uint8 as int8 moved by 128, as the importer moves zero points.
fn as_int8(array: &Array) -> Array {
    match &array.elements {
        Elements::U8(values) => {
            let moved = values.iter().map(|&u| (u ^ 0x80).cast_signed());
            Array::new(array.shape.clone(), Elements::I8(moved.collect()))
        }
        Elements::F32(_)
        | Elements::I8(_)
        | Elements::I16(_)
        | Elements::I32(_)
        | Elements::I64(_)
        | Elements::Bool(_) => array.clone(),
    }
}

fn numbers(array: &Array) -> Vec<f64> {
    match &array.elements {
        Elements::F32(values) => values.iter().map(|&value| f64::from(value)).collect(),
        Elements::I8(values) => values.iter().map(|&value| f64::from(value)).collect(),
        other => panic!("{} of a quantized model", other.type_name()),
    }
}

#[test]
fn quantized_models_are_within_a_step_of_onnx_runtime() {
    let entries = std::fs::read_dir(golden("onnx_quantized")).expect("the folder is there");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("it is readable").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "onnx")
        })
        .collect();
    paths.sort();
    let (mut failures, mut numbers, mut differing) = (Vec::new(), 0, 0u32);
    for path in &paths {
        let name = path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy();
        let several = SEVERAL.iter().any(|prefix| name.starts_with(prefix));
        let allowed = LARGEST[usize::from(several)] + 1e-3;
        match differences(path) {
            Err(reason) => failures.push(format!("{name}: {reason}")),
            Ok(steps) => {
                let largest = steps.iter().copied().fold(0.0, f64::max);
                let count = steps
                    .iter()
                    .map(|&step| u32::from(step > 1e-3))
                    .sum::<u32>();
                println!("{name:32} {largest:6.3} steps, {count} of {}", steps.len());
                numbers += steps.len();
                differing += count;
                if largest > allowed {
                    failures.push(format!("{name}: {largest} steps, {allowed} are allowed"));
                }
            }
        }
    }
    println!(
        "{} models, {differing} of {numbers} numbers differ",
        paths.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(paths.len() >= 67, "the suite is there");
    let bound = u32::try_from(numbers).expect("a few thousand");
    assert!(f64::from(differing) <= DIFFERING * f64::from(bound));
}

/// From the command line, as an int8 `.tflite` is used: no data, the file's own scales.
#[test]
fn a_quantized_model_is_used_like_any_other() {
    for name in ["network_qdq_s8_channel", "network_qop_u8_channel"] {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let folder = temporary.path();
        let model = golden(&format!("onnx_quantized/{name}.onnx"));
        let model = model.to_str().expect("a readable path");
        let arrays = read_npz(&golden(&format!("onnx_quantized/{name}.npz"))).expect("golden");
        let array = |name: &str| {
            let found = arrays.iter().find(|(key, _)| key == name);
            &found.expect("the golden file has every port").1
        };
        let (x, expected) = (array("x"), numbers(array("y")));
        write_npy(&folder.join("x.npy"), x).expect("written");
        let summary = succeed(folder, &["compress", model, "-o", "m.tiv", "--json"]).json();
        assert!(summary["calibration"].is_null(), "{summary}");
        for (file, words) in [
            (model, ["int8", "DequantizeLinear", "Softmax"]),
            ("m.tiv", ["int8 scale", "DepthwiseConv2d", "Softmax"]),
        ] {
            let layers = succeed(folder, &["inspect", file]).stdout;
            for word in words {
                assert!(layers.contains(word), "{word}: {layers}");
            }
        }
        let run = |model: &str| {
            succeed(
                folder,
                &["run", model, "--input", "x.npy", "--output", "y.npy"],
            );
            numbers(&read_npy(&folder.join("y.npy")).expect("written"))
        };
        let found = run(model);
        assert_eq!(
            found,
            run("m.tiv"),
            "the file and its blob compute the same"
        );
        assert_eq!(found.len(), expected.len());
        let step = 1.0 / 256.0;
        let mut pairs = expected.iter().zip(&found);
        assert!(pairs.all(|(expected, found)| (expected - found).abs() < 2.1 * step));

        let report = succeed(
            folder,
            &["verify", model, "m.tiv", "--input", "x.npy", "--json"],
        );
        assert!(report.json()["first_below"].is_null(), "{}", report.stdout);
        let classes = expected.len() / x.shape[0];
        let labels = expected.chunks(classes).map(|scores| {
            let best = (0..classes).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
            i64::try_from(best.expect("there are classes")).expect("a few")
        });
        let labels = Array::new(vec![x.shape[0]], Elements::I64(labels.collect()));
        let data = [("x".to_owned(), x.clone()), ("y".to_owned(), labels)];
        write_npz(&folder.join("data.npz"), &data).expect("written");
        let accuracy = succeed(folder, &["eval", model, "--data", "data.npz", "--json"]).json();
        let percent = accuracy["percent"].as_f64().expect("a number");
        assert!(percent > 90.0, "{accuracy}");
    }
}
