//! Models of float32, into the float graph: to be simplified and quantized as an ONNX model is.
//!
//! Weights may be stored as less than float32: as float16 that a DEQUANTIZE widens, or as int8 that
//! a layer of float32 activations reads (dynamic range quantization), or as int8 or uint8 behind a
//! DEQUANTIZE. Either way they become the float32 numbers that they stand for. Tensors keep the
//! order that they have in the file, NHWC.
//!
//! The float graph has the batch, 1, as the first axis of every activation. A tensor of shape
//! `[1, …]` is taken as it is; to any other, that axis is added in front.

mod attempt;
mod blocks;
mod choice;
mod constant;
mod elementwise;
mod importer;
mod moves;
mod names;
mod product;
mod reduce;
mod table;
mod unary;
mod weighted;
mod window;

pub(in super::super) use attempt::import;
pub(in super::super) use constant::dequantized;
pub(in super::super) use table::ROWS;
