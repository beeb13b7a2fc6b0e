//! From float to int8: ranges from data, then weights, biases and multipliers.
//!
//! Numerics are TensorFlow Lite's (its quantization specification): int8 activations with a scale
//! and zero point per tensor, int8 weights with a scale per output channel and zero point 0, int32
//! biases.
//!
//! [`calibrate`] runs the float graph over sample data, keeps a [`Histogram`] per value and chooses
//! a range from each by a [`Method`]; [`quantize`] turns graph and ranges into a
//! [`graph::QGraph`].

mod assign;
mod calibrate;
mod convert;
mod element_types;
mod entropy;
mod error;
mod extra_bits;
mod given;
pub mod graph;
mod groups;
mod headroom;
mod histogram;
pub mod lossless;
mod lut;
mod method;
mod mse;
mod multiplier;
#[cfg(test)]
mod oracle;
mod params;
mod range;
mod reduction;
mod uses;
mod weights;

pub use calibrate::{CalibrateError, Statistics, calibrate};
pub use convert::quantize;
pub use error::QuantizeError;
pub use extra_bits::{left_shift, square_left_shift};
pub use given::{Given, Grid, quantize_given};
pub use histogram::{Histogram, NonFinite};
pub use method::{Method, ParseMethodError};
pub use multiplier::{ScaleError, quantize_multiplier, softmax_parameters};
pub use range::{Range, Ranges};
pub use reduction::reduction_scale;
