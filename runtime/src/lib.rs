//! Executes Tiivis model blobs: int8 networks on microcontrollers and, bit for bit the same, on
//! the host.
//!
//! No `std`, no allocation, no floating point in the integer path. The layers, each of which knows
//! only those before it:
//!
//! - [`kernels`]: the arithmetic on slices. Portable and the specification: a faster kernel is
//!   right when it gives the same bytes.
//! - [`blob`]: the format, defined once, types and bytes (`FORMAT.md` beside the code is its
//!   document).
//! - `ops`: per operator, what [`Model::parse`] proves and what a run does.
//! - [`Operators`]: which of them a program links.
//! - [`Model`] and [`Session`]: the few calls that a firmware makes.
//! - [`frontend`]: what makes an input of raw samples.
//! - [`scores`]: what a classifier's output says, in floating point, after a run.
//! - [`mod@bench`]: what a bench firmware and the host say to each other.
//!
//! A model is proven sound once, by [`Model::parse`]; after that a run cannot fail.
//!
//! # Example
//!
//! ```
//! use tiivis_runtime::{Aligned, Model};
//! # mod programs { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/mod.rs")); }
//! # let bytes = programs::storage(&programs::lut());
//! # let bytes = &tiivis_runtime::flatten(&bytes)[..programs::lut().len()];
//! // In a firmware: static BYTES: &Aligned<[u8]> = &Aligned(*include_bytes!("model.tiv"));
//! let model = Model::parse(bytes)?;
//! let mut arena = Aligned([0; 1024]);
//! let mut session = model.session(&mut arena.0)?;
//! session.input_mut(0).fill(3);
//! session.run();
//! println!("{:?}", session.output(0));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![no_std]

#[cfg(test)]
extern crate std;

mod aligned;
mod arena;
pub mod bench;
pub mod blob;
mod data;
mod element;
mod error;
mod fault;
pub mod frontend;
pub mod kernels;
mod model;
mod op_set;
mod ops;
pub mod scores;
mod session;

pub use crate::blob::{Int16Kind, OpKind};
pub use aligned::{ALIGNMENT, Aligned, Block, flatten, flatten_mut};
pub use element::Element;
pub use error::{ParseError, PortKind, RunError};
pub use fault::Fault;
pub use model::{Items, Model, Steps};
pub use op_set::{All, OpSet, Operators};
pub use session::{Hook, Session};

// Offsets and lengths in a blob are u32; a pointer narrower than that could not address them.
#[cfg(not(any(target_pointer_width = "32", target_pointer_width = "64")))]
compile_error!("tiivis-runtime needs pointers of 32 bits or more");
// int32 arrays are used where they lie, little endian.
#[cfg(not(target_endian = "little"))]
compile_error!("tiivis-runtime reads its tables in place and needs a little-endian target");

/// A count or offset of the blob as an index.
#[expect(
    clippy::as_conversions,
    reason = "lossless: pointers are 32 bits or more, see above"
)]
const fn index(value: u32) -> usize {
    value as usize
}
