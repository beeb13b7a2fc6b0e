//! Operators by what they do to elements.

use super::Op;

/// What an operator does to elements, for who does not care which operator it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Combines the first input with constants, its parameters.
    Layer,
    /// Multiplies two matrices, or many of them.
    Product,
    /// Computes each element from one element of one input.
    Function,
    /// Computes each element from one element of each input, which broadcast.
    Combination,
    /// Only moves the elements of one input, or adds a border.
    Move,
    /// Puts inputs beside each other.
    Join,
    /// Anything else of one input.
    Other,
}

impl Op {
    /// What the operator does to elements.
    pub(crate) const fn class(&self) -> Class {
        match self {
            Self::Conv2d(_)
            | Self::ConvTranspose2d(_)
            | Self::Dense { .. }
            | Self::BatchNorm { .. } => Class::Layer,
            Self::MatMul { .. } => Class::Product,
            Self::Activation(_) | Self::Fused(_) => Class::Function,
            Self::Add { .. }
            | Self::Sub { .. }
            | Self::Mul { .. }
            | Self::Binary(_)
            | Self::Select => Class::Combination,
            Self::Reshape { .. } | Self::Transpose { .. } | Self::Take { .. } | Self::Pad(_) => {
                Class::Move
            }
            Self::Concat { .. } => Class::Join,
            Self::MaxPool2d(_)
            | Self::AvgPool2d(_)
            | Self::Softmax
            | Self::Reduce(_)
            | Self::ArgExtreme { .. }
            | Self::ResizeBilinear(_)
            | Self::L2Normalize
            | Self::LogSoftmax
            | Self::Identity => Class::Other,
        }
    }
}
