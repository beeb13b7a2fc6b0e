//! What a step computes with: a tensor of the network, or numbers that are known.

use crate::ir::ValueId;
use std::sync::Arc;

/// Rows of one width, a row per sample of the sequence's batch.
#[derive(Clone, Debug)]
pub(super) enum Term {
    /// Zeros.
    Zero,
    /// Known numbers, row by row.
    Constant(Arc<[f32]>),
    /// Computed.
    Value(ValueId),
}

impl Term {
    /// Known numbers; zeros as such.
    pub(super) fn known(numbers: Vec<f32>) -> Self {
        if numbers.iter().all(|&number| number == 0.0) {
            Self::Zero
        } else {
            Self::Constant(numbers.into())
        }
    }
}

/// An operation on two terms of one width.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    Add,
    Sub,
    Mul,
}

impl Operation {
    /// Of two numbers.
    pub(super) fn of(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
        }
    }
}
