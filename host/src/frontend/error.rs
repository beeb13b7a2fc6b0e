//! Why there is no front-end.

use std::path::PathBuf;
use tiivis_runtime::ParseError;
use tiivis_runtime::frontend::FrontendError as RuntimeError;

/// Why a front-end's description, its samples or its model are refused.
#[derive(Debug, thiserror::Error)]
pub enum FrontendError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML.
    #[error("`{}` is not a front-end's description: {source}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: Box<toml::de::Error>,
    },
    /// A setting is wrong in a file.
    #[error("front-end `{}`: {source}", path.display())]
    In {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<FrontendError>,
    },
    /// A setting that must be there is not.
    #[error("`{key}` is missing: {meaning}")]
    Missing {
        /// The setting.
        key: &'static str,
        /// What it says.
        meaning: &'static str,
    },
    /// A setting of another type, or a word that is not known.
    #[error("`{key}` cannot be read: {reason}")]
    Type {
        /// The setting.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A setting that the kind does not have.
    #[error("a front-end of kind `{kind}` has no `{key}`: remove it; the settings are {known}")]
    Unknown {
        /// Name of the kind.
        kind: &'static str,
        /// The setting.
        key: String,
        /// Those that there are.
        known: String,
    },
    /// A value that no front-end can have.
    #[error("`{key}` is {found}, it must be {expected}")]
    Range {
        /// The setting.
        key: &'static str,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Neither or both of two settings.
    #[error("give either `{milliseconds}` or `{samples}`")]
    Length {
        /// The one.
        milliseconds: &'static str,
        /// The other.
        samples: &'static str,
    },
    /// The reference refuses such a filterbank too.
    #[error(
        "the bands reach beyond the spectrum: `f_max_hz` must be below half of the sample rate"
    )]
    Spectrum,
    /// The model has no such input.
    #[error("the model has no input `{name}`, its inputs are {found}: set `input` to one of them")]
    Input {
        /// What the description names.
        name: String,
        /// The inputs.
        found: String,
    },
    /// The input is filled already.
    #[error("input `{0}` has a front-end already: compress the model again without it")]
    Twice(String),
    /// The input has no room for the features, or too much.
    #[error(
        "input `{name}` has the shape {shape:?} and a frame has {features} features: \
         {} do not make an input; change the front-end or the model", frames_text(*frames)
    )]
    Shape {
        /// The input.
        name: String,
        /// Its shape, NHWC.
        shape: Vec<u32>,
        /// Features of a frame.
        features: u32,
        /// Frames that the description asks for.
        frames: Option<u32>,
    },
    /// Frames and features are as many.
    #[error(
        "input `{name}` is {frames} × {frames}: set `layout` to \"frames-first\" or \"features-first\""
    )]
    Ambiguous {
        /// The input.
        name: String,
        /// Extent of both axes.
        frames: u32,
    },
    /// The front-end cannot reach the input's scale.
    #[error("input `{name}` has the scale {scale}, {reason}")]
    Scale {
        /// The input.
        name: String,
        /// Its scale.
        scale: f32,
        /// Why it does not do.
        reason: &'static str,
    },
    /// A WAV file cannot be used.
    #[error("`{}` cannot be used: {reason}", path.display())]
    Samples {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// There are fewer samples than one input takes.
    #[error("there are {found} samples of each channel, one input takes {needed}: give more")]
    TooFew {
        /// Samples that an input takes.
        needed: u64,
        /// Samples that there are.
        found: usize,
    },
    /// A model is needed that has a front-end.
    #[error("the model has no front-end: compress it with `--frontend frontend.toml`")]
    None,
    /// The runtime's check.
    #[error(
        "the runtime refuses the front-end, which is an error of the compiler; please report it"
    )]
    Runtime(#[from] RuntimeError),
    /// The runtime's check of the whole.
    #[error("the runtime refuses the model, which is an error of the compiler; please report it")]
    Refused(#[from] ParseError),
    /// Encoding.
    #[error("the front-end cannot be encoded")]
    Encode(#[from] postcard::Error),
    /// The model would be too long.
    #[error("the model is 4 GiB or larger; use a smaller network")]
    TooLarge,
}

fn frames_text(frames: Option<u32>) -> String {
    match frames {
        Some(frames) => format!("{frames} frames"),
        None => "frames".to_owned(),
    }
}
