//! From float to int8: ranges from data, then weights, biases and multipliers.
//!
//! Numerics are TensorFlow Lite's (its quantization specification): int8 activations with a scale
//! and zero point per tensor, int8 weights with a scale per output channel and zero point 0, int32
//! biases.
//!
//! [`calibrate`] runs the float graph over sample data and keeps a [`Histogram`] per value;
//! [`Statistics::ranges`] chooses ranges from them by a [`Method`]; [`quantize`] turns graph and
//! ranges into a [`graph::QGraph`].

mod assign;
mod convert;
mod entropy;
mod error;
pub mod graph;
mod histogram;
mod lut;
mod method;
mod mse;
mod multiplier;
#[cfg(test)]
mod oracle;
mod params;
mod range;
mod weights;

pub use convert::quantize;
pub use error::QuantizeError;
pub use histogram::{Histogram, NonFinite};
pub use method::{Method, ParseMethodError};
pub use multiplier::{ScaleError, quantize_multiplier, softmax_parameters};
pub use range::{Range, Ranges};
