//! The command from outside: real files, exit codes, messages.

use std::path::Path;
use tiivis::data::{Array, Elements, read_npy, read_npz, write_npy, write_npz};
use tiivis_tests::{asset, compiled, compress, golden, succeed, tiivis};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a readable path")
}

fn floats(array: &Array) -> &[f32] {
    let Elements::F32(values) = &array.elements else {
        panic!("{}", array.elements.type_name())
    };
    values
}

#[test]
fn inspect_knows_model_files_and_blobs() {
    let folder = folder();
    let model = succeed(
        folder.path(),
        &["inspect", shown(&asset("cnn.onnx")), "--json"],
    )
    .json();
    assert_eq!(model["macs"], 286_232);
    assert_eq!(
        model["inputs"][0]["shape"],
        serde_json::json!([1, 1, 28, 28])
    );
    let blob = succeed(folder.path(), &["inspect", shown(compiled()), "--json"]).json();
    assert_eq!(blob["macs"], 286_232);
    assert_eq!(blob["inputs"][0]["shape"], model["inputs"][0]["shape"]);
    assert_eq!(blob["source_sha256"], model["source_sha256"]);
    let operators: Vec<_> = blob["layers"]
        .as_array()
        .expect("layers")
        .iter()
        .map(|layer| &layer["op"])
        .collect();
    assert!(
        operators.iter().all(|&op| op != "Transpose"),
        "{operators:?}"
    );
}

#[test]
fn a_float_tflite_is_inspected_run_and_compressed() {
    let folder = folder();
    let model = golden("tflite_float/models/float_net_float16.tflite");
    let path = |name: &str| {
        folder
            .path()
            .join(name)
            .to_str()
            .expect("readable")
            .to_owned()
    };
    let summary = succeed(folder.path(), &["inspect", shown(&model), "--json"]).json();
    assert_eq!(summary["format"], "TFLite schema 3, float32");
    assert_eq!(
        summary["inputs"][0]["shape"],
        serde_json::json!([1, 12, 12, 2])
    );
    let pixels = (0u8..=255).cycle().map(|x| f32::from(x) / 128.0 - 1.0);
    let x = Array::f32(vec![4, 12, 12, 2], pixels.take(4 * 288).collect());
    write_npz(Path::new(&path("x.npz")), &[("x".to_owned(), x)]).expect("written");
    let run = |model: &str, output: &str| {
        let (x, y) = (path("x.npz"), path(output));
        succeed(
            folder.path(),
            &["run", model, "--input", &x, "--output", &y],
        );
        read_npy(Path::new(&y)).expect("readable")
    };
    let float = run(shown(&model), "float.npy");
    let (data, blob) = (path("x.npz"), path("m.tiv"));
    succeed(
        folder.path(),
        &["compress", shown(&model), "--data", &data, "-o", &blob],
    );
    let int8 = run(&blob, "int8.npy");
    assert_eq!((&float.shape, &int8.shape), (&vec![4, 10], &vec![4, 10]));
    let largest = floats(&float)
        .iter()
        .fold(0f32, |largest, x| largest.max(x.abs()));
    for (a, b) in floats(&float).iter().zip(floats(&int8)) {
        assert!((a - b).abs() < 0.1 * largest, "{a} and {b}");
    }
}

