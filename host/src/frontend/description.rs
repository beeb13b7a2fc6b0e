//! `frontend.toml`.

use super::FrontendError;
use super::fields::{Fields, within};
use super::mel::MelSettings;
use super::micro::MicroSettings;
use super::motion::MotionSettings;
use serde::Deserialize;
use std::path::Path;
use tiivis_runtime::blob::FrameOrder;

/// A front-end as a user describes it.
///
/// | Setting | Meaning | Default |
/// |---|---|---|
/// | `kind` | `micro`, `log-mel`, `mfcc` or `motion` | required |
/// | `sample_rate_hz` | samples a second and channel | required |
/// | `window_ms` or `window_samples` | a frame's samples (not `motion`) | required |
/// | `hop_ms` or `hop_samples` | from one frame to the next (not `motion`) | required |
/// | `frames` | frames that make an input | as many as the input holds |
/// | `stride_frames` | frames from one inference to the next | 1 |
/// | `layout` | `frames-first` or `features-first`, the input's order, NHWC | from its shape |
/// | `quantization` | `input` (the input's scale) or `micro-speech` (that example's division) | `input` |
/// | `input` | name of the input | the only one |
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Samples a second and channel.
    pub sample_rate_hz: u32,
    /// Interleaved channels.
    pub channels: u32,
    /// Samples of each channel in a window.
    pub window_len: u32,
    /// Samples of each channel from window to window.
    pub hop_len: u32,
    /// Frames of an input.
    pub frames: Option<u32>,
    /// Frames from inference to inference.
    pub stride_frames: u32,
    /// Order in the input.
    pub layout: Option<FrameOrder>,
    /// How features become int8.
    pub quantization: Quantization,
    /// Name of the input.
    pub input: Option<String>,
    /// What is computed.
    pub kind: Kind,
}

/// How features become int8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantization {
    /// With the input's scale and zero point.
    Input,
    /// `(x * 256 + 333) / 666 - 128` of the micro-frontend's numbers, as `micro_speech` does it.
    MicroSpeech,
}

