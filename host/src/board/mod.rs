//! Boards: what they are, the firmware that runs on them, and what it says.
//!
//! - [`Board`]: a board file (`boards/*.toml`), data only; [`all`] and [`find`] know the files that
//!   came with the program.
//! - [`build`]: the board's firmware, compiled with what [`Toolchain::find`] finds; [`doctor`]
//!   says what is missing for that and installs it.
//! - [`build_own`]: the firmware of one model.
//! - [`model_region`]: what lies in the model region of flash: the blob and the inputs to run.
//! - [`decode`]: the firmware's log, back to facts.
//! - `probe`, with the feature of that name: what probe-rs knows of chips and debug probes.
//!
//! Running a firmware is [`crate::measure`]'s part.

mod catalog;
mod definition;
pub mod doctor;
mod firmware;
mod log;
#[cfg(feature = "probe")]
pub mod probe;
mod region;
mod toolchain;
mod validate;

pub use catalog::{all, find};
pub use definition::{Board, BoardError, Core, CostModel, Emulator, Features, Flash, Ram, Sectors};
pub use firmware::{BuildError, Firmware, Kind, OwnStack, build, build_own};
pub use log::{Log, LogError, LogLine, Results, decode};
pub use region::{RegionError, model_region};
pub use toolchain::{Toolchain, ToolchainError};
