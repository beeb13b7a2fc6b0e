//! `tiivis features`.

use super::{files, output, samples};
use crate::data::{Array, write_npy};
use crate::frontend::{self, Description, Features, FrontendError};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

/// Computes the features of a sound or another signal, as a device computes them
///
/// With the device's own fixed-point code, so that a network is trained with exactly the features
/// that it will see. float32 out: (frames, features), or with --windows (N, frames, features).
///
/// A description for keyword spotting; others have kind "log-mel", "mfcc" or "motion":
///
///   kind = "micro"
///   sample_rate_hz = 16000
///   window_ms = 30
///   hop_ms = 20
///   bands = 40
///   frames = 49
///
/// Example: tiivis features x.wav --frontend frontend.toml -o y.npy
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
#[expect(clippy::doc_markdown, reason = "the help's example is a file's text")]
pub(super) struct FeaturesCommand {
    /// 16-bit WAV file at the front-end's sample rate, or int16 .npy, (samples) or (samples, channels).
    samples: PathBuf,
    /// The front-end's description (.toml).
    #[arg(long, value_name = "FILE.toml")]
    frontend: PathBuf,
    /// Where the features go (.npy).
    #[arg(short, long, value_name = "FILE.npy")]
    output: PathBuf,
    /// Write the inputs of a network, `frames` of the description each, every `stride_frames`.
    #[arg(long)]
    windows: bool,
}

impl FeaturesCommand {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        files::check_targets([&*self.samples, &self.frontend], [&*self.output])?;
        let description = Description::read(&self.frontend)?;
        let samples = samples::read(&self.samples)?;
        samples.check(
            &self.samples,
            description.sample_rate_hz,
            description.channels,
        )?;
        let features = frontend::features(&description, &samples.values)?;
        let array = if self.windows {
            windows(&description, features)?
        } else {
            let frames = features.values.len() / features.width;
            Array::f32(vec![frames, features.width], features.values)
        };
        write_npy(&self.output, &array)?;
        output::text(format_args!(
            "{}: float32 {:?}\n",
            self.output.display(),
            array.shape
        ))
    }
}

/// The frames of every input.
fn windows(description: &Description, features: Features) -> anyhow::Result<Array> {
    let frames = description.frames.ok_or(FrontendError::Missing {
        key: "frames",
        meaning: "how many frames make a window",
    })?;
    let frames = usize::try_from(frames).context("too many frames")?;
    let len = frames * features.width;
    let window = |&end: &usize| &features.values[(end - frames) * features.width..][..len];
    let values: Vec<f32> = features.inputs.iter().flat_map(window).copied().collect();
    let shape = vec![features.inputs.len(), frames, features.width];
    Ok(Array::f32(shape, values))
}
