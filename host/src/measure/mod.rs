//! Running models and counting what they cost.
//!
//! [`float`] evaluates model files, [`sim`] runs blobs on the host, [`mod@bench`] on emulated boards:
//! [`elf`] gives the image, [`emulate`] exact counts per instruction and phase, [`cost`] modelled
//! cycles of a core. [`mod@verify`] compares two forms of a model.

pub mod accuracy;
pub mod bench;
pub mod cost;
pub mod elf;
pub mod emulate;
pub mod float;
pub mod sim;
pub mod verify;
