//! The functions of the gates.

use super::Kind;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::node::Node;
use crate::ir::{Activation, Clamp, Parametric, Unary};

/// The functions of one direction, in the order of ONNX: f, and where there are, g and h.
pub(super) struct Functions(Vec<Activation>);

impl Functions {
    /// Those of each direction.
    pub(super) fn of(
        node: &Node<'_>,
        kind: Kind,
        directions: usize,
    ) -> Result<Vec<Self>, NodeFault> {
        let count = kind.functions().len();
        let names: Vec<&str> = match node.attributes.texts("activations")? {
            None => kind.functions().repeat(directions),
            Some(given) => given.iter().map(String::as_str).collect(),
        };
        if names.len() != count * directions {
            let supported = format!("{} names", count * directions);
            return Err(fault("activations", format!("{names:?}"), &supported));
        }
        let numbers = |name| node.attributes.floats(name).map(Option::unwrap_or_default);
        let (alphas, betas) = (numbers("activation_alpha")?, numbers("activation_beta")?);
        // As ONNX Runtime reads the lists: only the functions that have such a number take one.
        let (mut alphas, mut betas) = (alphas.iter().copied(), betas.iter().copied());
        let functions: Result<Vec<Activation>, NodeFault> = names
            .iter()
            .map(|name| function(name, &mut alphas, &mut betas))
            .collect();
        let functions = functions?;
        Ok(functions
            .chunks(count)
            .map(|own| Self(own.into()))
            .collect())
    }

    /// Of the gates.
    pub(super) fn f(&self) -> Activation {
        self.0[0]
    }

    /// Of the new content.
    pub(super) fn g(&self) -> Activation {
        self.0[1]
    }

    /// Of the cell on its way out, in an LSTM.
    pub(super) fn h(&self) -> Activation {
        self.0[2]
    }
}

/// A function by name, case ignored; its numbers are the next ones.
fn function(
    name: &str,
    alphas: &mut impl Iterator<Item = f32>,
    betas: &mut impl Iterator<Item = f32>,
) -> Result<Activation, NodeFault> {
    let mut alpha = |default| alphas.next().unwrap_or(default);
    let relu = Clamp {
        min: 0.0,
        max: f32::INFINITY,
    };
    Ok(match name.to_ascii_lowercase().as_str() {
        "relu" => Activation::Clamp(relu),
        "tanh" => Activation::Tanh,
        "sigmoid" => Activation::Sigmoid,
        "leakyrelu" => Activation::LeakyRelu { alpha: alpha(0.01) },
        "elu" => Activation::Elu { alpha: alpha(1.0) },
        "hardsigmoid" => Activation::HardSigmoid {
            alpha: alpha(0.2),
            beta: betas.next().unwrap_or(0.5),
        },
        "thresholdedrelu" => Activation::Parametric {
            function: Parametric::ThresholdedRelu,
            parameters: [alpha(1.0), 0.0],
        },
        "softsign" => Activation::Unary(Unary::Softsign),
        "softplus" => Activation::Unary(Unary::Softplus),
        _ => {
            let supported = "Relu, Tanh, Sigmoid, LeakyRelu, Elu, HardSigmoid, ThresholdedRelu, \
                             Softsign, Softplus";
            return Err(fault("activations", name.into(), supported));
        }
    })
}
