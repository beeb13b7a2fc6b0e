//! `tiivis verify`: two forms of one model beside each other.

use std::collections::BTreeSet;
use std::path::Path;
use tiivis::data::{Array, read_npz, write_npy, write_npz};
use tiivis_tests::{asset, compiled, golden, succeed, tiivis};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a readable path")
}

/// Writes the golden network's input as `x.npy`.
fn network_input(folder: &Path) {
    let arrays = read_npz(&golden("network/branches.npz")).expect("the golden file");
    let mut arrays = arrays.iter();
    let (_, x) = arrays.find(|(name, _)| name == "input").expect("the input");
    write_npy(&folder.join("x.npy"), x).expect("written");
}

fn layers(report: &serde_json::Value) -> &[serde_json::Value] {
    report["layers"].as_array().expect("layers")
}

#[test]
fn a_model_file_and_its_blob_have_the_same_bits_in_every_layer() {
    let temporary = folder();
    let folder = temporary.path();
    network_input(folder);
    let model = golden("network/branches.tflite");
    let model = shown(&model);
    succeed(folder, &["compress", model, "-o", "m.tiv", "--keep-layers"]);
    let verify = ["verify", model, "m.tiv", "--input", "x.npy"];
    let report = succeed(folder, &[&verify[..], &["--json"]].concat()).json();
    assert_eq!(layers(&report).len(), 17, "{report}");
    for layer in layers(&report) {
        assert_eq!(layer["is_equal"], true, "{layer}");
        assert_eq!(layer["is_bitwise"], true, "{layer}");
        assert_eq!(layer["max_difference_lsb"], 0.0, "{layer}");
        assert!(layer["sqnr_db"].is_null(), "{layer}");
    }
    assert!(report["first_different"].is_null());
    let text = succeed(folder, &verify).stdout;
    assert!(text.contains("the same in all layers"), "{text}");
}

#[test]
fn the_first_layer_that_differs_is_named() {
    let temporary = folder();
    let folder = temporary.path();
    network_input(folder);
    // One weight of operator 8, which computes `layer9`, is another.
    let (a, b) = (
        golden("network/branches.tflite"),
        golden("network/branches_other.tflite"),
    );
    let verify = ["verify", shown(&a), shown(&b), "--input", "x.npy", "--json"];
    let threshold = |decibel| [&verify[..], &["--min-sqnr", decibel]].concat();
    let ran = tiivis(folder, &threshold("100"));
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.stderr.contains("`layer9`"), "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(report["first_different"], "layer9");
    assert_eq!(report["first_below"], "layer9");
    let at = layers(&report)
        .iter()
        .position(|layer| layer["is_equal"] == false)
        .expect("a difference");
    assert_eq!(layers(&report)[at]["name"], "layer9");
    // A pad and a branch come before it; what it joins differs.
    assert_eq!(at, 8, "{report}");
    assert_eq!(layers(&report)[at + 1]["is_equal"], false);
    let found = layers(&report)[at]["max_difference_lsb"].as_f64();
    assert!(found.expect("steps") >= 1.0, "{report}");
    // A threshold that nothing is below: the same report, another verdict.
    assert_eq!(tiivis(folder, &threshold("-100")).code, Some(0));
}

#[test]
fn a_float_model_and_its_integers_are_near_in_every_layer() {
    let temporary = folder();
    let folder = temporary.path();
    let (model, data) = (asset("cnn.onnx"), asset("test.npz"));
    let verify = [
        "verify",
        shown(&model),
        shown(compiled()),
        "--data",
        shown(&data),
        "--json",
    ];
    let report = succeed(folder, &verify).json();
    assert_eq!(report["samples"], 16);
    assert!(layers(&report).len() >= 7, "{report}");
    for layer in layers(&report) {
        let ratio = layer["sqnr_db"].as_f64().expect("a difference");
        assert!((20.0..80.0).contains(&ratio), "{layer}");
        assert_eq!(layer["is_bitwise"], false);
    }
    assert_eq!(report["outputs"].as_array().expect("outputs").len(), 1);
    let strict = [&verify[..], &["--min-sqnr", "90"]].concat();
    let ran = tiivis(folder, &strict);
    assert_eq!(ran.code, Some(1));
    let first = ran.json()["first_below"].clone();
    assert_eq!(first, layers(&report)[0]["name"]);
}

#[test]
fn int8_arrays_reach_a_float_model_as_what_they_mean() {
    let temporary = folder();
    let folder = temporary.path();
    let array = Array::i8(vec![2, 1, 28, 28], vec![-3; 2 * 784]);
    write_npz(&folder.join("q.npz"), &[("x".to_owned(), array)]).expect("written");
    let model = asset("cnn.onnx");
    let verify = [
        "verify",
        shown(&model),
        shown(compiled()),
        "--data",
        "q.npz",
    ];
    succeed(folder, &verify);
}

#[test]
fn what_cannot_be_compared_is_refused_and_says_why() {
    let temporary = folder();
    let folder = temporary.path();
    network_input(folder);
    let model = golden("network/branches.tflite");
    let model = shown(&model);
    let refuse = |arguments: &[&str], word: &str| {
        let ran = tiivis(folder, arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?}: {}", ran.stdout);
        assert!(ran.stderr.contains(word), "{word}: {}", ran.stderr);
    };
    let verify = ["verify", model, model, "--input", "x.npy"];
    refuse(&["verify", model, model], "--data");
    refuse(&["verify", model, "--input", "x.npy"], "<B>");
    refuse(&[&verify[..], &["--samples", "2"]].concat(), "1 samples");
    refuse(&[&verify[..], &["--samples", "0"]].concat(), "at least 1");
    refuse(&[&verify[..], &["--min-sqnr", "nan"]].concat(), "decibels");
    refuse(
        &[&verify[..], &["--board", "mps2-an386"]].concat(),
        "--board",
    );
    let float = asset("cnn.onnx");
    refuse(
        &["verify", shown(&float), model, "--input", "image=x.npy"],
        "shape",
    );
    // Without names there is nothing to match but the outputs.
    let strip = ["compress", model, "-o", "s.tiv", "--strip-names"];
    succeed(folder, &strip);
    let report = succeed(
        folder,
        &["verify", model, "s.tiv", "--input", "x.npy", "--json"],
    )
    .json();
    assert_eq!(layers(&report).len(), 0);
    assert_eq!(report["only_in_a"].as_array().expect("names").len(), 17);
    assert_eq!(report["outputs"][0]["is_equal"], true);
}

/// Names of all fields of a value.
fn fields(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (name, value) in object {
                found.insert(name.clone());
                fields(value, found);
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| fields(value, found)),
        _ => {}
    }
}

#[test]
fn the_help_says_what_the_json_and_the_exit_codes_mean() {
    let temporary = folder();
    let folder = temporary.path();
    network_input(folder);
    let model = golden("network/branches.tflite");
    let verify = ["verify", shown(&model), shown(&model), "--input", "x.npy"];
    let report = succeed(folder, &[&verify[..], &["--json"]].concat()).json();
    let help = succeed(folder, &["verify", "--help"]).stdout;
    let mut names = BTreeSet::new();
    fields(&report, &mut names);
    assert!(names.len() >= 16, "{names:?}");
    for name in names {
        assert!(help.contains(&format!("`{name}`")), "{name}: {help}");
    }
    assert!(
        help.contains("Exit codes: 0") && help.contains("1 if"),
        "{help}"
    );
}
