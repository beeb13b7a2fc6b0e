//! Samples through the device's own front-end, here.

use super::FrontendError;
use super::description::Description;
use super::tables::Tables;
use crate::data::AlignedBytes;
use tiivis_runtime::Model;
use tiivis_runtime::blob::FrontendSpec;
use tiivis_runtime::frontend::{Event, Frontend};

/// The features of every frame of some samples, and where inputs end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// Features of a frame.
    pub width: usize,
    /// Frame by frame, exact: 16 fraction bits.
    pub values: Vec<f32>,
    /// Number of frames that had come when an input was due.
    pub inputs: Vec<usize>,
}

/// Computes the features of samples, interleaved if there are several channels, with the code that
/// runs on the device.
///
/// # Errors
/// What the settings have wrong.
pub fn features(description: &Description, samples: &[i16]) -> Result<Features, FrontendError> {
    let mut tables = Tables::new(0);
    let spec = description.spec(description.tables(&mut tables)?);
    let data = AlignedBytes::new(&tables.into_bytes());
    let mut memory = memory(&spec);
    let mut frontend = Frontend::from_spec(spec, data.as_ref(), memory.as_mut())?;
    let mut features = Features {
        width: frontend.features().len(),
        ..Features::default()
    };
    let mut rest = samples;
    let mut frames = 0;
    while let Some(event) = frontend.push(&mut rest) {
        frames += 1;
        features
            .values
            .extend(frontend.features().iter().map(|&x| real(x)));
        if event == Event::Input {
            features.inputs.push(frames);
        }
    }
    Ok(features)
}

/// What a model's front-end makes of samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What every frame completed.
    pub events: Vec<Event>,
    /// The inputs one after the other, internal axis order.
    pub inputs: Vec<i8>,
}

/// The inputs that a model's front-end makes of samples, one after the other, internal axis order.
///
/// # Errors
/// As [`hear`].
pub fn inputs(model: &Model<'_>, samples: &[i16]) -> Result<Vec<i8>, FrontendError> {
    Ok(hear(model, samples)?.inputs)
}

/// The frames and inputs that a model's front-end makes of samples.
///
/// # Errors
/// [`FrontendError::None`] and [`FrontendError::TooFew`].
pub fn hear(model: &Model<'_>, samples: &[i16]) -> Result<Heard, FrontendError> {
    let spec = model.frontends().next().ok_or(FrontendError::None)?;
    let mut memory = memory(&spec);
    let mut frontend = Frontend::new(model, 0, memory.as_mut())?;
    let len = frontend.features().len() * usize::try_from(spec.frames).unwrap_or(usize::MAX);
    let (mut events, mut inputs) = (Vec::new(), Vec::new());
    let mut rest = samples;
    while let Some(event) = frontend.push(&mut rest) {
        events.push(event);
        if event == Event::Input {
            let at = inputs.len();
            inputs.resize(at + len, 0);
            frontend.write(&mut inputs[at..]);
        }
    }
    if inputs.is_empty() {
        let hops = u64::from(spec.frames - 1) * u64::from(spec.hop_len);
        let channels = usize::try_from(spec.channels).unwrap_or(1);
        return Err(FrontendError::TooFew {
            needed: hops + u64::from(spec.window_len),
            found: samples.len() / channels,
        });
    }
    Ok(Heard { events, inputs })
}

fn memory(spec: &FrontendSpec) -> AlignedBytes {
    AlignedBytes::zeroed(Frontend::memory_bytes(spec))
}

/// A number with 16 fraction bits.
#[expect(clippy::as_conversions, reason = "rounded to the nearest float32")]
fn real(x: i32) -> f32 {
    (f64::from(x) / 65536.0) as f32
}
