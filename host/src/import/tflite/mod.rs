//! TensorFlow Lite models: of int8 straight into the integer graph, with the bytes that TensorFlow
//! Lite Micro's reference kernels give, and of float32 into the float graph (`ops::float`).
//!
//! A file's numbers are taken as they are: weights, biases, scales and zero points. Scales become
//! fixed-point multipliers as TFLM makes them, and functions of one number become tables that its
//! own arithmetic fills. What would not give TFLM's bytes is refused.
//!
//! The batch is 1: a dynamic batch is taken as 1, and so is a fixed one where the whole network
//! goes through it sample by sample. Where an input or output has no batch in front, one is added.

mod arithmetic;
mod attempt;
mod batch;
mod budget;
mod bytes;
mod dilation;
mod failure;
mod fixed_point;
mod flatbuffer;
mod fold;
mod importer;
mod integers;
mod model;
mod names;
mod open;
mod operators;
mod ops;
mod port;
mod quantization;
mod schema;
mod survey;
mod tables;
#[cfg(test)]
mod tests;
mod unsigned;

use super::{ImportError, Network, Precision, Shapes};
use crate::quantize::graph::QGraph;
use arithmetic::Arithmetic;
use attempt::Attempt;
use model::{Budget, Model};
pub use survey::{survey, survey_with};

/// Reads a model: of float32 into the float graph, of integers into the integer graph. The network
/// gets this name. Also returns what the file is, e.g. `TFLite schema 3, int8`.
///
/// # Errors
/// If the file is truncated, damaged or no TFLite model, or holds what is not supported; the error
/// names the operator, its index and its output.
pub fn import_network(bytes: &[u8], name: &str) -> Result<(Network, String), ImportError> {
    import_with(bytes, name, &Shapes::default())
}

/// [`import_network`], with the shapes of inputs that the file leaves open.
///
/// # Errors
/// Those of [`import_network`], and if a shape is not the file's or its input not there.
pub fn import_with(
    bytes: &[u8],
    name: &str,
    shapes: &Shapes,
) -> Result<(Network, String), ImportError> {
    let (mut model, budget) = read(bytes, shapes)?;
    let arithmetic = Arithmetic::of(&model);
    let (attempt, batch) = attempt(&mut model, &budget, name);
    Ok((attempt.network?, format_of(arithmetic, batch)))
}

/// What a file is, whose batch was taken as 1 if it is another.
fn format_of(arithmetic: Arithmetic, batch: Option<usize>) -> String {
    let format = format!("TFLite schema {}, {}", schema::VERSION, arithmetic.name());
    match batch {
        None => format,
        Some(samples) => format!("{format}, batch {samples} taken as 1"),
    }
}

/// Reads a model of integers, as [`import_network`] does.
///
/// # Errors
/// Those of [`import_network`], and if the model is one of float32.
pub fn import(bytes: &[u8], name: &str) -> Result<(QGraph, String), ImportError> {
    match import_network(bytes, name)? {
        (Network::Quantized(graph), format) => Ok((graph, format)),
        (Network::Float(_), _) => Err(ImportError::Model {
            found: "is one of float32".to_owned(),
            remedy: "quantize it, or give one that is quantized already",
        }),
    }
}

/// The file, with what is constant computed, dilated convolutions made whole, and functions of int8
/// that are computed in float32 made functions of int8.
fn read<'a>(bytes: &'a [u8], shapes: &Shapes) -> Result<(Model<'a>, Budget), ImportError> {
    let (mut model, mut budget) = Model::read(bytes)?;
    open::fix(&mut model, shapes)?;
    fold::fold(&mut model, &mut budget)?;
    dilation::fuse(&mut model, &mut budget)?;
    unsigned::shift(&mut model, &mut budget)?;
    ops::fuse_islands(&mut model);
    Ok((model, budget))
}

/// The operators that are imported, by name, and what their activations may be.
pub fn operators() -> impl Iterator<Item = (&'static str, Vec<Precision>)> {
    let mut operators = std::collections::BTreeMap::<_, Vec<Precision>>::new();
    for row in ops::float::ROWS {
        operators
            .entry(row.operator)
            .or_default()
            .push(Precision::Float);
    }
    for row in ops::ROWS {
        operators
            .entry(row.operator)
            .or_default()
            .extend(row.precisions);
    }
    operators.into_iter()
}

/// Imports a model, its batch taken as 1 where that is possible; also which batch was.
fn attempt(model: &mut Model<'_>, budget: &Budget, name: &str) -> (Attempt, Option<usize>) {
    if let Some(samples) = batch::fixed(model, budget) {
        let shapes = batch::take_out(model);
        let single = attempt::import(model, budget.clone(), name);
        if single.network.is_ok() {
            return (single, Some(samples));
        }
        batch::put_back(model, shapes);
    }
    (attempt::import(model, budget.clone(), name), None)
}