#[test]
fn a_uint8_tflite_takes_and_gives_uint8() {
    let folder = folder();
    let text = std::fs::read_to_string(golden("tflite_ops/uint8.json")).expect("readable");
    let suite: serde_json::Value = serde_json::from_str(&text).expect("the documented layout");
    let cases = suite["cases"].as_array().expect("cases");
    let case = cases
        .iter()
        .find(|case| case["name"] == "net")
        .expect("there");
    let bytes = |values: &serde_json::Value| -> Vec<u8> {
        serde_json::from_value(values.clone()).expect("uint8")
    };
    let (x, y) = (folder.path().join("x.npy"), folder.path().join("y.npy"));
    let input = Elements::U8(bytes(&case["runs"][0]["inputs"][0]));
    write_npy(&x, &Array::new(vec![1, 16, 16, 3], input)).expect("written");
    let model = golden("tflite_ops/models/uint8_net.tflite");
    succeed(
        folder.path(),
        &[
            "run",
            shown(&model),
            "--input",
            shown(&x),
            "--output",
            shown(&y),
        ],
    );
    let scores = bytes(&case["runs"][0]["outputs"][0]);
    let found = read_npy(&y).expect("readable").elements;
    assert_eq!(found, Elements::U8(scores.clone()));

    // The same numbers, not pixels, for who measures accuracy.
    let largest = scores.iter().max().expect("scores");
    let class = scores.iter().position(|score| score == largest);
    let class = i64::try_from(class.expect("the largest")).expect("few classes");
    let data = folder.path().join("data.npz");
    let arrays = [
        ("x".to_owned(), read_npy(&x).expect("readable")),
        (
            "y".to_owned(),
            Array::new(vec![1], Elements::I64(vec![class])),
        ),
    ];
    write_npz(&data, &arrays).expect("written");
    let arguments = ["eval", shown(&model), "--data", shown(&data), "--json"];
    let accuracy = succeed(folder.path(), &arguments).json();
    assert_eq!(accuracy["percent"], 100.0, "{accuracy}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    compress(
        folder.path(),
        &path("a.tiv"),
        &["--samples", "32", "--seed", "7"],
    );
    compress(
        folder.path(),
        &path("b.tiv"),
        &["--samples", "32", "--seed", "7"],
    );
    compress(
        folder.path(),
        &path("c.tiv"),
        &["--samples", "32", "--seed", "8"],
    );
    let read = |name: &str| std::fs::read(path(name)).expect("written");
    assert!(read("a.tiv") == read("b.tiv"));
    assert!(read("a.tiv") != read("c.tiv"));
}

#[test]
fn every_calibration_method_makes_a_model() {
    let folder = folder();
    for method in ["minmax", "percentile:99.9", "mse", "entropy"] {
        let path = folder.path().join("m.tiv");
        let summary = compress(
            folder.path(),
            &path,
            &["--calibration", method, "--samples", "128", "--json"],
        )
        .json();
        assert_eq!(summary["calibration"], method);
        let test = asset("test.npz");
        let accuracy = succeed(
            folder.path(),
            &["eval", "m.tiv", "--data", shown(&test), "--json"],
        )
        .json();
        assert!(
            accuracy["percent"].as_f64().expect("a number") > 88.0,
            "{method}: {accuracy}"
        );
    }
}

#[test]
fn int8_accuracy_is_within_half_a_point_of_float() {
    let folder = folder();
    let (model, data) = (asset("cnn.onnx"), asset("test.npz"));
    let arguments = [
        "eval",
        shown(compiled()),
        "--data",
        shown(&data),
        "--against",
        shown(&model),
        "--json",
    ];
    let result = succeed(folder.path(), &arguments).json();
    assert_eq!(result["samples"], 2000);
    // ONNX Runtime's figure for the same file and data, see golden/fashion_ort.npz.
    assert!(
        (result["against"]["percent"].as_f64().expect("a number") - 90.15).abs() < 0.051,
        "{result}"
    );
    assert!(
        result["drop_points"].as_f64().expect("a number") <= 0.5,
        "{result}"
    );
}

#[test]
fn run_follows_the_types_of_its_inputs() {
    let folder = folder();
    let arrays = read_npz(&golden("fashion_ort.npz")).expect("the golden file");
    let find = |name: &str| {
        &arrays
            .iter()
            .find(|(found, _)| found == name)
            .expect("an array")
            .1
    };
    let x = find("x");
    write_npy(&folder.path().join("x.npy"), x).expect("written");

    let run = |model: &Path, input: &str| {
        succeed(
            folder.path(),
            &["run", shown(model), "--input", input, "--output", "y.npy"],
        );
        read_npy(&folder.path().join("y.npy")).expect("written")
    };
    let float = run(&asset("cnn.onnx"), "x.npy");
    let worst = |a: &Array, b: &Array| {
        assert_eq!(a.shape, b.shape);
        floats(a)
            .iter()
            .zip(floats(b))
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max)
    };
    assert!(
        worst(&float, find("y_ort")) < 2e-6,
        "{}",
        worst(&float, find("y_ort"))
    );

    let int8 = run(compiled(), "x.npy");
    assert!(worst(&int8, &float) < 0.25, "{}", worst(&int8, &float));
    assert!(
        floats(&int8)
            .iter()
            .all(|value| (value * 256.0).fract() == 0.0),
        "multiples of softmax's scale"
    );

    let quantized = Array::i8(vec![2, 1, 1, 28, 28], vec![3; 2 * 28 * 28]);
    write_npy(&folder.path().join("q.npy"), &quantized).expect("written");
    let answer = run(compiled(), "image=q.npy");
    assert_eq!(answer.shape, [2, 10]);
    assert!(
        matches!(answer.elements, Elements::I8(_)),
        "int8 in gives int8 out"
    );
}

