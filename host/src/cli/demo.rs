//! `tiivis demo`.

use super::{compress, eval, model, output, progress};
use crate::board::{self, doctor};
use crate::compress::Recipe;
use crate::data::Dataset;
use crate::emit;
use crate::import::Shapes;
use crate::measure::accuracy::Accuracy;
use crate::measure::bench;
use crate::measure::emulate::Emulator;
use crate::measure::float;
use crate::measure::sim::{self, Blob};
use crate::report::{bytes, count};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};

/// The network that the demo compiles, trained and exported by `tests/scripts/train_fashion.py`.
const MODEL: &[u8] = include_bytes!("../../assets/fashion/cnn.onnx");
/// Samples that calibration draws from.
const TRAIN: &[u8] = include_bytes!("../../assets/fashion/train.npz");
/// Samples that accuracy is measured on.
const TEST: &[u8] = include_bytes!("../../assets/fashion/test.npz");
/// Names of the classes.
const LABELS: [&str; 10] = [
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
];
/// The board that the demo runs on.
const BOARD: &str = "mps2-an386";

/// The whole road once: a trained network to a running, emulated Cortex-M4
///
/// Imports a CNN that PyTorch exported, compresses it to int8, runs it on the host and on the
/// board, checks that both give the same bytes, and shows what it costs. Installs what the board
/// needs (see `tiivis doctor`).
///
/// Example: tiivis demo
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Demo {
    /// Where the files go.
    #[arg(long, value_name = "FOLDER", default_value = "target/demo")]
    output: PathBuf,
    /// Images to run on the emulated board.
    #[arg(long, value_name = "N", default_value_t = 3)]
    images: usize,
}

impl Demo {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let files = self.unpack()?;
        output::text("1. import\n")?;
        let imported = model::import_model(&files.model, &Shapes::default())?;
        output::text(format_args!(
            "   {}, {}, {} nodes\n",
            imported.format,
            bytes(imported.source_bytes),
            imported.network.node_count()
        ))?;
        let graph = imported.network.clone().into_float();
        let graph = model::simplified(graph.context("the demo's network is float")?)?;
        let inputs = float::inputs(&graph);
        let test = Dataset::read(&files.test, &inputs)?;
        let labels = test.y.as_deref().context("the demo's data has labels")?;
        let float = Accuracy::of("float32", &eval::float_classes(&graph, &test)?, labels);
        output::text(format_args!("   {float}\n"))?;

        output::text("2. compress\n")?;
        let train = Dataset::read(&files.train, &inputs)?;
        let recipe = Recipe {
            labels: LABELS.map(str::to_owned).to_vec(),
            isa: board::find(BOARD)?.isa(),
            ..Recipe::default()
        };
        let mut watch = compress::Terminal::new(None);
        let compressed = crate::compress::compress(imported, Some(&train), &recipe, &mut watch)?;
        watch.bar.finish_and_clear();
        let blob = Blob::new(&compressed.blob)?;
        emit::write_atomically(&files.blob, blob.bytes())
            .with_context(|| format!("cannot write `{}`", files.blob.display()))?;
        output::text(format_args!(
            "   {} nodes, {} MAC, calibrated over {} samples; {} with {} of arena\n",
            compressed.network.node_count(),
            count(blob.model().steps().map(|step| step.op.macs()).sum::<u64>()),
            compressed.calibration_samples,
            bytes(blob.bytes().len()),
            bytes(blob.model().arena_bytes())
        ))?;

        output::text("3. run on the host\n")?;
        let int8 = Accuracy::of(
            "int8, integer kernels",
            &eval::int8_classes(&blob, &test, None)?,
            labels,
        );
        output::text(format_args!(
            "   {int8}\n   {:.2} points under float\n",
            float.percent - int8.percent
        ))?;

        output::text(format_args!("4. run on {BOARD}\n"))?;
        self.bench(&blob, &test)?;
        output::text(format_args!(
            "\nNext: tiivis bench {} --board {BOARD}, and the README for a model of your own.\n",
            files.blob.display()
        ))
    }

    fn bench(&self, blob: &Blob, test: &Dataset) -> anyhow::Result<()> {
        let board = board::find(BOARD)?;
        let bar = progress::spinner("looking for the tools");
        doctor::fix(&board, &mut |line| progress::say(&bar, line))?;
        let inputs =
            sim::quantize(&blob.model(), &test.arrays())?.first(self.images.clamp(1, test.len()));
        let measured = bench::bench(&board, blob, &inputs, Emulator::InProcess, &mut |what| {
            bar.set_message(what.to_owned());
        })?;
        bar.finish_and_clear();
        output::text(&measured.report)
    }

    fn unpack(&self) -> anyhow::Result<Files> {
        let folder = &self.output;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot create `{}`", folder.display()))?;
        let files = Files {
            model: folder.join("cnn.onnx"),
            train: folder.join("train.npz"),
            test: folder.join("test.npz"),
            blob: folder.join("cnn.tiv"),
        };
        for (path, content) in [
            (&files.model, MODEL),
            (&files.train, TRAIN),
            (&files.test, TEST),
        ] {
            if !is(path, content) {
                emit::write_atomically(path, content)
                    .with_context(|| format!("cannot write `{}`", path.display()))?;
            }
        }
        Ok(files)
    }
}

struct Files {
    model: PathBuf,
    train: PathBuf,
    test: PathBuf,
    blob: PathBuf,
}

fn is(path: &Path, content: &[u8]) -> bool {
    std::fs::read(path).is_ok_and(|found| found == content)
}
