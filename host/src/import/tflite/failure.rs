//! What goes wrong inside an operator, before its name is put to it.

use crate::import::{ImportError, NodeFault};

/// A fault of the operator, or of the file as a whole.
#[derive(Debug)]
pub(super) enum Failure {
    Node(NodeFault),
    Model(ImportError),
}

pub(super) type Checked<T = ()> = Result<T, Failure>;

impl From<NodeFault> for Failure {
    fn from(fault: NodeFault) -> Self {
        Self::Node(fault)
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        Self::Model(error)
    }
}

/// An operand that is not as it must be.
pub(super) fn operand(
    operand: impl Into<String>,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Failure {
    Failure::Node(NodeFault::Operand {
        operand: operand.into(),
        expected: expected.into(),
        found: found.into(),
    })
}

/// An option that is not as it must be.
pub(super) fn option(
    attribute: &str,
    found: impl Into<String>,
    supported: impl Into<String>,
) -> Failure {
    Failure::Node(NodeFault::Attribute {
        attribute: attribute.to_owned(),
        found: found.into(),
        supported: supported.into(),
    })
}