#[test]
fn layers_can_be_dumped() {
    let folder = folder();
    write_npy(
        &folder.path().join("x.npy"),
        &Array::f32(vec![1, 1, 28, 28], vec![0.5; 784]),
    )
    .expect("written");
    let arguments = [
        "run",
        shown(compiled()),
        "--input",
        "x.npy",
        "--output",
        "y.npy",
        "--dump-layers",
        "layers.npz",
    ];
    succeed(folder.path(), &arguments);
    let layers = read_npz(&folder.path().join("layers.npz")).expect("written");
    assert!(layers.len() >= 9, "{}", layers.len());
    assert!(layers[0].0.starts_with("00_"), "{}", layers[0].0);
}

/// Runs the command and demands exit code 1 and these words on standard error.
fn refuse(folder: &Path, arguments: &[&str], words: &[&str]) {
    let ran = tiivis(folder, arguments);
    assert_eq!(
        ran.code,
        Some(1),
        "{arguments:?}: {}{}",
        ran.stdout,
        ran.stderr
    );
    assert!(
        !ran.stderr.contains("panicked"),
        "{arguments:?}: {}",
        ran.stderr
    );
    for word in words {
        assert!(
            ran.stderr.contains(word),
            "{arguments:?} should name `{word}`: {}",
            ran.stderr
        );
    }
}

#[test]
fn bad_input_is_refused_with_its_cause_and_writes_nothing() {
    let temporary = folder();
    let folder = temporary.path();
    let (model, data) = (asset("cnn.onnx"), asset("train.npz"));
    let (model, data) = (shown(&model), shown(&data));
    std::fs::write(folder.join("old.tiv"), b"precious").expect("written");
    let compress = |model: &str, data: &str, more: &[&str], words: &[&str]| {
        let mut arguments = vec!["compress", model, "--data", data, "-o", "old.tiv"];
        arguments.extend(more);
        refuse(folder, &arguments, words);
        assert_eq!(
            std::fs::read(folder.join("old.tiv")).expect("still there"),
            b"precious"
        );
        assert_eq!(
            std::fs::read_dir(folder)
                .expect("a folder")
                .filter(|entry| {
                    let name = entry.as_ref().expect("an entry").file_name();
                    name.to_string_lossy().contains("tmp")
                })
                .count(),
            0,
            "no temporary file is left"
        );
    };

    compress("missing.onnx", data, &[], &["missing.onnx"]);
    std::fs::write(
        folder.join("half.onnx"),
        &std::fs::read(model).expect("the model")[..20_000],
    )
    .expect("written");
    compress("half.onnx", data, &[], &["half.onnx"]);
    compress(
        shown(&golden("onnx_bad/op_unsupported.onnx")),
        data,
        &[],
        &["op"],
    );
    compress(model, "missing.npz", &[], &["missing.npz"]);
    compress(model, model, &[], &["npz"]);

    let x = |shape: Vec<usize>, value: f32| {
        let len = shape.iter().product();
        ("x".to_owned(), Array::f32(shape, vec![value; len]))
    };
    let write = |name: &str, arrays: &[(String, Array)]| {
        write_npz(&folder.join(name), arrays).expect("written");
    };
    write("shape.npz", &[x(vec![4, 28, 28, 1], 0.0)]);
    compress(
        model,
        "shape.npz",
        &[],
        &["image", "[1, 28, 28]", "[4, 28, 28, 1]"],
    );
    write("nan.npz", &[x(vec![2, 1, 28, 28], f32::NAN)]);
    compress(model, "nan.npz", &[], &["sample 0", "NaN"]);
    write("empty.npz", &[x(vec![0, 1, 28, 28], 0.0)]);
    compress(model, "empty.npz", &[], &["empty"]);
    write(
        "named.npz",
        &[("images".to_owned(), Array::f32(vec![1], vec![0.0]))],
    );
    compress(model, "named.npz", &[], &["`x`", "images"]);
    compress(
        model,
        data,
        &["--board", "mps2-an387"],
        &["mps2-an387", "mps2-an386"],
    );
    compress(
        model,
        data,
        &["--calibration", "guess"],
        &["guess", "entropy"],
    );
    compress(model, data, &["--dump-after", "polish"], &["polish"]);
    compress(model, data, &["--samples", "0"], &["sample"]);
    refuse(
        folder,
        &[
            "compress",
            model,
            "--data",
            data,
            "-o",
            "no/such/folder/m.tiv",
        ],
        &["no/such/folder"],
    );
}

