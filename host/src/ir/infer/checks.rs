//! Checks that operators share.

use super::InferError;
use crate::ir::{Activation, Clamp, Fused, Term, Value};

pub(super) fn check_activation(activation: &Activation) -> Result<(), InferError> {
    use Activation::{
        Clamp, Elu, HardSigmoid, HardSwish, LeakyRelu, Parametric, Sigmoid, Tanh, Unary,
    };
    let numbers = match *activation {
        Clamp(clamp) => return check_clamp(Some(clamp)),
        Sigmoid | Tanh | HardSwish | Unary(_) => return Ok(()),
        LeakyRelu { alpha } | Elu { alpha } => [("alpha", alpha), ("alpha", alpha)],
        HardSigmoid { alpha, beta } => [("alpha", alpha), ("beta", beta)],
        Parametric {
            function,
            parameters: [a, b],
        } => match *function.parameters() {
            [first, second] => [(first, a), (second, b)],
            [only, ..] => [(only, a), (only, b)],
            [] => return Ok(()),
        },
    };
    match numbers.into_iter().find(|(_, number)| !number.is_finite()) {
        None => Ok(()),
        Some((parameter, found)) => Err(InferError::Number {
            parameter,
            expected: "finite",
            found,
        }),
    }
}

pub(super) fn check_fused(function: &Fused) -> Result<(), InferError> {
    if !function.is_sound() {
        return Err(InferError::Fused {
            terms: function.terms.len(),
        });
    }
    function.terms.iter().try_for_each(|term| match term {
        Term::Unary(activation, _) => check_activation(activation),
        Term::Add(_, _, clamp) | Term::Sub(_, _, clamp) | Term::Mul(_, _, clamp) => {
            check_clamp(*clamp)
        }
        Term::Input | Term::Constant(_) | Term::Binary(..) | Term::Select(..) => Ok(()),
    })
}

pub(super) fn check_clamp(clamp: Option<Clamp>) -> Result<(), InferError> {
    match clamp {
        // A bound that is not a number compares with nothing.
        Some(Clamp { min, max }) if min.partial_cmp(&max).is_none_or(std::cmp::Ordering::is_gt) => {
            Err(InferError::Clamp { min, max })
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn check_bias(inputs: &[&Value], channels: usize) -> Result<(), InferError> {
    match inputs.get(2) {
        Some(bias) => check_parameter("bias", &bias.shape, channels),
        None => Ok(()),
    }
}

pub(super) fn check_parameter(
    input: &'static str,
    found: &[usize],
    channels: usize,
) -> Result<(), InferError> {
    if found == [channels] {
        return Ok(());
    }
    Err(InferError::ParameterShape {
        input,
        expected: channels,
        found: found.to_vec(),
    })
}

/// Size of the last axis, which is not the batch.
pub(super) fn check_has_channels(
    input: &'static str,
    shape: &[usize],
) -> Result<usize, InferError> {
    match shape {
        [_, .., channels] => Ok(*channels),
        [] | [_] => Err(InferError::Rank {
            input,
            expected: "2 or more",
            found: shape.to_vec(),
        }),
    }
}

pub(super) fn four(input: &'static str, shape: &[usize]) -> Result<[usize; 4], InferError> {
    shape.try_into().map_err(|_| InferError::Rank {
        input,
        expected: "4",
        found: shape.to_vec(),
    })
}
