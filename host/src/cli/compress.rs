//! `tiivis compress`.

use super::isa::{self, GoalName, IsaName};
use super::shapes::ShapeArgs;
use super::{files, model, output, progress};
use crate::board::{self, Board};
use crate::compress::{self, Compressed, Recipe, Watch};
use crate::data::Dataset;
use crate::emit::{self, Layers};
use crate::frontend::{self, Description};
use crate::import::Network;
use crate::ir::Graph;
use crate::measure::float;
use crate::measure::sim::Blob;
use crate::passes;
use crate::quantize::Method;
use crate::report::{bytes, count};
use anyhow::{Context, bail};
use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;
use std::path::{Path, PathBuf};
use tiivis_runtime::frontend::Frontend;

/// Compresses a model to int8 and writes the blob that a board executes
///
/// The data set is an .npz with `x`, (N, …) in the model's own axis order, as the model eats it
/// (uint8 pixels are scaled by 1/255); of a model with several inputs, with an array of each one's name. Ranges of activations are taken from it. A model that is
/// quantized already needs none.
///
/// Example: tiivis compress model.onnx --data train.npz --board mps2-an386 -o model.tiv
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Compress {
    /// A model file (.onnx, .tflite).
    model: PathBuf,
    /// Samples for calibration (.npz), which a float model needs.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Where the blob goes (.tiv).
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Pack weights for this board's core, and refuse a model that does not fit the board.
    #[arg(long, value_name = "BOARD")]
    board: Option<String>,
    /// Pack weights for this instruction set instead of the board's [without a board: portable]. The
    /// blob runs everywhere, as fast as it can where the set is there.
    #[arg(long, value_name = "ISA")]
    isa: Option<IsaName>,
    /// What comes first.
    #[arg(long, value_name = "GOAL", default_value = "balanced")]
    optimize: GoalName,
    /// How ranges are chosen: minmax (the default), percentile:99.99, mse or entropy.
    #[arg(long, value_name = "METHOD")]
    calibration: Option<Method>,
    /// Samples to calibrate with [default: 512].
    #[arg(long, value_name = "N")]
    samples: Option<usize>,
    /// Seed of the draw of samples: same seed, same bytes [default: 0].
    #[arg(long)]
    seed: Option<u64>,
    /// Text file with the name of a class a line, carried in the blob.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Description of a front-end (.toml) that makes the input of raw samples, carried in the blob.
    #[arg(long, value_name = "FILE.toml")]
    frontend: Option<PathBuf>,
    /// Leave the layers' names out of the blob.
    #[arg(long)]
    strip_names: bool,
    /// Compute every layer's tensor as the model file has it, without fusion, folding or sharing of
    /// work between layers, for `tiivis run --dump-layers` (quantized models only).
    #[arg(long, conflicts_with = "strip_names")]
    keep_layers: bool,
    /// Also write a Rust header with the arena's size and the inputs' and outputs' constants.
    #[arg(long, value_name = "FILE.rs")]
    rust_header: Option<PathBuf>,
    /// Also write a C header with the same.
    #[arg(long, value_name = "FILE.h")]
    c_header: Option<PathBuf>,
    /// Print the graph after this pass (`all` for every pass).
    #[arg(long, value_name = "PASS")]
    dump_after: Option<String>,
    #[command(flatten)]
    shapes: ShapeArgs,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Summary<'a> {
    output: &'a Path,
    isa: &'static str,
    blob_bytes: usize,
    arena_bytes: usize,
    arena_lower_bound_bytes: u32,
    arena_proven_optimal: bool,
    steps: usize,
    macs: u64,
    /// None for a model that was quantized already.
    #[serde(skip_serializing_if = "Option::is_none")]
    calibration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calibration_samples: Option<usize>,
}

