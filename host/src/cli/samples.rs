//! Raw samples that a command is given.

use crate::frontend::{self, FrontendError, Samples, read_samples, read_wav};
use crate::measure::sim;
use anyhow::bail;
use std::path::{Path, PathBuf};
use tiivis_runtime::Model;
use tiivis_runtime::blob::FrontendSpec;

/// The samples of a WAV file or an array, whichever is given, and where they are from.
pub(super) fn given<'a>(
    wav: &'a Option<PathBuf>,
    array: &'a Option<PathBuf>,
) -> Result<Option<(&'a Path, Samples)>, FrontendError> {
    Ok(match (wav, array) {
        (Some(path), _) => Some((path, read_wav(path)?)),
        (None, Some(path)) => Some((path, read_samples(path)?)),
        (None, None) => None,
    })
}

/// Reads a WAV file or an `.npy`, told apart by the name.
pub(super) fn read(path: &Path) -> Result<Samples, FrontendError> {
    if path.extension().is_some_and(|extension| extension == "npy") {
        read_samples(path)
    } else {
        read_wav(path)
    }
}

/// What the front-end of a model with one input makes of samples.
pub(super) fn inputs(
    model: &Model<'_>,
    path: &Path,
    samples: &Samples,
) -> anyhow::Result<sim::Inputs> {
    let spec = check(model, path, samples)?;
    let values = frontend::inputs(model, &samples.values)?;
    let len = usize::try_from(spec.frames * spec.features)?;
    Ok(sim::Inputs {
        samples: values.len() / len,
        values: vec![values],
    })
}

/// Demands samples that the model's front-end takes, and that it fills the only input; the front-end.
pub(super) fn check(
    model: &Model<'_>,
    path: &Path,
    samples: &Samples,
) -> anyhow::Result<FrontendSpec> {
    let spec = model.frontends().next().ok_or(FrontendError::None)?;
    if model.inputs().len() != 1 {
        bail!(
            "the model has {} inputs and samples fill one: give arrays with --input",
            model.inputs().len()
        );
    }
    samples.check(path, spec.sample_rate_hz, spec.channels)?;
    Ok(spec)
}
