//! Front-ends: from `frontend.toml` to tables in a blob, and samples through them.
//!
//! What is computed is the runtime's ([`tiivis_runtime::frontend`]); here are the settings that
//! users write ([`Description`]), the tables that follow from them, and the way of samples through
//! the device's own code, so that a network is trained with exactly the features that it will see.

mod attach;
mod bank;
mod description;
mod error;
mod fields;
mod fixed;
mod mel;
mod micro;
mod motion;
mod numbers;
mod samples;
mod shape;
mod stream;
mod tables;
mod window;

pub use attach::attach;
pub use bank::{Bank, MelScale, Norm, Triangles};
pub use description::{Description, Kind, Quantization};
pub use error::FrontendError;
pub use mel::{Cosine, CosineNorm, FloorMode, Logarithm, MelSettings, SampleScale, SpectrumName};
pub use micro::MicroSettings;
pub use motion::MotionSettings;
pub use samples::{Samples, read_samples, read_wav};
pub use stream::{Features, Heard, features, hear, inputs};
pub use window::Window;
