//! Small models of common kinds as PyTorch's two exporters write them with a symbolic batch, taken the
//! whole way; `tests/scripts/export_models.py` made them.

use crate::way::{floats, models, named, repository, sqnr, walk};
use tiivis::measure::float;

/// What every model reaches, in dB, with random weights on random inputs.
const REQUIRED_DB: f64 = 20.0;

/// Largest difference of the float network to ONNX Runtime, in units of the largest number of the
/// output or of 1: sums are taken in another order.
const TOLERANCE: f32 = 1e-5;

#[test]
fn every_exported_model_is_imported_and_compiles() {
    let cases = models(&repository().join("tests/fixtures/onnx/models"));
    assert!(cases.len() >= 30, "the models are there");
    let mut failures = Vec::new();
    for case in &cases {
        let name = &case.name;
        let arrived = match walk(case) {
            Ok(arrived) => arrived,
            Err(refusal) => {
                failures.push(format!("{name}: {refusal}"));
                continue;
            }
        };
        let graph = &arrived.simplified;
        let given: Vec<_> = graph
            .inputs
            .iter()
            .map(|port| named(&case.arrays, &port.name))
            .collect();
        let outputs = float::run(graph, &given, &|_| {}).expect("the golden inputs fit");
        let mut largest = 0f32;
        for (port, found) in graph.outputs.iter().zip(&outputs) {
            let expected = named(&case.arrays, &port.name);
            assert_eq!(found.shape, expected.shape, "{name}: {}", port.name);
            let scale = floats(expected)
                .iter()
                .fold(1f32, |scale, x| scale.max(x.abs()));
            let pairs = floats(found).iter().zip(floats(expected));
            largest = pairs.fold(largest, |all, (a, b)| all.max((a - b).abs() / scale));
        }
        let db = sqnr(graph, &arrived.integer, &case.arrays);
        println!(
            "{name:24} {:3} nodes, {} transposes, float {largest:.1e}, int8 {db:.1} dB",
            graph.nodes.len(),
            arrived.transposes()
        );
        if !(largest <= TOLERANCE && db >= REQUIRED_DB) {
            failures.push(format!("{name}: float error {largest:e}, int8 {db:.1} dB"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
