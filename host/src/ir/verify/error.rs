//! What can be wrong with a graph.

use crate::ir::InferError;

/// Why a graph is not valid. Behind an importer or a pass, it is that stage's defect.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum VerifyError {
    /// A node names a value that the graph does not have.
    #[error("node `{node}` names value {index}, the graph has {count}")]
    NodeOutOfRange {
        /// The node.
        node: String,
        /// Index of the value.
        index: usize,
        /// Number of values.
        count: usize,
    },
    /// A port names a value that the graph does not have.
    #[error("port `{port}` names value {index}, the graph has {count}")]
    PortOutOfRange {
        /// The port.
        port: String,
        /// Index of the value.
        index: usize,
        /// Number of values.
        count: usize,
    },
    /// Two things of one kind with one name.
    #[error("two {what}s are called `{name}`: names must be unique")]
    DuplicateName {
        /// Input, output, node or value.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A node reads what is no input, no constant and not computed before it.
    #[error("node `{node}` reads `{value}`, which is not computed before it")]
    NotComputed {
        /// The node.
        node: String,
        /// The value.
        value: String,
    },
    /// A value that is an input, a constant or computed already.
    #[error("`{writer}` writes `{value}`, which is an input, a constant or written before")]
    WrittenTwice {
        /// The node or input.
        writer: String,
        /// The value.
        value: String,
    },
    /// An output that nothing computes.
    #[error("output `{port}` is `{value}`, which nothing computes")]
    OutputNotComputed {
        /// The output.
        port: String,
        /// The value.
        value: String,
    },
    /// A constant as an input or output.
    #[error("port `{port}` is `{value}`, a constant: the model does not depend on it")]
    ConstantPort {
        /// The port.
        port: String,
        /// The value.
        value: String,
    },
    /// An operator that cannot take its inputs.
    #[error("node `{node}` ({op}): {source}")]
    Infer {
        /// The node.
        node: String,
        /// Its operator.
        op: &'static str,
        /// Why.
        source: InferError,
    },
    /// An output of another shape than its operator makes.
    #[error("node `{node}` ({op}) computes {expected:?}, its output `{value}` has shape {found:?}")]
    Shape {
        /// The node.
        node: String,
        /// Its operator.
        op: &'static str,
        /// The output.
        value: String,
        /// Shape that the operator makes.
        expected: Vec<usize>,
        /// Shape of the value.
        found: Vec<usize>,
    },
    /// A parameter that is computed.
    #[error("node `{node}` ({op}): the {role} `{value}` must be constant")]
    NotConstant {
        /// The node.
        node: String,
        /// Its operator.
        op: &'static str,
        /// What the parameter is for.
        role: &'static str,
        /// The value.
        value: String,
    },
    /// A variance with no usable square root.
    #[error(
        "node `{node}` (BatchNorm): variance {found} of channel {index} and epsilon {epsilon} must \
         add up to a positive number"
    )]
    Variance {
        /// The node.
        node: String,
        /// The channel.
        index: usize,
        /// The variance.
        found: f32,
        /// The node's epsilon.
        epsilon: f32,
    },
    /// A value with no elements.
    #[error("value `{value}` of shape {shape:?} has no elements")]
    Empty {
        /// The value.
        value: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A value with too many elements.
    #[error("value `{value}`: {source}")]
    Size {
        /// The value.
        value: String,
        /// Why.
        source: InferError,
    },
    /// An activation whose first axis is not a batch of 1.
    #[error("activation `{value}` must have batch 1 on axis 0, found shape {shape:?}")]
    Batch {
        /// The value.
        value: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A constant that does not fill its shape.
    #[error("constant `{value}` of shape {shape:?} has {expected} elements, found {found}")]
    ConstantLength {
        /// The constant.
        value: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Elements of the shape.
        expected: usize,
        /// Elements present.
        found: usize,
    },
    /// A constant with an infinite element or one that is not a number.
    #[error("constant `{value}` must be finite, element {index} is {found}: check the training")]
    NotFinite {
        /// The constant.
        value: String,
        /// Index of the element, row-major.
        index: usize,
        /// The element.
        found: f32,
    },
    /// Source axes that do not name every axis once.
    #[error(
        "source axes {source_axes:?} of port `{port}` are no permutation of the axes of {shape:?}"
    )]
    SourceAxes {
        /// The port.
        port: String,
        /// Its axes.
        source_axes: Vec<usize>,
        /// Shape of its value.
        shape: Vec<usize>,
    },
}