#[test]
fn what_is_read_is_never_overwritten() {
    let temporary = folder();
    let folder = temporary.path();
    let data = asset("train.npz");
    std::fs::copy(asset("cnn.onnx"), folder.join("m.onnx")).expect("copied");
    let compress = |more: &[&str], words: &[&str]| {
        let mut arguments = vec!["compress", "m.onnx", "--data", shown(&data)];
        arguments.extend(more);
        refuse(folder, &arguments, words);
    };
    compress(&["-o", "./m.onnx"], &["overwritten"]);
    compress(&["-o", "m.tiv", "--c-header", "m.tiv"], &["twice"]);
    compress(&["-o", "."], &["name a file"]);
    let image = Array::f32(vec![1, 1, 28, 28], vec![0.5; 784]);
    write_npy(&folder.join("x.npy"), &image).expect("written");
    let run = ["run", shown(compiled()), "--input", "x.npy", "--output"];
    refuse(folder, &[&run[..], &["x.npy"]].concat(), &["overwritten"]);
    refuse(
        folder,
        &[&run[..], &["y.npy", "--dump-layers", "y.npy"]].concat(),
        &["twice"],
    );
    assert_eq!(read_npy(&folder.join("x.npy")).expect("intact"), image);
    assert_eq!(
        std::fs::read(folder.join("m.onnx")).expect("intact"),
        std::fs::read(asset("cnn.onnx")).expect("the model")
    );
}

#[test]
fn samples_and_labels_that_make_no_sense_are_refused() {
    let temporary = folder();
    let folder = temporary.path();
    let image = |value: f32| Array::f32(vec![2, 1, 28, 28], vec![value; 2 * 784]);
    write_npy(&folder.join("nan.npy"), &image(f32::NAN)).expect("written");
    refuse(
        folder,
        &[
            "run",
            shown(compiled()),
            "--input",
            "nan.npy",
            "--output",
            "y.npy",
        ],
        &["image", "sample 0", "NaN"],
    );
    assert!(!folder.join("y.npy").exists());
    let eval = |shape: &[usize], labels: &[i64], words: &[&str]| {
        let y = Array::new(shape.to_vec(), Elements::I64(labels.to_vec()));
        let arrays = [("x".to_owned(), image(0.5)), ("y".to_owned(), y)];
        write_npz(&folder.join("d.npz"), &arrays).expect("written");
        refuse(
            folder,
            &["eval", shown(compiled()), "--data", "d.npz"],
            words,
        );
    };
    eval(&[2], &[3, 10], &["sample 1", "label 10", "10 classes"]);
    eval(&[1, 2], &[3, 4], &["[1, 2]", "[2]"]);
    eval(&[2], &[3, -1], &["-1"]);
}