impl Compress {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let board = self.board.as_deref().map(board::find).transpose()?;
        if let Some(pass) = &self.dump_after {
            check_pass_name(pass)?;
        }
        let defaults = Recipe::default();
        let recipe = Recipe {
            method: self.calibration.unwrap_or(defaults.method),
            samples: self.samples.unwrap_or(defaults.samples),
            seed: self.seed.unwrap_or(defaults.seed),
            strip_names: self.strip_names,
            labels: self
                .labels
                .as_deref()
                .map(read_labels)
                .transpose()?
                .unwrap_or_default(),
            layers: match self.keep_layers {
                true => Layers::Kept,
                false => Layers::Optimised,
            },
            isa: isa::choose(self.isa, board.as_ref()),
            goal: self.optimize.into(),
        };
        let headers = self.rust_header.iter().chain(&self.c_header);
        files::check_targets(
            std::iter::once(&*self.model)
                .chain(self.data.as_deref())
                .chain(self.labels.as_deref())
                .chain(self.frontend.as_deref()),
            [&*self.output]
                .into_iter()
                .chain(headers.map(PathBuf::as_path)),
        )?;
        let frontend = self.frontend.as_deref();
        let frontend = frontend.map(Description::read).transpose()?;
        let imported = model::import_model(&self.model, &self.shapes.shapes())?;
        self.check_options(&imported.network)?;
        let data = match (&self.data, &imported.network) {
            (Some(path), Network::Float(graph)) => {
                Some(Dataset::read(path, &float::inputs(graph))?)
            }
            (Some(_), Network::Quantized(_)) | (None, _) => None,
        };
        let mut watch = Terminal::new(self.dump_after.as_deref());
        let mut compressed = compress::compress(imported, data.as_ref(), &recipe, &mut watch)
            .with_context(|| format!("cannot compress `{}`", self.model.display()))?;
        watch.bar.finish_and_clear();
        if let Some(description) = &frontend {
            compressed.blob = frontend::attach(&Blob::new(&compressed.blob)?, description)?;
        }

        let blob = Blob::new(&compressed.blob)?;
        if let Some(board) = &board {
            fit(board, &blob)?;
        }
        self.write(&compressed, &blob)?;
        self.show(&compressed, &blob, &recipe)
    }

    /// Refuses options that say nothing about this network, and the lack of those that it needs.
    fn check_options(&self, network: &Network) -> anyhow::Result<()> {
        let model = self.model.display();
        match network {
            Network::Float(_) => {
                if self.data.is_none() {
                    bail!(
                        "`{model}` is a float32 model, and the ranges of its activations are taken from \
                         samples: add --data train.npz"
                    );
                }
                if self.keep_layers {
                    bail!(
                        "--keep-layers keeps the layers of a quantized model, and `{model}` is float32, \
                         whose layers become others when it is quantized: leave the option out"
                    );
                }
            }
            Network::Quantized(_) => {
                let given = [
                    ("--calibration", self.calibration.is_some()),
                    ("--samples", self.samples.is_some()),
                    ("--seed", self.seed.is_some()),
                    ("--dump-after", self.dump_after.is_some()),
                ];
                if let Some((option, _)) = given.iter().find(|(_, given)| *given) {
                    bail!(
                        "{option} is about quantizing a float32 model, and `{model}` is quantized \
                         already, with scales of its own: leave the option out"
                    );
                }
            }
        }
        Ok(())
    }

    fn write(&self, compressed: &Compressed, blob: &Blob) -> anyhow::Result<()> {
        let model = blob.model();
        let name = self
            .output
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.context("the output must name a file")?;
        let save = |path: &Path, bytes: &[u8]| {
            emit::write_atomically(path, bytes)
                .with_context(|| format!("cannot write `{}`", path.display()))
        };
        save(&self.output, &compressed.blob)?;
        if let Some(path) = &self.rust_header {
            save(
                path,
                emit::rust_header(&model, blob.bytes(), &name).as_bytes(),
            )?;
        }
        if let Some(path) = &self.c_header {
            save(path, emit::c_header(&model, blob.bytes(), &name).as_bytes())?;
        }
        Ok(())
    }

    fn show(&self, compressed: &Compressed, blob: &Blob, recipe: &Recipe) -> anyhow::Result<()> {
        let model = blob.model();
        let is_float = matches!(compressed.network, Network::Float(_));
        let summary = Summary {
            output: &self.output,
            isa: model.program().isa.name(),
            blob_bytes: compressed.blob.len(),
            arena_bytes: model.arena_bytes(),
            arena_lower_bound_bytes: compressed.plan.lower_bound_bytes,
            arena_proven_optimal: compressed.plan.proven_optimal,
            steps: model.steps().len(),
            macs: model.steps().map(|step| step.op.macs()).sum(),
            calibration: is_float.then(|| recipe.method.to_string()),
            calibration_samples: is_float.then_some(compressed.calibration_samples),
        };
        if self.json {
            return output::json(&summary);
        }
        output::text(describe(&summary))
    }
}

