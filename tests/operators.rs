//! The table of operators: what it says is held to the golden models, in both directions, and the
//! page that is made of it is the one in the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use tiivis::import::survey::{Survey, Verdict};
use tiivis::import::{Precision, onnx, tflite};
use tiivis_tests::{golden, repository, succeed};

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(golden(folder)).expect("a folder of golden files");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// The arithmetic of a golden model, by the types of what it computes; truths are bytes. None if
/// there are only indices.
fn precision(survey: &Survey) -> Option<Precision> {
    let outputs = survey.operators.iter().flat_map(|found| &found.outputs);
    let tensors = outputs.chain(&survey.inputs);
    let types: BTreeSet<&str> = tensors.map(|tensor| &*tensor.dtype).collect();
    let has = |names: &[&str]| names.iter().any(|name| types.contains(name));
    if has(&["int16"]) {
        Some(Precision::Int16x8)
    } else if has(&["uint8"]) {
        Some(Precision::Uint8)
    } else if has(&["int8", "bool"]) {
        Some(Precision::Int8)
    } else if has(&["float32"]) {
        Some(Precision::Float)
    } else {
        None
    }
}

/// Operators that golden models hold, all of each model being supported, in which arithmetic.
fn shown(surveys: impl IntoIterator<Item = Survey>) -> BTreeMap<String, BTreeSet<Precision>> {
    let mut shown = BTreeMap::<_, BTreeSet<Precision>>::new();
    for survey in surveys {
        if !survey.is_supported() {
            continue;
        }
        let precision = precision(&survey);
        for operator in survey.operators {
            assert_eq!(operator.verdict, Verdict::Supported);
            shown
                .entry(operator.operator)
                .or_default()
                .extend(precision);
        }
    }
    shown
}

#[test]
fn every_precision_of_a_tflite_row_has_a_golden_model_and_every_model_its_row() {
    let folders = ["tflite_ops/models", "tflm_ops/models"];
    let paths = folders.iter().flat_map(|folder| files(folder, "tflite"));
    let shown = shown(paths.map(|path| {
        let bytes = std::fs::read(&path).expect("readable");
        tflite::survey(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }));
    let mut wrong = Vec::new();
    for (operator, precisions) in tflite::operators() {
        let found = shown.get(operator).cloned().unwrap_or_default();
        for precision in Precision::ALL {
            match (precisions.contains(&precision), found.contains(&precision)) {
                (true, false) => wrong.push(format!(
                    "{operator}: its row says {precision}, but no golden model shows it"
                )),
                (false, true) => wrong.push(format!(
                    "{operator}: a golden model of {precision} is imported, but its row \
                     (import/tflite/ops/table.rs) does not say so"
                )),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Operators that ONNX's own node tests show (`node_tests`), and no golden model.
const IN_NODE_TESTS: &[&str] = &[
    "ConstantOfShape",
    "Expand",
    "QLinearMatMul",
    "ReduceMax",
    "Slice",
    "Swish",
];

#[test]
fn every_row_of_onnx_has_a_golden_model() {
    let paths = ["onnx_ops", "onnx_quantized"]
        .iter()
        .flat_map(|folder| files(folder, "onnx"));
    let shown = shown(paths.map(|path| {
        let bytes = std::fs::read(&path).expect("readable");
        onnx::survey(&bytes, &onnx::Options::default())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }));
    let names = shown.keys();
    let names: BTreeSet<&str> = names
        .map(|name| name.trim_start_matches("com.microsoft."))
        .collect();
    let missing: Vec<_> = onnx::operators()
        .map(|(operator, _)| operator)
        .filter(|operator| !names.contains(operator) && !IN_NODE_TESTS.contains(operator))
        .collect();
    assert!(missing.is_empty(), "no golden model holds {missing:?}");
}

#[test]
fn the_page_of_operators_is_the_one_that_the_command_prints() {
    let path = repository().join("host/OPERATORS.md");
    let printed = succeed(repository(), &["ops", "--markdown"]).stdout;
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &printed).expect("written");
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == printed,
        "host/OPERATORS.md is not of today: write it anew with\n  \
         cargo run -p tiivis --no-default-features -- ops --markdown > host/OPERATORS.md\nor\n  \
         BLESS=1 cargo test -p tiivis-tests --no-default-features --test operators"
    );
}

#[test]
fn the_command_lists_operators_for_people_and_programs() {
    let text = succeed(repository(), &["ops"]).stdout;
    let line = |name: &str| {
        let mut lines = text.lines().map(str::trim);
        lines
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("no {name}: {text}"))
            .to_owned()
    };
    assert!(line("CONV_2D ").contains("Conv, QLinearConv"), "{text}");
    let list = succeed(repository(), &["ops", "--json"]).json();
    let list = list["operators"].as_array().expect("a list").clone();
    let of = |name: &str| {
        let mut lines = list.iter();
        lines
            .find(|line| line["operator"] == name)
            .unwrap_or_else(|| panic!("no {name}"))
            .clone()
    };
    let ints = of("CONV_2D")["tflite"].clone();
    assert!(
        ints.as_array()
            .expect("a list")
            .iter()
            .any(|found| found == "int8"),
        "{ints}"
    );
    assert_eq!(
        of("Erf")["onnx_precisions"],
        serde_json::json!(["float", "int8"])
    );
    assert_eq!(of("Erf")["tflite"], serde_json::json!([]));
}
