//! Models that are quantized already, through the command: from the file to the bytes.

use std::path::{Path, PathBuf};
use tiivis::data::{Array, Elements, read_npy, write_npy};
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
}