fn describe(summary: &Summary<'_>) -> String {
    let proof = if summary.arena_proven_optimal {
        "proven minimal".to_owned()
    } else {
        format!(
            "at least {} are live at once",
            bytes(summary.arena_lower_bound_bytes)
        )
    };
    let ranges = match (&summary.calibration, summary.calibration_samples) {
        (Some(method), Some(samples)) => format!("calibration {method} over {samples} samples"),
        (None, _) | (_, None) => "scales      as in the model file".to_owned(),
    };
    format!(
        "{}: {}, {} steps, {} MAC, for {} cores\n  arena       {} ({proof})\n  {ranges}\n",
        summary.output.display(),
        bytes(summary.blob_bytes),
        summary.steps,
        count(summary.macs),
        summary.isa,
        bytes(summary.arena_bytes),
    )
}

/// Refuses a model that a board has no room for.
pub(super) fn fit(board: &Board, blob: &Blob) -> anyhow::Result<()> {
    let room = u64::from(board.model_region_bytes());
    let needed = u64::try_from(blob.bytes().len())?;
    if needed > room {
        bail!(
            "the model does not fit board `{}`: it is {} and the model's flash region has {}, {} too few: \
             compress it further or choose a larger board (see `tiivis boards`)",
            board.id,
            bytes(needed),
            bytes(room),
            bytes(needed - room)
        );
    }
    // The firmware's own statics take a little more, which the firmware itself checks.
    let room = u64::from(board.ram.bytes - board.stack_bytes);
    let frontends = blob
        .model()
        .frontends()
        .map(|spec| Frontend::memory_bytes(&spec));
    let frontends = u64::try_from(frontends.sum::<usize>())?;
    let needed = u64::from(blob.model().program().arena_bytes) + frontends;
    if needed > room {
        bail!(
            "the model does not fit board `{}`: its arena and front-end are {} and the board has {} of RAM beside \
             the stack, {} too few: choose a smaller model or a larger board (see `tiivis boards`)",
            board.id,
            bytes(needed),
            bytes(room),
            bytes(needed - room)
        );
    }
    Ok(())
}

fn check_pass_name(name: &str) -> anyhow::Result<()> {
    let names: Vec<_> = passes::PIPELINE.iter().map(|pass| pass.name).collect();
    if name != "all" && !names.contains(&name) {
        bail!(
            "no pass is named `{name}`: the passes are {}, or `all`",
            names.join(", ")
        );
    }
    Ok(())
}

fn read_labels(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(text
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect())
}

/// Shows progress and dumps on the terminal.
pub(super) struct Terminal<'a> {
    dump_after: Option<&'a str>,
    pub(super) bar: ProgressBar,
}

impl<'a> Terminal<'a> {
    pub(super) fn new(dump_after: Option<&'a str>) -> Self {
        Self {
            dump_after,
            bar: progress::bar("calibration", 0),
        }
    }
}

impl Watch for Terminal<'_> {
    fn after_pass(&mut self, name: &'static str, graph: &Graph) {
        if self
            .dump_after
            .is_some_and(|wanted| wanted == "all" || wanted == name)
        {
            // Beside the result, which may be JSON.
            eprintln!("after {name}:\n{graph}");
        }
    }

    fn calibrated(&mut self, samples: usize, total: usize) {
        self.bar.set_length(progress::steps(total));
        self.bar.inc(progress::steps(samples));
    }
}
