//! From float to int8: ranges from data, then weights, biases and multipliers.
//!
//! Numerics are TensorFlow Lite's (its quantization specification): int8 activations with a scale
//! and zero point per tensor, int8 weights with a scale per output channel and zero point 0, int32
//! biases.

pub mod graph;
