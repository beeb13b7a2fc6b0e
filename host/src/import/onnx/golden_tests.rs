//! The importer against ONNX Runtime: `tests/golden/onnx_ops` (small models with its answers) and
//! the exported networks; and against files that must be refused.

use super::import;
use crate::data::{Array, read_npz};
use crate::ir::{self, Graph, Op};
use crate::measure::float;
use std::path::{Path, PathBuf};

/// Largest difference to ONNX Runtime, in units of the largest number of the output or of 1: sums
/// are taken in another order. 8.4e-7 was found.
const TOLERANCE: f32 = 4e-6;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .to_owned()
}

/// The models of a folder, by name.
pub(super) fn models(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = repository().join(folder);
    let entries = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut models: Vec<_> = entries
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "onnx")
        })
        .map(|path| {
            (
                path.file_stem().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    models.sort();
    models
}

fn imported(bytes: &[u8], name: &str) -> Result<Graph, String> {
    let (graph, _) = import(bytes, name).map_err(|error| format!("not imported: {error}"))?;
    ir::verify(&graph).map_err(|error| format!("not verified: {error}"))?;
    Ok(graph)
}

/// Largest error of the graph's outputs, in units of the tolerance's scale.
fn error(graph: &Graph, arrays: &[(String, Array)]) -> Result<f32, String> {
    let array = |name: &str| {
        let found = arrays.iter().find(|(key, _)| key == name);
        found
            .map(|(_, array)| array)
            .ok_or_else(|| format!("no array `{name}`"))
    };
    let inputs: Result<Vec<&Array>, String> =
        graph.inputs.iter().map(|port| array(&port.name)).collect();
    let outputs =
        float::run(graph, &inputs?, &|_| {}).map_err(|error| format!("not run: {error}"))?;
    let mut largest = 0f32;
    for (port, output) in graph.outputs.iter().zip(&outputs) {
        let expected = array(&port.name)?;
        if output.shape != expected.shape {
            return Err(format!(
                "shape {:?}, expected {:?}",
                output.shape, expected.shape
            ));
        }
        let (found, expected) = (floats(output), floats(expected));
        let scale = expected
            .iter()
            .fold(1f32, |scale, value| scale.max(value.abs()));
        for (found, expected) in found.iter().zip(expected) {
            if !found.is_finite() {
                return Err(format!("{found} where {expected} is expected"));
            }
            largest = largest.max((found - expected).abs() / scale);
        }
    }
    Ok(largest)
}

fn floats(array: &Array) -> &[f32] {
    match &array.elements {
        crate::data::Elements::F32(values) => values,
        other => panic!("{} where float32 is expected", other.type_name()),
    }
}

#[test]
fn every_case_equals_onnx_runtime() {
    let folder = repository().join("tests/golden/onnx_ops");
    let mut failures = Vec::new();
    let mut largest = (0f32, String::new());
    let cases = models("tests/golden/onnx_ops");
    assert!(cases.len() >= 216, "the suite is there");
    for (name, bytes) in &cases {
        let arrays = read_npz(&folder.join(format!("{name}.npz"))).unwrap();
        match imported(bytes, name).and_then(|graph| error(&graph, &arrays)) {
            Ok(error) if error <= TOLERANCE => {
                if error > largest.0 {
                    largest = (error, name.clone());
                }
            }
            Ok(error) => failures.push(format!("{name}: error {error}")),
            Err(reason) => failures.push(format!("{name}: {reason}")),
        }
    }
    println!(
        "{} cases, largest error {} ({})",
        cases.len(),
        largest.0,
        largest.1
    );
    assert!(
        failures.is_empty(),
        "{} of {} cases:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

fn transposes(graph: &Graph) -> usize {
    graph
        .nodes
        .iter()
        .filter(|node| matches!(node.op, Op::Transpose { .. }))
        .count()
}

#[test]
fn no_transpose_is_left_where_none_is_needed() {
    let cases = models("tests/golden/onnx_ops");
    // Here elements move: flattened maps are joined, a vector is unfolded into a map, heads are
    // taken apart, channels become pixels or the other way round, elements are picked one by one in
    // the source's order.
    let moving = cases
        .iter()
        .filter(|(name, bytes)| transposes(&imported(bytes, name).unwrap()) > 0);
    let moving: Vec<&str> = moving.map(|(name, _)| name.as_str()).collect();
    let expected = [
        "composed__hardmax_opset11",
        "moves__channel_shuffle",
        "moves__depth_to_space_crd",
        "moves__depth_to_space_dcr",
        "moves__depth_to_space_opset7",
        "moves__gather_elements",
        "moves__gather_nd",
        "moves__gather_nd_batched",
        "moves__pixel_shuffle",
        "moves__space_to_depth",
        "net_concat_flattened_maps",
        "net_dense_to_map",
        "weighted__attention",
    ];
    assert_eq!(moving, expected);
}

#[test]
fn exported_networks_equal_onnx_runtime() {
    let arrays = read_npz(&repository().join("tests/golden/fashion_ort.npz")).unwrap();
    let array = |name: &str| {
        arrays
            .iter()
            .find(|(key, _)| key == name)
            .unwrap()
            .1
            .clone()
    };
    for (path, answers) in [
        ("host/assets/fashion/cnn.onnx", "y_ort"),
        ("tests/fixtures/onnx/cnn_legacy.onnx", "y_ort_legacy"),
    ] {
        let graph = imported(&std::fs::read(repository().join(path)).unwrap(), path).unwrap();
        assert_eq!(transposes(&graph), 0, "{path}");
        let named = [
            ("image".into(), array("x")),
            ("probabilities".into(), array(answers)),
        ];
        let error = error(&graph, &named).unwrap();
        println!("{path}: largest error {error}, {} nodes", graph.nodes.len());
        assert!(error < TOLERANCE, "{path}: {error}");
    }
}

#[test]
fn bad_models_are_refused_with_the_reason() {
    #[derive(serde::Deserialize)]
    struct Expected {
        why: String,
        mention: Vec<String>,
    }
    let text =
        std::fs::read_to_string(repository().join("tests/golden/onnx_bad/expect.json")).unwrap();
    let expected: std::collections::BTreeMap<String, Expected> =
        serde_json::from_str(&text).unwrap();
    let mut failures = Vec::new();
    for (name, bytes) in models("tests/golden/onnx_bad") {
        let expected = &expected[&name];
        let refused = if bytes.is_empty() {
            crate::import::load(&repository().join(format!("tests/golden/onnx_bad/{name}.onnx")))
                .map(|_| ())
        } else {
            import(&bytes, &name).map(|_| ())
        };
        match refused {
            Ok(()) => failures.push(format!("{name} was imported ({})", expected.why)),
            Err(error) => {
                let error = error.to_string();
                println!("{name}: {error}");
                if !expected
                    .mention
                    .iter()
                    .any(|word| error.contains(word.as_str()))
                {
                    failures.push(format!(
                        "{name}: `{error}` mentions none of {:?}",
                        expected.mention
                    ));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
