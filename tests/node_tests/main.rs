//! The node tests of ONNX's own backend test suite: models of one operator with inputs and outputs,
//! written by others, through our importer and float evaluator.
//!
//! `TIIVIS_ONNX_NODE_TESTS` names the folder, in which every folder with a `model.onnx` is a test;
//! `tests/scripts/run_node_tests.py` makes it from the `PyPI` package `onnx` and starts this. The
//! table says what passed, failed and is not supported, and why; the counts must not fall below
//! [`FLOOR`].

mod case;
mod reason;
mod run;
mod scope;
mod table;

use case::Case;
use std::path::{Path, PathBuf};
use table::Table;

/// Tests that passed when this was last committed: `(suite, passed)`. More is better; fewer is a
/// defect.
const FLOOR: &[(&str, usize)] = &[
    ("node", 867),
    ("pytorch-converted", 75),
    ("pytorch-operator", 29),
];

/// Least part of the tests of static shape in scope that must pass, in percent.
const LEAST_PERCENT: usize = 90;

#[test]
fn onnx_node_tests_pass_or_say_why_not() {
    let Some(folder) = std::env::var_os("TIIVIS_ONNX_NODE_TESTS") else {
        println!("skipped: TIIVIS_ONNX_NODE_TESTS is not set, see tests/scripts/run_node_tests.py");
        return;
    };
    let verbose = std::env::var_os("TIIVIS_ONNX_NODE_TESTS_VERBOSE").is_some();
    let mut short = Vec::new();
    for &(suite, floor) in FLOOR {
        let mut table = Table::default();
        for folder in tests(&Path::new(&folder).join(suite)) {
            let case = Case::read(&folder);
            let outcome = case.outcome();
            if verbose {
                println!("{:40} {outcome}", case.name);
            }
            table.add(&case, outcome);
        }
        println!("\n{suite}\n{table}");
        let passed = table.passed();
        if passed < floor {
            short.push(format!("{suite}: {passed} passed, {floor} did before"));
        }
        if suite == "node" && table.percent_in_scope() < LEAST_PERCENT {
            short.push(format!(
                "{} % of the tests in scope pass, {LEAST_PERCENT} % must",
                table.percent_in_scope()
            ));
        }
        for failure in table.failures() {
            println!("failed: {failure}");
        }
    }
    assert!(short.is_empty(), "{}", short.join("\n"));
}

/// The folders of tests, sorted.
fn tests(suite: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(suite)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", suite.display()));
    let folders = entries.map(|entry| entry.expect("it is readable").path());
    let mut folders: Vec<PathBuf> = folders
        .filter(|folder| folder.join("model.onnx").exists())
        .collect();
    folders.sort();
    folders
}
