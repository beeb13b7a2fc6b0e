//! From a planned program to the bytes of a blob, and to the files beside it.
//!
//! The layout of a blob is the runtime's ([`tiivis_runtime::blob`]); here the graph's constants
//! become its data part and the steps get their addresses. Every blob is checked twice before it
//! leaves: the plan by [`crate::plan::check`], the bytes by the runtime's own parser.

mod choice;
mod compile;
mod concat;
mod data;
mod elementwise;
mod encode;
mod error;
mod file;
mod header;
mod int16;
mod mat_mul;
mod own;
mod packed;
mod planes;
mod recurrent;
mod reduce;
mod steps;
mod traces;
mod typed;
mod unary;
mod weighted;
mod winograd;

pub use compile::{CompileError, Compiled, Layers, compile, compile_for};
pub use encode::{EmitOptions, emit};
pub use error::EmitError;
pub use file::write_atomically;
pub use header::{c_header, rust_header};
pub use own::{DATA_FILE, OwnFiles, STATES_FILE, STEPS_FILE};

#[cfg(test)]
mod state_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
