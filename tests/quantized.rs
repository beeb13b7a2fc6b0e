//! Models that are quantized already, through the command: from the file to the bytes.

use std::path::{Path, PathBuf};
use tiivis::data::{Array, Elements, read_npy, read_npz, write_npy};
use tiivis_tests::{asset, golden, succeed, tiivis};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a readable path")
}

/// A model of one convolution, its input and the output of TFLM's reference kernels.
fn convolution() -> (PathBuf, Array, Array) {
    let text = std::fs::read_to_string(golden("tflm_ops/conv_2d.json")).expect("the golden file");
    let suite: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let case = &suite["cases"][0];
    let array = |tensor: &serde_json::Value| {
        let integers = |list: &serde_json::Value| -> Vec<i64> {
            serde_json::from_value(list.clone()).expect("integers")
        };
        let values = integers(&tensor["data"]).into_iter();
        let values = values.map(|value| i8::try_from(value).expect("int8"));
        let shape = integers(&tensor["shape"]).into_iter();
        Array::i8(
            shape
                .map(|extent| extent.try_into().expect("an extent"))
                .collect(),
            values.collect(),
        )
    };
    let name = case["name"].as_str().expect("a name");
    (
        golden(&format!("tflm_ops/models/{name}.tflite")),
        array(&case["inputs"][0]),
        array(&case["output"]),
    )
}

#[test]
fn a_quantized_model_compiles_without_data_and_runs_either_way() {
    let temporary = folder();
    let folder = temporary.path();
    let (model, input, output) = convolution();
    write_npy(&folder.join("x.npy"), &input).expect("written");
    let summary = succeed(
        folder,
        &["compress", shown(&model), "-o", "m.tiv", "--json"],
    )
    .json();
    assert!(summary["calibration"].is_null(), "{summary}");
    for model in ["m.tiv", shown(&model)] {
        succeed(
            folder,
            &["run", model, "--input", "x.npy", "--output", "y.npy"],
        );
        assert_eq!(
            read_npy(&folder.join("y.npy")).expect("written"),
            output,
            "{model}"
        );
    }
    // Real numbers in, real numbers out.
    let len = input.elements.len();
    write_npy(
        &folder.join("real.npy"),
        &Array::f32(input.shape.clone(), vec![0.0; len]),
    )
    .expect("written");
    let arguments = [
        "run",
        shown(&model),
        "--input",
        "real.npy",
        "--output",
        "y.npy",
    ];
    succeed(folder, &arguments);
    let real = read_npy(&folder.join("y.npy")).expect("written");
    assert!(matches!(real.elements, Elements::F32(_)));
}

#[test]
fn options_about_quantizing_are_refused_for_a_quantized_model_and_needed_for_a_float_one() {
    let temporary = folder();
    let refuse = |arguments: &[&str], words: &[&str]| {
        let ran = tiivis(temporary.path(), arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?}: {}", ran.stdout);
        for word in words {
            assert!(ran.stderr.contains(word), "{word}: {}", ran.stderr);
        }
        assert!(!temporary.path().join("m.tiv").exists());
    };
    let (model, ..) = convolution();
    for option in [
        ["--calibration", "mse"],
        ["--samples", "4"],
        ["--seed", "1"],
        ["--dump-after", "all"],
    ] {
        let arguments = ["compress", shown(&model), "-o", "m.tiv"];
        refuse(
            &[&arguments[..], &option[..]].concat(),
            &[option[0], "quantized already"],
        );
    }
    let float = asset("cnn.onnx");
    refuse(
        &["compress", shown(&float), "-o", "m.tiv"],
        &["--data", "float32"],
    );
    let data = asset("train.npz");
    let keep = ["--data", shown(&data), "--keep-layers"];
    let arguments = ["compress", shown(&float), "-o", "m.tiv"];
    refuse(&[&arguments[..], &keep[..]].concat(), &["--keep-layers"]);
}

/// An array of an archive.
fn find<'a>(arrays: &'a [(String, Array)], name: &str) -> Option<&'a Array> {
    let mut arrays = arrays.iter();
    arrays
        .find(|(found, _)| found == name)
        .map(|(_, array)| array)
}

/// Compiles a model, runs it on one input and compares: every layer that is dumped is the golden one
/// of its key. Returns the output and the number of layers compared.
fn compare_layers(
    folder: &Path,
    model: &Path,
    golden: &[(String, Array)],
    options: &[&str],
) -> (Array, usize) {
    let input = find(golden, "input").expect("the input");
    write_npy(&folder.join("x.npy"), input).expect("written");
    let compress = ["compress", shown(model), "-o", "m.tiv"];
    succeed(folder, &[&compress[..], options].concat());
    let arguments = [
        "run",
        "m.tiv",
        "--input",
        "x.npy",
        "--output",
        "y.npy",
        "--dump-layers",
        "layers.npz",
    ];
    succeed(folder, &arguments);
    let layers = read_npz(&folder.join("layers.npz")).expect("written");
    let mut compared = 0;
    for (key, layer) in &layers {
        if let Some(expected) = find(golden, key) {
            assert_eq!(layer, expected, "{}: {key}", model.display());
            compared += 1;
        }
    }
    (read_npy(&folder.join("y.npy")).expect("written"), compared)
}

#[test]
fn every_layer_of_a_network_is_tflms() {
    let temporary = folder();
    let model = golden("network/branches.tflite");
    let golden = read_npz(&golden("network/branches.npz")).expect("the golden file");
    let output = find(&golden, "output").expect("the output");
    let total = golden.len() - 2;
    let compare = |options: &[&str]| {
        let (found, layers) = compare_layers(temporary.path(), &model, &golden, options);
        assert_eq!(&found, output, "{options:?}");
        layers
    };
    assert_eq!(compare(&["--keep-layers"]), total);
    let survive = compare(&[]);
    println!("{total} layers kept, {survive} of them survive the compiler");
    assert!(survive > total / 2, "{survive}");
}

#[test]
fn every_layer_of_mlperf_tiny_is_tflms() {
    let Some(models) = std::env::var_os("TIIVIS_MODELS").map(PathBuf::from) else {
        println!("skipped: TIIVIS_MODELS is not set");
        return;
    };
    let temporary = folder();
    let folder = temporary.path();
    for name in ["kws", "vww", "ic", "ad"] {
        let model = models.join(format!("{name}.tflite"));
        for sample in [4, 6] {
            let path = models.join(format!("golden/{name}.layers.in{sample}.npz"));
            let golden = read_npz(&path).expect("the golden file");
            let total = golden.len() - 1;
            let (kept, layers) = compare_layers(folder, &model, &golden, &["--keep-layers"]);
            assert_eq!(layers, total, "{name}");
            let (optimised, survive) = compare_layers(folder, &model, &golden, &[]);
            assert_eq!(kept, optimised, "{name}");
            println!("{name} input {sample}: {layers} of {total} kept, {survive} survive");
        }
    }
}

#[test]
fn stripped_layers_cannot_be_dumped() {
    let temporary = folder();
    let folder = temporary.path();
    let (model, input, _) = convolution();
    write_npy(&folder.join("x.npy"), &input).expect("written");
    let compress = ["compress", shown(&model), "-o", "m.tiv", "--strip-names"];
    succeed(folder, &compress);
    let run = ["run", "m.tiv", "--input", "x.npy", "--output", "y.npy"];
    let ran = tiivis(folder, &[&run[..], &["--dump-layers", "l.npz"]].concat());
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("--strip-names"), "{}", ran.stderr);
    let both = [&compress[..], &["--keep-layers"]].concat();
    assert_eq!(tiivis(folder, &both).code, Some(1));
}
