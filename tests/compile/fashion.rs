//! The exported Fashion-MNIST networks in float against ONNX Runtime, before and after the passes.

use crate::way::{floats, named, repository};
use tiivis::data::{Array, Elements, read_npz};
use tiivis::ir::Graph;
use tiivis::measure::{accuracy, float};
use tiivis::{import, passes};

/// Largest difference of a probability. Found: 8.3e-7.
const TOLERANCE: f32 = 2e-6;

/// The network as it was imported, and after the passes.
fn graphs(path: &str) -> [Graph; 2] {
    let imported = import::load(&repository().join(path))
        .expect("it is supported")
        .network
        .into_float()
        .expect("it is float");
    let mut simplified = imported.clone();
    passes::simplify(&mut simplified, &mut |_, _| {}).expect("the passes settle");
    assert!(simplified.nodes.len() < imported.nodes.len(), "{path}");
    [imported, simplified]
}

fn evaluated(graph: &Graph, x: &Array) -> Array {
    let mut outputs = float::run(graph, &[x], &|_| {}).expect("images fit");
    outputs.remove(0)
}

#[test]
fn probabilities_and_all_classes_equal_onnx_runtime() {
    let golden = read_npz(&repository().join("tests/golden/fashion_ort.npz")).expect("golden");
    let test = read_npz(&repository().join("host/assets/fashion/test.npz")).expect("images");
    let classes: Vec<i32> = match &named(&golden, "top1_ort").elements {
        Elements::I32(classes) => classes.clone(),
        other => panic!("{} classes", other.type_name()),
    };
    assert_eq!(classes.len(), 2000);
    for (path, answers) in [
        ("host/assets/fashion/cnn.onnx", "y_ort"),
        ("tests/fixtures/onnx/cnn_legacy.onnx", "y_ort_legacy"),
    ] {
        for (stage, graph) in ["imported", "simplified"].iter().zip(graphs(path)) {
            let probabilities = evaluated(&graph, named(&golden, "x"));
            let expected = floats(named(&golden, answers)).iter();
            let error = floats(&probabilities)
                .iter()
                .zip(expected)
                .fold(0f32, |largest, (found, expected)| {
                    largest.max((found - expected).abs())
                });
            println!("{path}, {stage}: largest error {error:e} over 32 images");
            assert!(error <= TOLERANCE, "{path}, {stage}: {error}");

            let scores = evaluated(&graph, named(&test, "x"));
            let found = accuracy::classes(&scores).expect("probabilities");
            let other = found
                .iter()
                .zip(&classes)
                .filter(|(found, class)| i32::try_from(**found).ok() != Some(**class))
                .count();
            assert_eq!(other, 0, "{path}, {stage}: classes that differ");
        }
    }
}
