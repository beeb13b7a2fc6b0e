//! ONNX models, opsets 6 to 28, of float32.
//!
//! The source model's tensors keep their axis order in its own eyes; where their elements lie is
//! the business of `view`: inputs lie channels-last from the start, and what only rewrites axes
//! (Transpose, Reshape, Flatten, …) moves nothing. Dense layers take up the order in which their
//! input lies into their weights. Elements are moved, by a Transpose node, only where an operator
//! needs an order that is not there.
//!
//! The batch is 1: a symbolic batch is taken as 1, and shape arithmetic is folded with it. `batch` says
//! what becomes of models without a batch, and of those with a fixed one.
//!
//! Specification: <https://github.com/onnx/onnx/blob/main/docs/Operators.md> and its changelog.

mod attributes;
mod batch;
mod branch;
mod context;
mod external;
mod functions;
#[cfg(test)]
mod golden_tests;
mod grids;
mod importer;
mod input;
mod layout;
mod model;
mod node;
mod open;
mod ops;
mod options;
mod order;
mod recurrent;
#[cfg(test)]
mod refusal_tests;
#[cfg(test)]
mod robustness_tests;
mod survey;
mod tensor;
mod view;
mod wire;

pub use model::{NEWEST_OPSET, OLDEST_OPSET, fold, import, import_with};
pub use options::{ConstantTensor, Options};
pub use survey::survey;

use super::Precision;

/// The operators that are imported, those of ONNX Runtime's domain too, and what their activations
/// may be.
pub fn operators() -> impl Iterator<Item = (&'static str, &'static [Precision])> {
    ops::rows().map(|row| (row.operator, row.precisions))
}
