//! `tiivis inspect` on model files of every kind, from outside.

use serde_json::{Value, json};
use std::path::Path;
use tiivis::data::{Array, Elements, read_npy, write_npy};
use tiivis_tests::{Ran, asset, golden, repository, succeed, tiivis};

fn inspect(path: &Path, more: &[&str]) -> Ran {
    let path = path.to_str().expect("a readable path");
    let mut arguments = vec!["inspect", path];
    arguments.extend(more);
    succeed(repository(), &arguments)
}

fn tflite(name: &str) -> std::path::PathBuf {
    golden(&format!("{name}.tflite"))
}

fn ops(summary: &Value) -> Vec<&str> {
    let layers = summary["layers"].as_array().expect("layers");
    let ops = layers.iter().map(|layer| layer["op"].as_str());
    ops.map(|op| op.expect("a name")).collect()
}

#[test]
fn an_int8_convolution_shows_shapes_types_scales_and_work() {
    let path = tflite("tflm_ops/models/conv_2d_plain");
    let summary = inspect(&path, &["--json"]).json();
    assert_eq!(ops(&summary), ["CONV_2D"]);
    assert_eq!(summary["supported"], true);
    let layer = &summary["layers"][0];
    let output = &layer["outputs"][0];
    assert_eq!(output["dtype"], "int8");
    let extents = |tensor: &Value| -> Vec<u64> {
        let shape = tensor["shape"].as_array().expect("a shape").iter();
        shape
            .map(|extent| extent.as_u64().expect("fixed"))
            .collect()
    };
    let product = |extents: &[u64]| extents.iter().product::<u64>();
    let (y, filter) = (extents(output), extents(&layer["constants"][0]));
    // OHWI: each output is a sum over the last three axes.
    let macs = product(&y) * product(&filter[1..]);
    assert_eq!(layer["macs"], macs);
    assert_eq!(summary["macs"], macs);
    assert_eq!(summary["parameters"], product(&filter) + filter[0]);
    assert_eq!(summary["parameter_bytes"], product(&filter) + 4 * filter[0]);
    let scales = &layer["constants"][0]["quantization"]["scales"];
    let count = scales
        .as_array()
        .map(|scales| u64::try_from(scales.len()).expect("few"));
    assert_eq!(count, Some(filter[0]));
    assert_eq!(layer["constants"][0]["quantization"]["axis"], 0);
    assert!(summary["inputs"][0]["scale"].as_f64().expect("a scale") > 0.0);
    assert!(summary["compiled"]["blob_bytes"].as_u64().expect("bytes") > 0);

    let text = inspect(&path, &[]).stdout;
    for words in [
        "CONV_2D",
        &format!("int8 {}\u{d7} ", filter[0]),
        "compiled: blob",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("not supported"), "{text}");
}

#[test]
fn what_is_not_supported_is_shown_with_its_reason_and_no_error() {
    let path = tflite("tflite_ops/models/element_pow");
    let summary = inspect(&path, &["--json"]).json();
    assert_eq!(ops(&summary), ["POW"]);
    assert_eq!(summary["supported"], false);
    assert_eq!(summary["layers"][0]["supported"], "no");
    assert_eq!(
        summary["layers"][0]["reason"],
        "the operator is not supported"
    );
    assert_eq!(summary["compiled"], Value::Null);
    let text = inspect(&path, &[]).stdout;
    for words in [
        "no (1)",
        "1 operator, 1 not supported",
        "(1) POW: the operator",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }

    // What reads its output cannot be judged, what comes before can.
    let path = golden("onnx_bad/op_unsupported.onnx");
    let summary = inspect(&path, &["--json"]).json();
    assert_eq!(ops(&summary), ["Relu", "NonZero", "Cast"]);
    let verdicts: Vec<_> = (0..3)
        .map(|at| &summary["layers"][at]["supported"])
        .collect();
    assert_eq!(verdicts, ["yes", "no", "undecided"]);
    assert_eq!(summary["layers"][0]["outputs"][0]["shape"], json!([1, 4]));
    assert_eq!(summary["layers"][2]["macs"], Value::Null);
    let text = inspect(&path, &[]).stdout;
    assert!(text.contains("1 not supported, 1 behind them"), "{text}");
}

#[test]
fn a_fault_of_an_input_is_no_error_either() {
    for (name, words) in [
        ("dynamic_spatial", "axis 2 is symbolic"),
        ("int64_input", "INT64"),
    ] {
        let path = golden(&format!("onnx_bad/{name}.onnx"));
        let summary = inspect(&path, &["--json"]).json();
        assert_eq!(summary["supported"], false, "{name}");
        let faults = summary["faults"].to_string();
        assert!(faults.contains(words), "{name}: {faults}");
        assert!(inspect(&path, &[]).stdout.contains(words), "{name}");
    }
}

