//! A model's whole way, from the ONNX file to the integers that the device would compute.

use std::path::{Path, PathBuf};
use tiivis::compress::CompressError;
use tiivis::data::{Array, Elements, read_npz};
use tiivis::emit::{self, EmitOptions};
use tiivis::import::{ImportError, onnx};
use tiivis::ir::{Graph, Op};
use tiivis::measure::{float, sim};
use tiivis::quantize::{self, Method};
use tiivis::{ir, passes};

/// Samples that are drawn for calibration, besides those that are given.
const DRAWN: usize = 24;

/// Why a model did not become a blob.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It cannot be read.
    Import(ImportError),
    /// It was read and cannot be compiled.
    Compile(CompressError),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Import(error) => write!(f, "import: {error}"),
            Self::Compile(error) => write!(f, "compile: {error}"),
        }
    }
}

/// A model file and its golden arrays: inputs, and what ONNX Runtime answers.
pub(crate) struct Case {
    /// Name of the file.
    pub(crate) name: String,
    /// The file.
    pub(crate) model: Vec<u8>,
    /// By name of input or output.
    pub(crate) arrays: Vec<(String, Array)>,
}

/// The `.onnx` files of a folder with the `.npz` files beside them.
pub(crate) fn models(folder: &Path) -> Vec<Case> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it is readable").path());
    let mut paths: Vec<_> = paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "onnx")
        })
        .collect();
    paths.sort();
    let case = |path: &PathBuf| Case {
        name: path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy()
            .into_owned(),
        model: std::fs::read(path).expect("it is readable"),
        arrays: read_npz(&path.with_extension("npz")).expect("every model has its arrays"),
    };
    paths.iter().map(case).collect()
}

/// A model at the end of its way.
pub(crate) struct Arrived {
    /// After the lossless passes.
    pub(crate) simplified: Graph,
    /// What the blob computes for the given inputs, one array per output, real.
    pub(crate) integer: Vec<Array>,
    /// What the float network computes for the given inputs as the blob's integers hold them.
    pub(crate) of_rounded: Vec<(String, Array)>,
}

impl Arrived {
    /// Transpositions that are left in the graph that was compiled.
    pub(crate) fn transposes(&self) -> usize {
        let nodes = self.simplified.nodes.iter();
        nodes
            .filter(|node| matches!(node.op, Op::Transpose { .. }))
            .count()
    }
}

/// Takes a model the whole way, calibrated with the inputs of the case and with random ones that
/// are distributed alike, and runs the blob on those inputs.
pub(crate) fn walk(case: &Case) -> Result<Arrived, Refusal> {
    let Case {
        name,
        model,
        arrays,
    } = case;
    let (mut graph, _) = onnx::import(model, name).map_err(Refusal::Import)?;
    ir::verify(&graph).expect("what is imported is sound");
    let compile = |error: CompressError| Refusal::Compile(error);
    passes::simplify(&mut graph, &mut |_, _| {}).map_err(|error| compile(error.into()))?;
    let given: Vec<_> = graph
        .inputs
        .iter()
        .map(|port| named(arrays, &port.name))
        .collect();
    let drawn: Vec<_> = given
        .iter()
        .zip(0..)
        .map(|(array, seed)| alike(array, seed))
        .collect();
    let drawn: Vec<_> = drawn.iter().collect();
    let batches = |arrays: &[&'_ Array]| -> Result<Vec<_>, Refusal> {
        let all: Vec<_> = (0..arrays.first().map_or(0, |array| array.shape[0])).collect();
        let batches = float::batches(&graph, arrays, &all);
        Ok(batches.map_err(|error| compile(error.into()))?.collect())
    };
    let mut samples = batches(&given)?;
    samples.extend(batches(&drawn)?);
    let ranges = quantize::calibrate(&graph, samples, Method::MinMax, &mut |_| {})
        .map_err(|error| compile(error.into()))?;
    let quantized = quantize::quantize(&graph, &ranges).map_err(|error| compile(error.into()))?;
    let compiled = emit::compile(&quantized, &EmitOptions::default())
        .map_err(|error| compile(error.into()))?;
    let blob = sim::Blob::new(&compiled.blob).expect("what is emitted is sound");
    let model = blob.model();
    let inputs = sim::quantize(&model, &given).expect("the golden inputs fit the blob");
    let outputs = sim::run(&model, &inputs, &|_| {});
    let integer = model
        .outputs()
        .zip(&outputs)
        .map(|(port, values)| sim::output_array(&port, values, true))
        .collect();
    let rounded: Vec<_> = model
        .inputs()
        .zip(&inputs.values)
        .map(|(port, values)| sim::output_array(&port, values, true))
        .collect();
    let rounded: Vec<_> = rounded.iter().collect();
    let of_rounded = float::run(&graph, &rounded, &|_| {}).expect("the golden inputs fit");
    let names = graph.outputs.iter().map(|port| port.name.clone());
    Ok(Arrived {
        of_rounded: names.zip(of_rounded).collect(),
        simplified: graph,
        integer,
    })
}

/// The array of this name.
pub(crate) fn named<'a>(arrays: &'a [(String, Array)], name: &str) -> &'a Array {
    let found = arrays.iter().find(|(key, _)| key == name);
    &found.unwrap_or_else(|| panic!("no array `{name}`")).1
}

/// The elements of a float array.
pub(crate) fn floats(array: &Array) -> &[f32] {
    let Elements::F32(values) = &array.elements else {
        panic!("float32 is expected, found {}", array.elements.type_name());
    };
    values
}

/// The elements of an array of floats, or of indices.
fn numbers(array: &Array) -> Vec<f32> {
    match &array.elements {
        #[expect(
            clippy::cast_precision_loss,
            clippy::as_conversions,
            reason = "indices are small"
        )]
        Elements::I32(indices) => indices.iter().map(|&index| index as f32).collect(),
        _ => floats(array).to_vec(),
    }
}

/// Signal to quantization noise ratio in dB of the worst output; no error is infinitely good.
pub(crate) fn sqnr(graph: &Graph, found: &[Array], expected: &[(String, Array)]) -> f64 {
    let mut worst = f64::INFINITY;
    for (port, found) in graph.outputs.iter().zip(found) {
        let expected = named(expected, &port.name);
        assert_eq!(found.shape, expected.shape, "{}", port.name);
        worst = worst.min(ratio(&numbers(found), floats(expected)));
    }
    worst
}

fn ratio(found: &[f32], expected: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let signal: f64 = expected.iter().map(|&x| square(x)).sum();
    let noise: f64 = found
        .iter()
        .zip(expected)
        .map(|(&found, &expected)| square(found - expected))
        .sum();
    if noise == 0.0 {
        return f64::INFINITY;
    }
    10.0 * (signal / noise).log10()
}

/// Random samples between the least and the greatest element of an array.
fn alike(array: &Array, seed: u64) -> Array {
    let values = floats(array);
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut shape = array.shape.clone();
    shape[0] = DRAWN;
    let mut random = Random(seed);
    let count = shape.iter().product();
    let drawn = (0..count).map(|_| low + (high - low) * random.unit());
    Array::f32(shape, drawn.collect())
}

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014).
struct Random(u64);

impl Random {
    /// Evenly in 0 to 1.
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bits = u16::try_from((z ^ (z >> 31)) >> 48).expect("16 bits are left");
        f32::from(bits) / f32::from(u16::MAX)
    }
}

/// The repository.
pub(crate) fn repository() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("a folder of the repository")
}
