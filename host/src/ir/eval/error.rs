//! Why a graph could not be evaluated.

use crate::ir::VerifyError;

/// Why a graph could not be evaluated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EvalError {
    /// The graph is not valid.
    #[error("the graph is not valid: {0}")]
    Graph(#[from] VerifyError),
    /// Too few or too many inputs.
    #[error("the model has {expected} inputs, {found} were given")]
    InputCount {
        /// Inputs of the graph.
        expected: usize,
        /// Inputs given.
        found: usize,
    },
    /// No samples, or another number than the first input has.
    #[error("input `{input}` must have {expected} samples, found {found}")]
    SampleCount {
        /// Name of the input.
        input: String,
        /// Samples of the first input, at least 1.
        expected: usize,
        /// Samples of this one.
        found: usize,
    },
    /// An input of the wrong length.
    #[error("input `{input}` must have {samples} samples of {values} values, found {found} values")]
    InputLength {
        /// Name of the input.
        input: String,
        /// Number of samples.
        samples: usize,
        /// Values of a sample.
        values: usize,
        /// Values found.
        found: usize,
    },
    /// An input or output that could not be turned into or from a tensor.
    #[error("cannot move the data of `{port}`: {reason}")]
    Port {
        /// Name of the input or output.
        port: String,
        /// What candle says.
        reason: String,
    },
    /// A node that could not be computed.
    #[error("node `{node}` ({op}): {reason}")]
    Node {
        /// The node.
        node: String,
        /// Its operator.
        op: &'static str,
        /// What candle says.
        reason: String,
    },
}

impl EvalError {
    pub(super) fn port(name: &str, source: &candle_core::Error) -> Self {
        Self::Port {
            port: name.to_owned(),
            reason: source.to_string(),
        }
    }
}
