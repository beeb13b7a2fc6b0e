//! From an imported model and data to a blob: the recipe and its steps.

mod samples;

use crate::data::{DataError, Dataset};
use crate::emit::{self, CompileError, EmitOptions, Layers};
use crate::import::{Imported, Network};
use crate::ir::Graph;
use crate::lower::Goal;
use crate::measure::float;
use crate::passes::{self, PassError};
use crate::plan::Plan;
use crate::quantize::graph::QGraph;
use crate::quantize::{self, CalibrateError, Method, QuantizeError};
use tiivis_runtime::blob::Isa;

/// What `compress` is told.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// How ranges are chosen.
    pub method: Method,
    /// Samples that calibration reads, drawn from the data set; all if there are fewer.
    pub samples: usize,
    /// Seed of the draw.
    pub seed: u64,
    /// Leave the layers' names out of the blob.
    pub strip_names: bool,
    /// Names of the classes.
    pub labels: Vec<String>,
    /// What may become of the layers of a network that is quantized already.
    pub layers: Layers,
    /// What weights are packed for.
    pub isa: Isa,
    /// What comes first.
    pub goal: Goal,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            method: Method::MinMax,
            samples: 512,
            seed: 0,
            strip_names: false,
            labels: Vec::new(),
            layers: Layers::Optimised,
            isa: Isa::Portable,
            goal: Goal::Balanced,
        }
    }
}

/// What `compress` made.
#[derive(Clone, Debug)]
pub struct Compressed {
    /// The blob.
    pub blob: Vec<u8>,
    /// What was compiled: the float graph that was quantized, after the lossless passes, or the
    /// quantized one that the file holds.
    pub network: Network,
    /// Where everything lies.
    pub plan: Plan,
    /// Samples that calibration read; 0 for a network that was quantized already.
    pub calibration_samples: usize,
}

/// Why a model could not be compressed.
#[derive(Debug, thiserror::Error)]
pub enum CompressError {
    /// A pass found or left something wrong.
    #[error(transparent)]
    Pass(#[from] PassError),
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// No ranges.
    #[error(transparent)]
    Calibrate(#[from] CalibrateError),
    /// No integers.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// No blob.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// Ranges come from data.
    #[error(
        "the model is float32, and the ranges of its activations are taken from samples: give a data set"
    )]
    NoData,
}

/// What happens while compressing, for progress and dumps.
pub trait Watch {
    /// The graph after a pass.
    fn after_pass(&mut self, name: &'static str, graph: &Graph);
    /// Calibration read so many samples more, of `total`.
    fn calibrated(&mut self, samples: usize, total: usize);
}

/// Simplifies, calibrates, quantizes, plans and emits. A network that is quantized already is
/// planned and emitted as it is, and needs no data.
///
/// # Errors
/// See [`CompressError`].
pub fn compress(
    imported: Imported,
    data: Option<&Dataset>,
    recipe: &Recipe,
    watch: &mut dyn Watch,
) -> Result<Compressed, CompressError> {
    let options = |recipe_text| EmitOptions {
        tool: concat!("tiivis ", env!("CARGO_PKG_VERSION")).to_owned(),
        source_sha256: Some(imported.source_sha256),
        recipe: format!("{recipe_text}{}", imported.shapes),
        strip_names: recipe.strip_names,
        labels: recipe.labels.clone(),
        isa: recipe.isa,
        goal: recipe.goal,
    };
    match imported.network {
        Network::Float(mut graph) => {
            let data = data.ok_or(CompressError::NoData)?;
            let (quantized, samples) = quantized(&mut graph, data, recipe, watch)?;
            let compiled = emit::compile(&quantized, &options(text(recipe, samples)))?;
            Ok(Compressed {
                blob: compiled.blob,
                network: Network::Float(graph),
                plan: compiled.plan,
                calibration_samples: samples,
            })
        }
        Network::Quantized(graph) => {
            let kept = match recipe.layers {
                Layers::Optimised => "",
                Layers::Kept => "layers = kept\n",
            };
            let options = options(format!("{QUANTIZED}{kept}"));
            let compiled = emit::compile_for(&graph, &options, recipe.layers)?;
            Ok(Compressed {
                blob: compiled.blob,
                network: Network::Quantized(graph),
                plan: compiled.plan,
                calibration_samples: 0,
            })
        }
    }
}

/// The recipe of a network that was quantized when it came.
const QUANTIZED: &str = "quantization = as in the model file\n";

/// Simplifies `graph` and makes it one of integers; also how many samples gave the ranges.
fn quantized(
    graph: &mut Graph,
    data: &Dataset,
    recipe: &Recipe,
    watch: &mut dyn Watch,
) -> Result<(QGraph, usize), CompressError> {
    passes::simplify(graph, &mut |name, graph| watch.after_pass(name, graph))?;
    let chosen = samples::draw(data.len(), recipe.samples, recipe.seed);
    let total = chosen.len();
    let batches = float::batches(graph, &data.arrays(), &chosen)?;
    let ranges = quantize::calibrate(graph, batches, recipe.method, &mut |samples| {
        watch.calibrated(samples, total);
    })?;
    Ok((quantize::quantize(graph, &ranges)?, total))
}

/// The recipe as the blob carries it: one `key = value` a line.
fn text(recipe: &Recipe, samples: usize) -> String {
    let Recipe { method, seed, .. } = recipe;
    format!("calibration = {method}\nsamples = {samples}\nseed = {seed}\n")
}
