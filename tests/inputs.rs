//! Models with several inputs, and models that leave extents open: from data to outputs.

use std::path::Path;
use tiivis::data::{Array, Elements, read_npz, write_npz};
use tiivis_tests::{golden, succeed, tiivis};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn model(name: &str) -> String {
    let path = golden(&format!("{name}.onnx"));
    path.to_str().expect("a readable path").to_owned()
}

fn floats(array: &Array) -> &[f32] {
    let Elements::F32(values) = &array.elements else {
        panic!("{}", array.elements.type_name())
    };
    values
}

/// Numbers in [-1, 1) of no pattern, the same for the same seed.
fn noise(shape: &[usize], seed: u32) -> Array {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        f32::from(u16::try_from(state >> 16).expect("16 bits")) / 32_768.0 - 1.0
    };
    let values = (0..shape.iter().product()).map(|_| next()).collect();
    Array::f32(shape.to_vec(), values)
}

fn write(folder: &Path, name: &str, arrays: &[(&str, Array)]) {
    let arrays: Vec<_> = arrays
        .iter()
        .map(|(name, array)| ((*name).to_owned(), array.clone()))
        .collect();
    write_npz(&folder.join(name), &arrays).expect("written");
}

fn read(folder: &Path, name: &str) -> Vec<(String, Array)> {
    read_npz(&folder.join(name)).expect("written")
}

fn distance(a: &Array, b: &Array) -> f32 {
    assert_eq!(a.shape, b.shape);
    let pairs = floats(a).iter().zip(floats(b));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn a_classifier_of_two_inputs_is_calibrated_measured_verified_and_run() {
    let temporary = folder();
    let folder = temporary.path();
    let model = model("onnx_ops/net_two_inputs");
    let (image, extra) = (noise(&[64, 1, 6, 6], 1), noise(&[64, 3], 2));
    write(
        folder,
        "x.npz",
        &[("image", image.clone()), ("extra", extra.clone())],
    );

    // The labels are what the float model says.
    succeed(
        folder,
        &["run", &model, "--input", "x.npz", "--output", "scores.npz"],
    );
    let scores = read(folder, "scores.npz");
    assert_eq!(scores[0].0, "y");
    let classes = floats(&scores[0].1)
        .chunks(2)
        .map(|pair| i64::from(pair[1] > pair[0]));
    let labels = Array::new(vec![64], Elements::I64(classes.collect()));
    let all = [
        ("extra", extra.clone()),
        ("y", labels),
        ("image", image.clone()),
    ];
    write(folder, "d.npz", &all);

    succeed(
        folder,
        &["compress", &model, "--data", "d.npz", "-o", "m.tiv"],
    );
    let eval = [
        "eval",
        "m.tiv",
        "--data",
        "d.npz",
        "--against",
        &model,
        "--json",
    ];
    let report = succeed(folder, &eval).json();
    assert_eq!(report["against"]["percent"], 100.0, "{report}");
    assert!(
        report["percent"].as_f64().expect("a number") > 90.0,
        "{report}"
    );
    succeed(folder, &["verify", &model, "m.tiv", "--data", "d.npz"]);
    succeed(folder, &["verify", &model, "m.tiv", "--input", "d.npz"]);
    let run = |input: &[&str]| {
        let run = [&["run", "m.tiv", "--output", "y.npz"][..], input].concat();
        succeed(folder, &run);
        read(folder, "y.npz")
    };
    let found = run(&["--input", "d.npz"]);
    assert!(distance(&found[0].1, &scores[0].1) < 0.2);
    assert_eq!(
        run(&["--input", "image=d.npz", "--input", "extra=d.npz"]),
        found
    );

    write(
        folder,
        "less.npz",
        &[("image", image.clone()), ("labels", extra.clone())],
    );
    let output = tiivis(
        folder,
        &["compress", &model, "--data", "less.npz", "-o", "n.tiv"],
    );
    let error = output.stderr;
    for part in ["`extra`", "[3]", "float32", "labels", "`image`, `extra`"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    write(
        folder,
        "odd.npz",
        &[("image", image), ("extra", noise(&[63, 3], 3))],
    );
    let output = tiivis(
        folder,
        &["compress", &model, "--data", "odd.npz", "-o", "n.tiv"],
    );
    let error = output.stderr;
    assert!(
        error.contains("63 samples where the first input has 64"),
        "{error}"
    );
    assert!(!folder.join("n.tiv").exists());
}

#[test]
fn all_outputs_of_a_streaming_network_go_into_one_archive() {
    let temporary = folder();
    let folder = temporary.path();
    let model = model("onnx_ops/recurrent__lstm_streaming");
    let golden = read_npz(&golden("onnx_ops/recurrent__lstm_streaming.npz")).expect("committed");
    write_npz(&folder.join("x.npz"), &golden).expect("written");
    succeed(
        folder,
        &["run", &model, "--input", "x.npz", "--output", "y.npz"],
    );
    let found = read(folder, "y.npz");
    let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["z", "h", "c"]);
    for (name, found) in &found {
        let mut golden = golden.iter();
        let (_, expected) = golden.find(|(other, _)| other == name).expect("committed");
        let expected = Array::f32(found.shape.clone(), floats(expected).to_vec());
        assert!(distance(found, &expected) < 1e-5, "{name}");
    }
}

#[test]
fn open_extents_are_fixed_by_name_or_by_shape() {
    let temporary = folder();
    let folder = temporary.path();
    let model = model("onnx_bad/dynamic_spatial");
    let refused = |options: &[&str]| {
        let output = tiivis(
            folder,
            &[&["inspect", &model, "--simplified"][..], options].concat(),
        );
        assert_ne!(output.code, Some(0), "{options:?}");
        output.stderr
    };
    assert!(refused(&[]).contains("--dim NAME=N"));
    let error = refused(&["--dim", "H=6", "--dim", "width=5"]);
    assert!(
        error.contains("`width` names nothing: the model's open extents are N, H, W"),
        "{error}"
    );
    let error = refused(&["--input-shape", "x=1,3,6,5"]);
    assert!(
        error.contains("is 3 along axis 1, where the file fixes 2"),
        "{error}"
    );

    let dims = ["--dim", "H=6", "--dim", "W=5"];
    let inspect = succeed(
        folder,
        &[&["inspect", &model, "--json"][..], &dims].concat(),
    )
    .json();
    assert_eq!(
        inspect["inputs"][0]["shape"],
        serde_json::json!([1, 2, 6, 5])
    );
    write(folder, "d.npz", &[("x", noise(&[8, 2, 6, 5], 4))]);
    let compress = ["compress", &model, "--data", "d.npz", "-o", "m.tiv"];
    succeed(folder, &[&compress[..], &dims].concat());
    let blob = succeed(folder, &["inspect", "m.tiv", "--json"])
        .json()
        .to_string();
    assert!(blob.contains(r"dim = H=6\ndim = W=5\n"), "{blob}");
    let shape = ["--input-shape", "x=1,2,6,5"];
    succeed(
        folder,
        &[&["verify", &model, "m.tiv", "--data", "d.npz"][..], &shape].concat(),
    );
}
