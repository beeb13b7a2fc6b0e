//! The blob.

mod program;
mod step;

pub use program::*;
pub use step::*;
