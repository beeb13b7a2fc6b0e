//! Running models and counting what they cost.
//!
//! [`float`] evaluates model files, [`sim`] runs blobs on the host, [`mod@bench`] on emulated boards,
//! [`own`] builds and proves firmware of one model:
//! [`crate::elf`] gives the image, [`emulate`] exact counts per instruction and phase, [`cost`] modelled
//! cycles of a core. [`mod@verify`] compares two forms of a model.

pub mod accuracy;
pub mod bench;
pub mod cost;
pub mod emulate;
pub mod float;
pub mod own;
pub mod sim;
pub mod verify;
