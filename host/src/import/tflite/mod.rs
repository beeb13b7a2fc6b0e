//! TensorFlow Lite models of int8, straight into the integer graph: the bytes that TensorFlow Lite
//! Micro's reference kernels give.
//!
//! A file's numbers are taken as they are: weights, biases, scales and zero points. Scales become
//! fixed-point multipliers as TFLM makes them, and functions of one number become tables that its
//! own arithmetic fills. What would not give TFLM's bytes is refused.
//!
//! The batch is 1: a dynamic batch is taken as 1, and so is a fixed one where the whole network
//! goes through it sample by sample. Where an input or output has no batch in front, one is added.

mod attempt;
mod batch;
mod budget;
mod dilation;
mod failure;
mod fixed_point;
mod flatbuffer;
mod fold;
mod importer;
mod integers;
mod model;
mod names;
mod operators;
mod ops;
mod port;
mod quantization;
mod schema;
mod survey;
mod tables;
#[cfg(test)]
mod tests;

use super::{ImportError, Precision};
use crate::quantize::graph::QGraph;
use attempt::Attempt;
use model::{Budget, Model};
pub use survey::survey;

/// Reads an int8 model; the graph gets this name. Also returns what the file is, e.g. `TFLite
/// schema 3, int8`.
///
/// # Errors
/// If the file is truncated, damaged or no TFLite model, or holds what is not supported; the error
/// names the operator, its index and its output.
pub fn import(bytes: &[u8], name: &str) -> Result<(QGraph, String), ImportError> {
    let (mut model, mut budget) = Model::read(bytes)?;
    fold::fold(&mut model, &mut budget)?;
    dilation::fuse(&mut model, &mut budget)?;
    let mut format = format!("TFLite schema {}, int8", schema::VERSION);
    let (attempt, batch) = attempt(&mut model, &budget, name);
    if let Some(samples) = batch {
        format.push_str(&format!(", batch {samples} taken as 1"));
    }
    Ok((attempt.graph?, format))
}

/// The operators that are imported, by name, and what their activations may be.
pub fn operators() -> impl Iterator<Item = (&'static str, &'static [Precision])> {
    ops::ROWS.iter().map(|row| (row.operator, row.precisions))
}

/// Imports a model, its batch taken as 1 where that is possible; also which batch was.
fn attempt(model: &mut Model<'_>, budget: &Budget, name: &str) -> (Attempt, Option<usize>) {
    if let Some(samples) = batch::fixed(model, budget) {
        let shapes = batch::take_out(model);
        let single = attempt::import(model, budget.clone(), name);
        if single.graph.is_ok() {
            return (single, Some(samples));
        }
        batch::put_back(model, shapes);
    }
    (attempt::import(model, budget.clone(), name), None)
}