/// What is computed.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// The micro-frontend.
    Micro(MicroSettings),
    /// Log-mel energies or MFCC.
    Mel(Box<MelSettings>),
    /// Normalized samples.
    Motion(MotionSettings),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KindName {
    Micro,
    LogMel,
    Mfcc,
    Motion,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Layout {
    FramesFirst,
    FeaturesFirst,
}

impl Description {
    /// Reads a description file.
    ///
    /// # Errors
    /// [`FrontendError::File`], [`FrontendError::Toml`] and [`FrontendError::In`].
    pub fn read(path: &Path) -> Result<Self, FrontendError> {
        let text = std::fs::read_to_string(path).map_err(|source| FrontendError::File {
            path: path.to_owned(),
            source,
        })?;
        let table = text.parse().map_err(|source| FrontendError::Toml {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        Self::from_table(table).map_err(|source| FrontendError::In {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// From a file's table.
    ///
    /// # Errors
    /// Those that name a setting.
    pub fn from_table(table: toml::Table) -> Result<Self, FrontendError> {
        let mut fields = Fields::new(table);
        let kind = fields.required("kind", "micro, log-mel, mfcc or motion")?;
        let rate = fields.required("sample_rate_hz", "samples a second")?;
        let sample_rate_hz = within("sample_rate_hz", rate, 1..=1_000_000)?;
        let (window_len, hop_len) = match kind {
            KindName::Motion => (1, 1),
            KindName::Micro | KindName::LogMel | KindName::Mfcc => {
                let window = length(&mut fields, "window_ms", "window_samples", sample_rate_hz)?;
                let hop = length(&mut fields, "hop_ms", "hop_samples", sample_rate_hz)?;
                // The longest FFT; a hop beyond the window would skip samples.
                let window = within("window_samples", window, 2..=2048)?;
                (window, within("hop_samples", hop, 1..=window)?)
            }
        };
        let frames: Option<u32> = fields.optional("frames")?;
        let stride = fields.or("stride_frames", 1)?;
        let layout: Option<Layout> = fields.optional("layout")?;
        let common = Self {
            sample_rate_hz,
            channels: 1,
            window_len,
            hop_len,
            frames: frames
                .map(|frames| within("frames", frames, 1..=1 << 20))
                .transpose()?,
            stride_frames: within("stride_frames", stride, 1..=1 << 20)?,
            layout: layout.map(|layout| match layout {
                Layout::FramesFirst => FrameOrder::FramesFirst,
                Layout::FeaturesFirst => FrameOrder::FeaturesFirst,
            }),
            quantization: fields.or("quantization", Quantization::Input)?,
            input: fields.optional("input")?,
            kind: Kind::Micro(MicroSettings::default()),
        };
        common.of_kind(kind, fields)
    }

    /// The rest of the settings, which are the kind's.
    fn of_kind(self, kind: KindName, mut fields: Fields) -> Result<Self, FrontendError> {
        let (kind, channels, name) = match kind {
            KindName::Micro => (
                Kind::Micro(MicroSettings::from_fields(&mut fields)?),
                1,
                "micro",
            ),
            KindName::LogMel => {
                let settings =
                    MelSettings::from_fields(&mut fields, self.sample_rate_hz, self.window_len)?;
                (Kind::Mel(Box::new(settings)), 1, "log-mel")
            }
            KindName::Mfcc => {
                let settings =
                    MelSettings::from_fields(&mut fields, self.sample_rate_hz, self.window_len)?
                        .with_coefficients(&mut fields)?;
                (Kind::Mel(Box::new(settings)), 1, "mfcc")
            }
            KindName::Motion => {
                let settings = MotionSettings::from_fields(&mut fields)?;
                let channels = settings.channels;
                (Kind::Motion(settings), channels, "motion")
            }
        };
        fields.finish(name)?;
        let is_micro = matches!(kind, Kind::Micro(_));
        if self.quantization == Quantization::MicroSpeech && !is_micro {
            return Err(FrontendError::Range {
                key: "quantization",
                expected: "`input` for kinds other than `micro`".to_owned(),
                found: "micro-speech".to_owned(),
            });
        }
        Ok(Self {
            kind,
            channels,
            ..self
        })
    }

    /// Features of a frame.
    #[must_use]
    pub fn features(&self) -> u32 {
        match &self.kind {
            Kind::Micro(settings) => settings.bands,
            Kind::Mel(settings) => settings.features(),
            Kind::Motion(settings) => settings.channels,
        }
    }
}

/// A length in samples, given in milliseconds or in samples.
fn length(
    fields: &mut Fields,
    milliseconds: &'static str,
    samples: &'static str,
    rate: u32,
) -> Result<u32, FrontendError> {
    let in_ms: Option<f64> = fields.optional(milliseconds)?;
    let in_samples: Option<u32> = fields.optional(samples)?;
    match (in_ms, in_samples) {
        (None, Some(samples)) => Ok(samples),
        (Some(ms), None) => {
            let ms = within(milliseconds, ms, 0.0..=60_000.0)?;
            let exact = ms * f64::from(rate) / 1000.0;
            // The reference rounds down; a user who means that says so in samples.
            whole(exact).ok_or_else(|| FrontendError::Range {
                key: milliseconds,
                expected: format!("a whole number of samples (or give `{samples}`)"),
                found: format!("{exact} samples"),
            })
        }
        (None, None) | (Some(_), Some(_)) => Err(FrontendError::Length {
            milliseconds,
            samples,
        }),
    }
}

/// The whole number that `x`, from 0 to 2³², is up to rounding.
#[expect(clippy::as_conversions, reason = "rounded and in range")]
fn whole(x: f64) -> Option<u32> {
    let rounded = x.round();
    ((x - rounded).abs() < 1e-6 && (0.0..4e9).contains(&rounded)).then_some(rounded as u32)
}