#[test]
fn quantized_and_float_onnx_show_their_own_nodes() {
    let path = golden("onnx_quantized/add_qdq_s8_channel.onnx");
    let summary = inspect(&path, &["--json"]).json();
    assert_eq!(summary["supported"], true);
    let layers = summary["layers"].as_array().expect("layers");
    let weights = layers
        .iter()
        .find(|layer| layer["op"] == "DequantizeLinear")
        .expect("weights are dequantized");
    let scales = &weights["constants"][0]["quantization"]["scales"];
    assert_eq!(scales.as_array().map(Vec::len), Some(4), "{weights}");
    let quantized = layers
        .iter()
        .find(|layer| layer["op"] == "QuantizeLinear")
        .expect("the input is quantized");
    assert_eq!(quantized["outputs"][0]["dtype"], "int8");
    assert!(summary["compiled"]["arena_bytes"].as_u64().expect("bytes") > 0);

    let summary = inspect(&asset("cnn.onnx"), &["--json"]).json();
    assert_eq!(&ops(&summary)[..3], ["Conv", "Relu", "Conv"]);
    assert_eq!(summary["macs"], 286_232);
    assert_eq!(summary["compiled"], Value::Null);
    let simplified = inspect(&asset("cnn.onnx"), &["--simplified", "--json"]).json();
    assert_eq!(ops(&simplified)[0], "Conv2d");
}

#[test]
fn a_damaged_file_is_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let whole = std::fs::read(tflite("tflm_ops/models/conv_2d_plain")).expect("readable");
    std::fs::write(folder.path().join("half.tflite"), &whole[..whole.len() / 2]).expect("written");
    std::fs::write(folder.path().join("junk.tflite"), b"\xff\xff\xff\x7fTFL3").expect("written");
    let broken = golden("onnx_bad/weight_data_short.onnx");
    let cycle = golden("onnx_bad/cycle.onnx");
    let paths = [
        Path::new("half.tflite"),
        Path::new("junk.tflite"),
        &broken,
        &cycle,
    ];
    for path in paths {
        let path = path.to_str().expect("a readable path");
        let ran = tiivis(folder.path(), &["inspect", path, "--json"]);
        assert_eq!(ran.code, Some(1), "{path}: {}", ran.stdout);
        assert!(ran.stderr.contains(path), "{path}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{path}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{path}");
    }
}

/// Zeros for each input of a model, of the input's own type, as `run` arguments.
fn inputs(folder: &Path, summary: &Value) -> Vec<String> {
    let ports = summary["inputs"].as_array().expect("inputs").iter();
    let mut arguments = Vec::new();
    for (at, port) in ports.enumerate() {
        let shape = port["shape"].as_array().expect("a shape").iter();
        let shape: Vec<usize> = shape
            .map(|extent| extent.as_u64().and_then(|extent| extent.try_into().ok()))
            .map(|extent| extent.expect("fixed"))
            .collect();
        let len = shape.iter().product();
        let elements = match port["dtype"].as_str().expect("a type") {
            "int8" => Elements::I8(vec![3; len]),
            "int16" => Elements::I16(vec![3; len]),
            "int32" => Elements::I32(vec![3; len]),
            "bool" => Elements::Bool(vec![true; len]),
            other => panic!("{other} is no type of a port"),
        };
        let file = format!("x{at}.npy");
        write_npy(&folder.join(&file), &Array::new(shape, elements)).expect("written");
        let name = port["name"].as_str().expect("a name");
        arguments.extend(["--input".to_owned(), format!("{name}={file}")]);
    }
    arguments
}

#[test]
fn ports_of_every_type_are_shown_run_and_compared() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = temporary.path();
    for (name, input, output) in [
        ("reduce_arg_max_rows", "int8", "int32"),
        ("element_less_0", "int8", "bool"),
        ("element_logical_and_0", "bool", "bool"),
    ] {
        let path = tflite(&format!("tflite_ops/models/{name}"));
        let summary = inspect(&path, &["--json"]).json();
        assert_eq!(summary["inputs"][0]["dtype"], input, "{name}");
        assert_eq!(summary["outputs"][0]["dtype"], output, "{name}");
        let shown = path.to_str().expect("a readable path").to_owned();
        let compile = ["compress", &shown, "-o", "m.tiv"].map(str::to_owned);
        succeed(folder, &compile);
        let blob = inspect(&folder.join("m.tiv"), &["--json"]).json();
        assert_eq!(blob["outputs"][0]["dtype"], output, "{name}");
        // The file's shapes may have no batch; the blob's have.
        let inputs = inputs(folder, &blob);
        let run = ["run", &shown, "--output", "y.npy"].map(str::to_owned);
        succeed(folder, &[&run[..], &inputs].concat());
        let y = read_npy(&folder.join("y.npy")).expect("written");
        assert_eq!(y.elements.type_name(), output, "{name}");
        let verify = ["verify", &shown, "m.tiv", "--json"].map(str::to_owned);
        let report = succeed(folder, &[&verify[..], &inputs].concat()).json();
        assert_eq!(report["outputs"][0]["is_equal"], true, "{name}: {report}");
        assert_eq!(report["first_different"], Value::Null, "{name}");
    }
}
