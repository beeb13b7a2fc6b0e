//! `tiivis bench`.

use super::isa::TargetArgs;
use super::model::Unsigned;
use super::shapes::ShapeArgs;
use super::{compress, files, model, output, progress, run, samples};
use crate::board::{self, Board};
use crate::emit;
use crate::measure::bench::{self, Measured};
use crate::measure::emulate::Emulator;
use crate::measure::sim::{self, Blob, Inputs};
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::ffi::OsString;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Runs a model on an emulated board and counts what it costs
///
/// Every sample's output is compared with the host simulation, byte for byte. Instructions are
/// exact; cycles are an estimate over them, with its range.
///
/// Example: tiivis bench model.tiv --board mps2-an386 --json
///          tiivis bench model.tiv --board mps2-an386 --signal x.wav
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Bench {
    /// A compiled model (.tiv), or a quantized one (.tflite), which is compiled first.
    model: PathBuf,
    /// The board, see `tiivis boards`.
    #[arg(long, value_name = "BOARD")]
    board: String,
    #[command(flatten)]
    target: TargetArgs,
    /// What executes the firmware.
    #[arg(long, value_name = "EMULATOR", default_value = "in-process")]
    emulator: EmulatorName,
    /// Input arrays as for `tiivis run`; without them, the inputs' zero points.
    #[arg(long, value_name = "[NAME=]FILE")]
    input: Vec<OsString>,
    /// Run the first so many samples of the inputs.
    #[arg(long, value_name = "N", default_value_t = 1)]
    samples: usize,
    /// Count the model's front-end instead of its layers: a 16-bit WAV file or an int16 .npy of raw
    /// samples, whose every frame goes through it and every input of those through the model.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["input", "samples"])]
    signal: Option<PathBuf>,
    /// Write firmware, model and samples as one ELF file that both emulators run.
    #[arg(long, value_name = "FILE.elf")]
    save_elf: Option<PathBuf>,
    #[command(flatten)]
    shapes: ShapeArgs,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum EmulatorName {
    /// The one in this program.
    InProcess,
    /// `qemu-system-arm`.
    Qemu,
}

impl From<EmulatorName> for Emulator {
    fn from(name: EmulatorName) -> Self {
        match name {
            EmulatorName::InProcess => Self::InProcess,
            EmulatorName::Qemu => Self::Qemu,
        }
    }
}

impl Bench {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let board = board::find(&self.board)?;
        files::check_targets(
            std::iter::once(&*self.model).chain(self.signal.as_deref()),
            self.save_elf.as_deref(),
        )?;
        let target = self.target.target(&self.model, &board)?;
        let (blob, unsigned) = model::integer(&self.model, target, &self.shapes.shapes())?;
        compress::fit(&board, &blob)?;
        if let Some(signal) = &self.signal {
            return self.listen(&board, &blob, signal);
        }
        let inputs = self.inputs(&blob, &unsigned)?;
        let bar = progress::spinner("");
        let measured = bench::bench(&board, &blob, &inputs, self.emulator.into(), &mut |what| {
            bar.set_message(what.to_owned());
        })?;
        bar.finish_and_clear();
        self.show(&measured)
    }

    /// Counts the front-end over a signal.
    fn listen(&self, board: &Board, blob: &Blob, signal: &Path) -> anyhow::Result<()> {
        let samples = samples::read(signal)?;
        samples::check(&blob.model(), signal, &samples)?;
        let bar = progress::spinner("");
        let measured = bench::listen(board, blob, &samples, self.emulator.into(), &mut |what| {
            bar.set_message(what.to_owned());
        })?;
        bar.finish_and_clear();
        self.show(&measured)
    }

    fn show<R: Serialize + Display>(&self, measured: &Measured<R>) -> anyhow::Result<()> {
        if let Some(path) = &self.save_elf {
            emit::write_atomically(path, &measured.image.to_elf())
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        if self.json {
            output::json(&measured.report)
        } else {
            output::text(&measured.report)
        }
    }

    fn inputs(&self, blob: &Blob, unsigned: &Unsigned) -> anyhow::Result<Inputs> {
        let model = blob.model();
        if self.samples == 0 {
            bail!("--samples 0 leaves nothing to run: give at least 1");
        }
        if self.input.is_empty() {
            if self.samples > 1 {
                bail!("--samples needs --input FILE to take the samples from");
            }
            return Ok(sim::zero_inputs(&model));
        }
        let arrays = unsigned.fed(run::read_inputs(&self.input, &sim::inputs(&model))?);
        let all = sim::quantize(&model, &arrays.iter().collect::<Vec<_>>())?;
        if all.samples < self.samples {
            bail!(
                "--samples {} is more than the {} samples of the input",
                self.samples,
                all.samples
            );
        }
        Ok(all.first(self.samples))
    }
}
