//! `tiivis verify`.

use super::bench::EmulatorName;
use super::isa::Target;
use super::model::Unsigned;
use super::shapes::ShapeArgs;
use super::{model, output, progress, run};
use crate::board;
use crate::data::{Array, Dataset};
use crate::import::Shapes;
use crate::measure::sim::Blob;
use crate::measure::verify::{Form, VerifyReport, verify};
use anyhow::bail;
use clap::Args;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Samples that are compared unless others are asked for.
const SAMPLES: usize = 16;
/// The same where a board is emulated, which takes its time.
const BOARD_SAMPLES: usize = 1;

/// Compares two forms of a model, layer by layer, and says which is the first that differs
///
/// Forms are model files and compiled models in any pairing: a float model runs in float, a quantized
/// one and a .tiv with the device's own integer code. With --board, a compiled model on the host is
/// compared with the same on an emulated board, outputs only. Layers are matched by name.
///
/// Exit codes: 0 if every layer's and output's ratio of signal to noise (SQNR) is at least --min-sqnr;
/// 1 if one is below, which is named, and for any error. The report is printed in both cases.
///
/// --json prints `samples`, `min_sqnr_db`; `layers` in order and `outputs`, each with `name`, `elements`,
/// `sqnr_db` (null: no difference), `max_difference`, `max_difference_lsb` (null: floats), `is_equal`,
/// `is_bitwise` (the same integers), `is_below`; `first_different` and `first_below` (names or null);
/// `only_in_a` and `only_in_b` (layers without a partner).
///
/// Example: tiivis verify model.onnx model.tiv --data test.npz
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Verify {
    /// The reference: a model file (.onnx, .tflite) or a compiled model (.tiv).
    a: PathBuf,
    /// What is compared with it.
    #[arg(required_unless_present = "board")]
    b: Option<PathBuf>,
    /// Compare the model on the host with the model on this board, see `tiivis boards`.
    #[arg(long, value_name = "BOARD", conflicts_with = "b")]
    board: Option<String>,
    /// What executes the firmware.
    #[arg(long, value_name = "EMULATOR", default_value = "in-process")]
    emulator: EmulatorName,
    /// Data with `x`, or with an array for each of several inputs (.npz).
    #[arg(long, value_name = "FILE", required_unless_present = "input")]
    data: Option<PathBuf>,
    /// Input arrays as for `tiivis run`.
    #[arg(long, value_name = "[NAME=]FILE", conflicts_with = "data")]
    input: Vec<OsString>,
    /// Compare the first so many samples [default: 16; on a board 1].
    #[arg(long, value_name = "N")]
    samples: Option<usize>,
    /// Smallest ratio of signal to noise, in dB, that passes.
    #[arg(
        long,
        value_name = "DB",
        default_value_t = 20.0,
        allow_negative_numbers = true
    )]
    min_sqnr: f64,
    #[command(flatten)]
    shapes: ShapeArgs,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        if !self.min_sqnr.is_finite() {
            bail!("--min-sqnr {} is no number of decibels", self.min_sqnr);
        }
        let ([a, b], unsigned) = self.forms()?;
        let arrays = unsigned.fed(self.arrays(&a)?);
        let samples = self.sample_count(&arrays)?;
        let bar = progress::bar("comparing", samples);
        let arrays: Vec<&Array> = arrays.iter().collect();
        let report = verify([&a, &b], &arrays, samples, self.min_sqnr, &mut || {
            bar.inc(1);
        })?;
        bar.finish_and_clear();
        if self.json {
            output::json(&report)?;
        } else {
            output::text(&report)?;
        }
        self.judge(&report)
    }

    fn judge(&self, report: &VerifyReport) -> anyhow::Result<()> {
        match &report.first_below {
            None => Ok(()),
            Some(layer) => bail!(
                "the forms differ: `{layer}` is the first below {} dB (--min-sqnr)",
                self.min_sqnr
            ),
        }
    }

    /// Both forms, and which inputs one of them has as uint8.
    fn forms(&self) -> anyhow::Result<([Form; 2], Unsigned)> {
        let shapes = self.shapes.shapes();
        match (&self.board, &self.b) {
            (Some(board), _) => {
                let board = board::find(board)?;
                let (blob, unsigned) = model::integer(&self.a, board.isa().into(), &shapes)?;
                let blob = Box::new(blob);
                super::compress::fit(&board, &blob)?;
                let copy = Box::new(Blob::new(blob.bytes())?);
                let forms = [
                    Form::Integer(blob),
                    Form::Board {
                        blob: copy,
                        board: Box::new(board),
                        emulator: self.emulator.into(),
                    },
                ];
                Ok((forms, unsigned))
            }
            (None, Some(b)) => {
                let ((a, of_a), (b, of_b)) = (form(&self.a, &shapes)?, form(b, &shapes)?);
                Ok(([a, b], of_a.or(of_b)))
            }
            (None, None) => {
                bail!("there is nothing to compare with: give a second model or --board")
            }
        }
    }

    fn arrays(&self, form: &Form) -> anyhow::Result<Vec<Array>> {
        match &self.data {
            Some(data) => Ok(Dataset::read(data, &form.inputs())?.x),
            None => run::read_inputs(&self.input, &form.inputs()),
        }
    }

    fn sample_count(&self, arrays: &[Array]) -> anyhow::Result<usize> {
        let there = arrays.iter().map(|array| array.shape.first().copied());
        let there = there.min().flatten().unwrap_or(0);
        if there == 0 {
            bail!("the input has no samples: give at least one");
        }
        match self.samples {
            Some(0) => bail!("--samples 0 leaves nothing to compare: give at least 1"),
            Some(samples) if samples > there => {
                bail!("--samples {samples} is more than the {there} samples of the input")
            }
            Some(samples) => Ok(samples),
            None if self.board.is_some() => Ok(BOARD_SAMPLES),
            None => Ok(there.min(SAMPLES)),
        }
    }
}

fn form(path: &Path, shapes: &Shapes) -> anyhow::Result<(Form, Unsigned)> {
    match model::executable(path, Target::default(), shapes)? {
        model::Executable::Integer(blob, unsigned) => Ok((Form::Integer(blob), unsigned)),
        model::Executable::Float(graph) => Ok((Form::Float(graph), Unsigned::default())),
    }
}
