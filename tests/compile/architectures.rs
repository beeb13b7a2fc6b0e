//! Networks of well-known architectures as PyTorch's two exporters write them, taken the whole way;
//! `tests/scripts/export_architectures.py` made them.

use crate::way::{models, repository, sqnr, walk};

/// What every network reaches, in dB, with random weights on smoothed noise.
const REQUIRED_DB: f64 = 30.0;

#[test]
fn every_architecture_compiles_without_moving_elements() {
    let cases = models(&repository().join("tests/fixtures/onnx/architectures"));
    assert!(cases.len() >= 10, "the networks are there");
    for case in &cases {
        let name = &case.name;
        let arrived = walk(case).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let found = sqnr(&arrived.simplified, &arrived.integer, &case.arrays);
        println!(
            "{name}: {found:.1} dB, {} nodes",
            arrived.simplified.nodes.len()
        );
        assert!(found >= REQUIRED_DB, "{name}: {found:.1} dB");
        assert_eq!(arrived.transposes(), 0, "{name}");
    }
}
