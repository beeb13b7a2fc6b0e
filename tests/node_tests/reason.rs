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
    /// Computes with integers or flags, which were given at import: folded, and equal.
    FoldedIntegers,
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
    /// float16, bfloat16, float64 and narrower floats, complex numbers, integers of 2 or 4 bits and
    /// unsigned ones of 16, 32 or 64: no model for a microcontroller computes with them.
    ElementType,
    /// What is for training: statistics of the samples at hand, random numbers.
    Training,
    /// Integers or flags that are computed with on the device, or int16 at import.
    IntegerTensors,
    /// A tensor without elements, where the device needs some.
    EmptyTensor,
    /// An operator in scope that is not there yet.
    Operator,
    /// An attribute's value.
    Attribute,
    /// Weights or parameters that are computed when the network runs.
    ComputedParameter,
    /// Maps of three dimensions of space.
    Space,
    /// The form of an operand: types that do not go together, shapes, values.
    Operand,
    /// A second output that is used.
    SecondOutput,
    /// More than six axes.
    Rank,
}

impl Reason {
    /// Whether the test is none of a network of static shapes, of tensors of a type that
    /// microcontrollers compute with, for inference: no compiler for them could take it.
    pub(crate) fn is_beyond(self) -> bool {
        match self {
            Self::DynamicShape | Self::NoTensor | Self::ElementType | Self::Training => true,
            Self::IntegerTensors
            | Self::EmptyTensor
            | Self::Operator
            | Self::Attribute
            | Self::ComputedParameter
            | Self::Space
            | Self::Operand
            | Self::SecondOutput
            | Self::Rank => false,
        }
    }

    /// In words.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::DynamicShape => "dynamic shape",
            Self::NoTensor => "sequence, optional or string",
            Self::ElementType => "element type",
            Self::Training => "training",
            Self::IntegerTensors => "integers or flags on the device",
            Self::EmptyTensor => "empty tensor",
            Self::Operator => "operator",
            Self::Attribute => "attribute's value",
            Self::ComputedParameter => "parameter computed when it runs",
            Self::Space => "three dimensions of space",
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
            Self::FoldedIntegers => f.write_str("folded integers"),
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
        ImportError::Node { .. } if text.contains("for inference") => Reason::Training,
        ImportError::Node { .. } if text.contains("or rank 4 [N, C, H, W]") => Reason::Space,
        ImportError::Node { .. } if text.contains("must be a constant; found") => {
            Reason::ComputedParameter
        }
        ImportError::Input { .. } if text.contains("symbolic") || text.contains("no shape") => {
            Reason::DynamicShape
        }
        ImportError::Input { .. } if text.contains("empty") => Reason::EmptyTensor,
        ImportError::Input { .. } if text.contains("rank") => Reason::Rank,
        ImportError::Input { .. } if text.contains("not float32") => Reason::IntegerTensors,
        ImportError::Input { .. } if text.contains("weights must be constants") => {
            Reason::ComputedParameter
        }
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
