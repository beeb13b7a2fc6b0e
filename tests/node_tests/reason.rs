//! What became of a test.

use std::fmt;
use tiivis::import::{ImportError, NodeFault};

/// What became of a test.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// Computed by the float network, and equal.
    Passed,
    /// Quantized: computed by the integer code of the device, and within 1.
    Integer,
    /// Without an input that is computed with: folded at import, and equal.
    Folded,
    /// Imported, but something else came out, or nothing.
    Failed(String),
    /// Refused, and why.
    Refused(Reason, String),
    /// With an operator that the project does not set out to support.
    OutOfScope(String),
}

/// Why a test in scope is not supported. The list is closed: what fits none of them is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// Shapes that are known only when the network runs.
    DynamicShape,
    /// Sequences, optionals, strings.
    NoTensor,
    /// An element type other than float32, int64, int32, int8, uint8, bool.
    ElementType,
    /// Integers or flags that are computed with on the device.
    IntegerTensors,
    /// A tensor without elements, or of one element without axes where the device needs some.
    EmptyTensor,
    /// An operator in scope that is not there yet.
    Operator,
    /// An attribute's value.
    Attribute,
    /// An operand: weights that are computed, ranks, or shapes.
    Operand,
    /// A second output that is used.
    SecondOutput,
    /// More than six axes.
    Rank,
}

impl Reason {
    /// In words.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::DynamicShape => "dynamic shape",
            Self::NoTensor => "sequence, optional or string",
            Self::ElementType => "element type",
            Self::IntegerTensors => "integers or flags on the device",
            Self::EmptyTensor => "empty tensor",
            Self::Operator => "operator",
            Self::Attribute => "attribute's value",
            Self::Operand => "operand's form",
            Self::SecondOutput => "second output",
            Self::Rank => "rank",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Integer => f.write_str("passed in integers"),
            Self::Folded => f.write_str("folded"),
            Self::Failed(what) => write!(f, "FAILED: {what}"),
            Self::Refused(reason, what) => write!(f, "not supported: {}: {what}", reason.text()),
            Self::OutOfScope(operator) => write!(f, "out of scope: {operator}"),
        }
    }
}

/// The outcome of an import that was refused.
pub(crate) fn refused(error: &ImportError) -> Outcome {
    let text = error.to_string();
    let reason = match error {
        ImportError::Input { .. } if text.contains("symbolic") || text.contains("no shape") => {
            Reason::DynamicShape
        }
        ImportError::Input { .. } if text.contains("empty") => Reason::EmptyTensor,
        ImportError::Input { .. } if text.contains("rank") => Reason::Rank,
        ImportError::Input { .. } if text.contains("not float32") => Reason::IntegerTensors,
        ImportError::Input { .. } if text.contains("weights must be constants") => Reason::Operand,
        ImportError::Tensor(_) => Reason::ElementType,
        ImportError::Node { fault, .. } => match **fault {
            NodeFault::Operator { .. } => Reason::Operator,
            NodeFault::Attribute { .. } => Reason::Attribute,
            NodeFault::Operand { .. } | NodeFault::Infer(_) => Reason::Operand,
            NodeFault::Result { .. } => Reason::SecondOutput,
            NodeFault::Tensor(_) => Reason::ElementType,
            NodeFault::Constants { .. } => return Outcome::Failed(text),
        },
        // Weights with a zero point, or a part that is computed in float.
        ImportError::Model { .. } if text.contains("is quantized, but") => Reason::Operand,
        ImportError::Output { .. } => Reason::Operand,
        _ => return Outcome::Failed(text),
    };
    Outcome::Refused(reason, text)
}
