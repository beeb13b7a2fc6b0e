//! Why a model could not be imported.

use crate::ir::InferError;
use std::path::PathBuf;

/// Why a model could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file system refused.
    #[error("cannot read `{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nothing in it.
    #[error("`{}` is empty: export the model again", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Longer than is read.
    #[error("`{}` is too large: models of up to {} MiB are read", path.display(), super::MAX_FILE_BYTES >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Not the wire format of ONNX files.
    #[error(
        "this is no ONNX model, or it is truncated or damaged: byte {offset} cannot be parsed as \
         protobuf: {reason}"
    )]
    Protobuf {
        /// Where, in bytes from the start.
        offset: usize,
        /// What is wrong.
        reason: String,
    },
    /// Not the wire format of TensorFlow Lite files.
    #[error(
        "this is no .tflite model, or it is truncated or damaged: byte {offset} cannot be read as a \
         flatbuffer: {reason}"
    )]
    Flatbuffer {
        /// Where, in bytes from the start.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A part of the model that must be there is not, or is not usable.
    #[error("the model {found}: {remedy}")]
    Model {
        /// What is wrong, e.g. `has no graph`.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// An operator set that is not known.
    #[error(
        "the model needs opset {found}; opsets {oldest} to {newest} are read: export for one of them"
    )]
    Opset {
        /// What the model asks for.
        found: i64,
        /// Oldest that is read.
        oldest: i64,
        /// Newest that is known.
        newest: i64,
    },
    /// An input of the model.
    #[error("model input `{input}` {found}: {remedy}")]
    Input {
        /// The input.
        input: String,
        /// What is wrong.
        found: String,
        /// What to do.
        remedy: String,
    },
    /// What is said of open extents does not fit the model.
    #[error("{option} `{name}` {wrong}")]
    Shape {
        /// The option that says it.
        option: &'static str,
        /// What it names.
        name: String,
        /// What is wrong, and what there is.
        wrong: String,
    },
    /// An output of the model.
    #[error("model output `{output}` {found}")]
    Output {
        /// The output.
        output: String,
        /// What is wrong.
        found: &'static str,
    },
    /// A name that nothing defines.
    #[error(
        "{reader} reads tensor `{tensor}`, which is no input, no initializer and no node's output"
    )]
    MissingTensor {
        /// Who reads it.
        reader: String,
        /// The name.
        tensor: String,
    },
    /// A name that is defined twice.
    #[error("tensor `{tensor}` is a duplicate: it is defined twice, names must be unique")]
    DuplicateTensor {
        /// The name.
        tensor: String,
    },
    /// Nodes that wait for each other.
    #[error(
        "the graph has a cycle through node `{node}`: only feed-forward networks are supported"
    )]
    Cycle {
        /// One of the nodes.
        node: String,
    },
    /// A constant tensor.
    #[error(transparent)]
    Tensor(#[from] TensorFault),
    /// A node that cannot be imported.
    #[error("node `{node}` ({operator}): {fault}")]
    Node {
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
        /// What is wrong.
        fault: Box<NodeFault>,
    },
    /// Several nodes that cannot be imported, or inputs; all that were found.
    #[error("{} parts of the model are not supported:{}", .0.len(), listed(.0))]
    Several(Vec<ImportError>),
}

impl ImportError {
    /// One error of all that were found; none if there are none.
    pub(super) fn all(mut found: Vec<Self>) -> Option<Self> {
        match found.len() {
            0 => None,
            1 => found.pop(),
            _ => Some(Self::Several(found)),
        }
    }
}

/// A line for each, without the list of supported operators in each of them.
fn listed(faults: &[ImportError]) -> String {
    let line = |fault: &ImportError| {
        let text = fault.to_string();
        let text = text
            .split_once("; supported: ")
            .map_or(&*text, |(text, _)| text);
        format!("\n  {text}")
    };
    faults.iter().map(line).collect()
}

/// What is wrong with a constant tensor.
#[derive(Debug, thiserror::Error)]
#[error("tensor `{tensor}` {found}: {remedy}")]
pub struct TensorFault {
    /// The tensor.
    pub tensor: String,
    /// What is wrong.
    pub found: String,
    /// What to do.
    pub remedy: &'static str,
}

/// What is wrong with a node.
#[derive(Debug, thiserror::Error)]
pub enum NodeFault {
    /// An operator that is not supported.
    #[error("the operator is not supported; {nearest}")]
    Operator {
        /// The nearest thing that is.
        nearest: String,
    },
    /// An attribute's value.
    #[error("attribute `{attribute}` is {found}; supported: {supported}")]
    Attribute {
        /// The attribute.
        attribute: String,
        /// Its value.
        found: String,
        /// What is supported.
        supported: String,
    },
    /// An operand.
    #[error("the {operand} must be {expected}; found {found}")]
    Operand {
        /// What it is to the operator.
        operand: String,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A result that something wants and that is not computed.
    #[error("output {index} (`{tensor}`) is used; only the first output is supported")]
    Result {
        /// Index of the output.
        index: usize,
        /// Its name.
        tensor: String,
    },
    /// A constant operand.
    #[error(transparent)]
    Tensor(#[from] TensorFault),
    /// Constants that are computed or laid out anew would need too much memory.
    #[error(
        "the model's constants, computed and laid out for each use, exceed {max_elements} numbers: no \
         microcontroller holds so large a model, choose or train a smaller one"
    )]
    Constants {
        /// Limit.
        max_elements: usize,
    },
    /// Operands that do not fit each other.
    #[error("{0}")]
    Infer(#[from] InferError),
}

impl NodeFault {
    /// Its text, without the list of all operators that are supported.
    pub(super) fn without_list(&self) -> String {
        match self {
            Self::Operator { nearest } if nearest.starts_with("supported: ") => {
                "the operator is not supported".to_owned()
            }
            fault => fault.to_string(),
        }
    }
}