/// The board file of `BOARD` with other sizes, under another name.
fn small_board(folder: &Path, name: &str, change: &[(&str, &str)]) {
    let path = tiivis_tests::repository().join("boards/mps2-an386.toml");
    let mut text = std::fs::read_to_string(path).expect("the board file");
    for (from, to) in change {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    std::fs::write(folder.join(name), text).expect("written");
}

#[test]
fn a_model_that_a_board_has_no_room_for_is_refused_with_the_limit() {
    let temporary = folder();
    let folder = temporary.path();
    // 12 KiB of flash for models.
    small_board(
        folder,
        "flash.toml",
        &[("model_offset = 0x4_0000", "model_offset = 0x3f_d000")],
    );
    // 4 KiB of RAM beside the stack.
    small_board(
        folder,
        "ram.toml",
        &[(
            "[ram]\nstart = 0x2000_0000\nbytes = 0x40_0000",
            "[ram]\nstart = 0x2000_0000\nbytes = 0x9000",
        )],
    );
    let blob_bytes = std::fs::metadata(compiled()).expect("the blob").len();
    assert!(blob_bytes > 12_288, "{blob_bytes}");
    let too_few = (blob_bytes - 12_288).to_string();
    let too_few = format!("{},{} B too few", &too_few[..1], &too_few[1..]);
    let bench = |board: &str, words: &[&str]| {
        refuse(
            folder,
            &["bench", shown(compiled()), "--board", board],
            words,
        );
    };
    bench(
        "flash.toml",
        &["`flash`", "flash region", "12,288 B", &too_few],
    );
    bench("ram.toml", &["`ram`", "RAM", "4,096 B", "too few"]);
    let (model, data) = (asset("cnn.onnx"), asset("train.npz"));
    let arguments = [
        "compress",
        shown(&model),
        "--data",
        shown(&data),
        "--board",
        "ram.toml",
    ];
    refuse(
        folder,
        &[&arguments[..], &["-o", "m.tiv", "--samples", "8"]].concat(),
        &["`ram`", "4,096 B"],
    );
    assert!(!folder.join("m.tiv").exists());
}

#[test]
fn a_bench_without_a_compiler_says_what_to_do() {
    let temporary = folder();
    let output = std::process::Command::new(tiivis_tests::binary())
        .args(["bench", shown(compiled()), "--board", "mps2-an386"])
        .env("PATH", temporary.path())
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        message.contains("`tiivis doctor --fix --board mps2-an386`"),
        "{message}"
    );
}

#[cfg(unix)]
#[test]
fn paths_need_not_be_utf8_and_readers_may_go_away() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let temporary = folder();
    let folder = temporary.path();
    let (input, output) = (
        OsStr::from_bytes(b"\xff.npy"),
        OsStr::from_bytes(b"\xfe.npy"),
    );
    let image = Array::f32(vec![1, 1, 28, 28], vec![0.5; 784]);
    write_npy(&folder.join(input), &image).expect("written");
    let [run, from, to] = ["run", "--input", "--output"].map(OsStr::new);
    succeed(
        folder,
        &[run, compiled().as_os_str(), from, input, to, output],
    );
    assert_eq!(
        read_npy(&folder.join(output)).expect("written").shape,
        [1, 10]
    );

    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let ran = std::process::Command::new(tiivis_tests::binary())
        .args(["inspect", shown(compiled())])
        .stdout(writer)
        .output()
        .expect("the command runs");
    assert_eq!(ran.status.code(), Some(0));
    assert!(ran.stderr.is_empty());
}

#[test]
fn damaged_blobs_are_refused_by_every_command() {
    let temporary = folder();
    let folder = temporary.path();
    let blob = std::fs::read(compiled()).expect("the blob");
    let mut flipped = blob.clone();
    *flipped.last_mut().expect("bytes") ^= 1;
    let mut version = blob.clone();
    version[4] = 9;
    for (name, bytes, word) in [
        ("cut.tiv", &blob[..blob.len() / 2], "bytes"),
        ("flipped.tiv", &flipped, "checksum"),
        ("version.tiv", &version, "9."),
        ("empty.tiv", &[], ""),
    ] {
        std::fs::write(folder.join(name), bytes).expect("written");
        refuse(folder, &["inspect", name], &[word, name]);
        refuse(
            folder,
            &["eval", name, "--data", shown(&asset("test.npz"))],
            &[word, name],
        );
        refuse(
            folder,
            &["bench", name, "--board", "mps2-an386"],
            &[word, name],
        );
    }
}

#[test]
fn wrong_usage_exits_with_one_and_help_with_zero() {
    let temporary = folder();
    refuse(temporary.path(), &["compress"], &["--output"]);
    refuse(temporary.path(), &["fly"], &["fly"]);
    for command in [
        "inspect", "compress", "run", "eval", "bench", "verify", "boards", "doctor", "demo",
    ] {
        let help = succeed(temporary.path(), &[command, "--help"]).stdout;
        assert!(help.contains("Example: tiivis"), "{command}: {help}");
    }
    let boards = succeed(temporary.path(), &["boards", "--json"]).json();
    assert!(
        boards
            .as_array()
            .expect("a list")
            .iter()
            .any(|board| board["id"] == "mps2-an386")
    );
}
