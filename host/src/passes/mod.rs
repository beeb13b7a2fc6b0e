//! Graph to graph, the same function: lossless simplification before anything is compressed.
//!
//! Lossless means the same function of the inputs, up to the rounding of float arithmetic: folding
//! a batch normalization into weights rounds them once more.
//!
//! A [`Pass`] is one file and one line in [`PIPELINE`]; [`simplify`] runs the list until nothing
//! changes and verifies the graph after every pass, in release builds too.

mod absorb_transposes;
mod affine;
mod channel_chain;
mod error;
mod fold_affine;
mod fold_constants;
mod fold_pads;
mod fuse_clamps;
mod fuse_unary;
mod lower_affine;
mod remove_channels;
mod remove_identities;
mod rewrite;
mod simplify;

#[cfg(test)]
pub(crate) mod oracle;

pub use error::PassError;
pub(crate) use rewrite::{absorb, clamp_slot, fused_clamp, sole_producer};
pub use simplify::{PIPELINE, Pass, Report, simplify};
