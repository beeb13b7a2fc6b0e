//! The cost of every model in this repository, counted on the emulated board, beside the ledger that
//! is committed with the code: a figure that grows by more than 1 % is a failure until the ledger
//! says so too.
//!
//! `TIIVIS_LEDGER=update cargo test --test ledger` writes the ledger anew.

use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use tiivis::data::{read_npz, write_npz};
use tiivis_tests::{BOARD, asset, repository, set_up_board, succeed};

/// What a model is compiled for.
const TARGETS: [[&str; 2]; 3] = [
    ["portable", "balanced"],
    ["dsp", "balanced"],
    ["dsp", "speed"],
];

fn ledger() -> PathBuf {
    repository().join("tests/ledger.json")
}

/// Models and data to calibrate them with: the demo's, and what exporters made of common
/// architectures.
fn models(folder: &Path) -> Vec<(String, PathBuf, PathBuf)> {
    let fixtures = repository().join("tests/fixtures/onnx/architectures");
    let entries = std::fs::read_dir(&fixtures).expect("the fixtures");
    let mut found = vec![("demo".to_owned(), asset("cnn.onnx"), asset("train.npz"))];
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let arrays = read_npz(&path.with_extension("npz")).expect("arrays");
        let inputs = arrays
            .into_iter()
            .filter(|(name, _)| name.starts_with("input"));
        let mut inputs: Vec<_> = inputs.map(|(_, array)| array).collect();
        if path
            .extension()
            .is_some_and(|extension| extension == "onnx")
            && inputs.len() == 1
        {
            let name = path.file_stem().expect("a name").to_string_lossy();
            let data = folder.join(format!("{name}.npz"));
            write_npz(&data, &[("x".to_owned(), inputs.remove(0))]).expect("written");
            found.push((name.into_owned(), path, data));
        }
    }
    found.sort();
    found
}

/// Counted and modelled figures of one sample.
fn figures(folder: &Path, model: &Path, data: &Path, [isa, goal]: [&str; 2]) -> Value {
    let [model, data] = [model, data].map(|path| path.to_str().expect("a readable path"));
    let compress = [
        "compress",
        model,
        "--data",
        data,
        "--isa",
        isa,
        "--optimize",
        goal,
    ];
    succeed(folder, &[&compress[..], &["-o", "model.tiv"]].concat());
    let bench = ["bench", "model.tiv", "--board", BOARD, "--json"];
    let report = succeed(folder, &bench).json();
    json!({
        "instructions": report["total"]["instructions"],
        "cycles_mid": report["total"]["cycles"]["mid"],
        "arena_bytes": report["arena_bytes"],
        "stack_bytes": report["stack_bytes"],
        "weights_bytes": report["flash"]["weights_bytes"],
        "code_bytes": report["flash"]["code_bytes"],
    })
}

/// The figures that are more than 1 % over those of the ledger, or not in it.
fn grown(found: &Map<String, Value>, ledger: &Map<String, Value>) -> Vec<String> {
    let mut grown = Vec::new();
    for (model, figures) in found {
        for (what, value) in figures.as_object().expect("figures") {
            let old = ledger.get(model).and_then(|figures| figures[what].as_u64());
            let new = value.as_u64().expect("a number");
            if old.is_none_or(|old| new * 100 > old * 101) {
                grown.push(format!("{model}: {what} {new}, in the ledger {old:?}"));
            }
        }
    }
    grown
}

#[test]
fn no_model_costs_more_than_the_ledger_says() {
    set_up_board();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut found = Map::new();
    for (name, model, data) in models(folder.path()) {
        for target in TARGETS {
            let figures = figures(folder.path(), &model, &data, target);
            found.insert(format!("{name} {}", target.join(" ")), figures);
        }
    }
    assert!(found.len() >= 27, "{}", found.len());
    if std::env::var_os("TIIVIS_LEDGER").is_some_and(|what| what == "update") {
        let text = serde_json::to_string_pretty(&found).expect("JSON");
        std::fs::write(ledger(), text + "\n").expect("the ledger is written");
    }
    let text = std::fs::read_to_string(ledger()).expect("the ledger");
    let ledger: Map<String, Value> = serde_json::from_str(&text).expect("a JSON object");
    let grown = grown(&found, &ledger);
    assert!(
        grown.is_empty(),
        "{}\nmake it cheaper, or say why not and commit the ledger that \
         `TIIVIS_LEDGER=update cargo test --test ledger` writes",
        grown.join("\n")
    );
    let gone: Vec<_> = ledger
        .keys()
        .filter(|model| !found.contains_key(*model))
        .collect();
    assert!(gone.is_empty(), "in the ledger only: {gone:?}");
}

#[test]
fn what_grows_is_found() {
    let of = |cycles: u64| json!({ "a": { "cycles_mid": cycles } });
    let grown = |new, old| {
        let [new, old]: [Value; 2] = [new, old];
        grown(new.as_object().expect("one"), old.as_object().expect("one")).len()
    };
    assert_eq!(grown(of(101), of(100)), 0);
    assert_eq!(grown(of(102), of(100)), 1);
    assert_eq!(grown(of(1), of(100)), 0);
    assert_eq!(grown(of(1), json!({})), 1);
}
