//! `tiivis build`.

use super::isa::TargetArgs;
use super::shapes::ShapeArgs;
use super::{compress, files, model, output, progress};
use crate::board;
use crate::elf::Image;
use crate::emit;
use crate::measure::own;
use anyhow::{Context, bail};
use clap::Args;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Builds one model's own firmware: its operators and no others, no logging, no texts
///
/// The image reads the bytes of all inputs from the semihosting console (NHWC, quantized), runs the
/// model, writes the bytes of all outputs, and begins again until its input ends. Arena and stack are
/// as large as the model needs. Where the board is emulated, the firmware is run there first: its
/// outputs must be those of the host simulation, byte for byte, and one inference is counted.
///
/// Example: tiivis build model.tiv --board mps2-an386 -o firmware.elf
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Build {
    /// A compiled model (.tiv), or a quantized one (.tflite), which is compiled first.
    model: PathBuf,
    /// The board, see `tiivis boards`.
    #[arg(long, value_name = "BOARD")]
    board: String,
    /// Where the firmware goes: an ELF file, or with the ending .bin the bytes of flash from its start.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    shapes: ShapeArgs,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Build {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let board = board::find(&self.board)?;
        files::check_targets(std::iter::once(&*self.model), Some(&*self.output))?;
        let target = self.target.target(&self.model, &board)?;
        let (blob, _) = model::integer(&self.model, target, &self.shapes.shapes())?;
        compress::fit(&board, &blob)?;
        let bar = progress::spinner("");
        let own = own::build(&board, &blob, &mut |what| bar.set_message(what.to_owned()))?;
        bar.finish_and_clear();
        let content = match self.output.extension().and_then(OsStr::to_str) {
            Some("bin") => flash(&own.image, &self.output)?,
            _ => own.image.to_elf(),
        };
        emit::write_atomically(&self.output, &content)
            .with_context(|| format!("cannot write `{}`", self.output.display()))?;
        if self.json {
            output::json(&own.report)
        } else {
            output::text(&own.report)
        }
    }
}

/// The bytes of flash from the first that is loaded.
fn flash(image: &Image, path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut segments: Vec<_> = image.segments().collect();
    segments.sort_by_key(|segment| segment.address);
    let mut content = Vec::new();
    let Some(start) = segments.first().map(|segment| segment.address) else {
        bail!(
            "`{}` would be empty: the firmware loads nothing",
            path.display()
        );
    };
    for segment in segments {
        let at = usize::try_from(segment.address - start)?;
        // Erased flash is all ones.
        content.resize(at, 0xff);
        content.extend_from_slice(segment.bytes);
    }
    Ok(content)
}
