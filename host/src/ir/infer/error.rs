//! Why shapes cannot be inferred.

use crate::ir::IndexMap;
use std::fmt::Write;

/// Why an operator cannot take its inputs. Axes count from 0, shapes are NHWC, filters OHWI.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InferError {
    /// Too few or too many inputs.
    #[error("expected {expected} inputs, found {found}")]
    InputCount {
        /// What the operator takes.
        expected: &'static str,
        /// Inputs of the node.
        found: usize,
    },
    /// An input with the wrong number of axes.
    #[error("{input} must have {expected} axes, found shape {found:?}")]
    Rank {
        /// Role of the input.
        input: &'static str,
        /// Number of axes.
        expected: &'static str,
        /// Shape found.
        found: Vec<usize>,
    },
    /// A parameter whose length is not the number of channels.
    #[error("{input} must have shape [{expected}], found {found:?}")]
    ParameterShape {
        /// Role of the input.
        input: &'static str,
        /// Number of channels.
        expected: usize,
        /// Shape found.
        found: Vec<usize>,
    },
    /// The last axes of input and weights differ.
    #[error("weights of shape {weights:?} take {expected} channels, found {found}")]
    Channels {
        /// Shape of the weights.
        weights: Vec<usize>,
        /// Channels that the weights and groups imply.
        expected: usize,
        /// Channels of the input.
        found: usize,
    },
    /// A transposed window with a part that is 0 or out of range.
    #[error("{window:?}: every part but the padding must be 1 or more, and all at most 2^28")]
    TransposedWindow {
        /// The window.
        window: Box<crate::ir::TransposedWindow2d>,
    },
    /// Two shapes that are no factors of a product.
    #[error("shapes {a:?} and {b:?} are no factors of a product of matrices")]
    MatMul {
        /// Shape of the first factor.
        a: Vec<usize>,
        /// Shape of the second factor.
        b: Vec<usize>,
    },
    /// The groups do not divide the channels.
    #[error("{groups} groups do not divide {input} input and {output} output channels")]
    Groups {
        /// Number of groups.
        groups: usize,
        /// Input channels.
        input: usize,
        /// Output channels.
        output: usize,
    },
    /// The weights' size is not the window's.
    #[error("weights have a {found:?} kernel, the window is {expected:?}")]
    Kernel {
        /// The window's kernel.
        expected: [usize; 2],
        /// Rows and columns of the weights.
        found: [usize; 2],
    },
    /// A kernel, stride or dilation of 0, or a parameter beyond 2²⁰.
    #[error("{parameter} must be {expected}, found {found:?} (rows, columns)")]
    Window {
        /// Which parameter.
        parameter: &'static str,
        /// Its range.
        expected: &'static str,
        /// What was found.
        found: [usize; 2],
    },
    /// The window is larger than the padded input.
    #[error(
        "a window over {extent} elements does not fit {padded}, the padded input, on axis {axis}"
    )]
    WindowTooLarge {
        /// Axis of the input, 1 or 2.
        axis: usize,
        /// `dilation · (kernel - 1) + 1`.
        extent: usize,
        /// Input and padding.
        padded: usize,
    },
    /// A pooling window without a single element of the input.
    #[error("pooling window {window} on axis {axis} lies in the padding alone")]
    EmptyWindow {
        /// Axis of the input, 1 or 2.
        axis: usize,
        /// Index of the window.
        window: usize,
    },
    /// Shapes that do not broadcast.
    #[error("shapes {a:?} and {b:?} do not broadcast")]
    Broadcast {
        /// Shape of the first input.
        a: Vec<usize>,
        /// Shape of the second input.
        b: Vec<usize>,
    },
    /// Shapes that cannot be joined.
    #[error("input {input} of shape {found:?} cannot be joined to {expected:?} on axis {axis}")]
    Concat {
        /// Index of the input.
        input: usize,
        /// Axis of the concatenation.
        axis: usize,
        /// Shape of the first input.
        expected: Vec<usize>,
        /// Shape of this one.
        found: Vec<usize>,
    },
    /// An axis that the operator may not work on.
    #[error("axis {axis} must be after the batch and below {rank}")]
    Axis {
        /// The axis.
        axis: usize,
        /// Number of axes.
        rank: usize,
    },
    /// Indices that an axis does not have, or not all of the batch.
    #[error(
        "cannot take {} of shape {shape:?}: all of the batch and indices below the extents are \
             taken",
        written(maps)
    )]
    Take {
        /// A map per axis.
        maps: Vec<IndexMap>,
        /// Shape of the input.
        shape: Vec<usize>,
    },
    /// Another number of elements.
    #[error("shape {from:?} cannot become {to:?}: the number of elements differs")]
    ElementCount {
        /// Shape of the input.
        from: Vec<usize>,
        /// Shape asked for.
        to: Vec<usize>,
    },
    /// A reshape that does not keep the batch.
    #[error("a shape must start with the batch, 1, found {found:?}")]
    Batch {
        /// Shape asked for.
        found: Vec<usize>,
    },
    /// No permutation of the input's axes that leaves the batch in place.
    #[error("{perm:?} is no permutation of {rank} axes that leaves the batch first")]
    Permutation {
        /// The permutation.
        perm: Vec<usize>,
        /// Axes of the input.
        rank: usize,
    },
    /// Padding that does not name every axis, or that pads the batch.
    #[error(
        "padding {before:?} before and {after:?} after must name {rank} axes and be 0 on the batch"
    )]
    Padding {
        /// Elements before.
        before: Vec<usize>,
        /// Elements after.
        after: Vec<usize>,
        /// Axes of the input.
        rank: usize,
    },
    /// A number that the operator cannot use.
    #[error("{parameter} must be {expected}, found {found}")]
    Number {
        /// Which parameter.
        parameter: &'static str,
        /// Its range.
        expected: &'static str,
        /// What was found.
        found: f32,
    },
    /// A clamp that nothing passes.
    #[error("clamp [{min}, {max}] must have min <= max")]
    Clamp {
        /// Lower bound.
        min: f32,
        /// Upper bound.
        max: f32,
    },
    /// More elements than a target can address.
    #[error("shape {shape:?} has more than 2^31 elements")]
    TooLarge {
        /// The shape.
        shape: Vec<usize>,
    },
}

/// `[0..1,2..5]`; long tables are cut.
fn written(maps: &[IndexMap]) -> String {
    let mut text = String::new();
    for map in maps {
        let comma = if text.is_empty() { '[' } else { ',' };
        let map: String = map.to_string().chars().take(80).collect();
        write!(text, "{comma}{map}").expect("a string can be written");
    }
    text + "]"
}
