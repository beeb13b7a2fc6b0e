//! The float intermediate representation that importers produce and passes transform.
//!
//! A [`Graph`] is f32, NHWC, batch first with batch 1, topologically ordered, every node with
//! exactly one output. Filters are OHWI. No operator may mix values along the batch axis, so that
//! [`eval`] can run any number of samples at once.

mod activation;
mod binary;
mod class;
pub mod eval;
mod fused;
mod graph;
mod index_map;
mod infer;
mod macs;
mod op;
pub(crate) mod reduce;
mod text;
mod unary;
mod verify;

pub use binary::Binary;
pub(crate) use class::Class;
pub use fused::{Fused, Term};
pub use graph::{Graph, Node, Port, Value, ValueId};
pub use index_map::IndexMap;
pub use infer::{InferError, infer};
pub(crate) use infer::{broadcast, mat_mul_shape};
pub use macs::macs;
pub use op::{
    Activation, AvgPool2d, Clamp, Conv2d, ConvTranspose2d, Op, Pad, Pool2d, TransposedWindow2d,
    Window2d,
};
pub use reduce::{Coordinates, Reduce, Reduction, ResizeBilinear};
pub use unary::{Parametric, Unary};
pub use verify::{VerifyError, verify};
