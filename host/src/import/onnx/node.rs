//! One node on its way into the graph.

use super::attributes::Attributes;
use super::context::{Activation, Tensor};
use super::tensor::{Constant, Data};
use crate::import::NodeFault;

/// A node with its operands looked up.
pub(super) struct Node<'m> {
    /// Its name, or, where it has none, that of its output.
    pub name: String,
    /// Name of its first output.
    pub output: String,
    /// Names of all outputs; empty where one is not used.
    pub outputs: &'m [String],
    /// Version of the operator set.
    pub opset: i64,
    /// Attributes.
    pub attributes: Attributes<'m>,
    /// Operands; none where one was left out.
    pub inputs: Vec<Option<Tensor>>,
    /// Their names.
    pub operands: &'m [String],
}

impl Node<'_> {
    /// An operand, if it was given.
    pub(super) fn input(&self, index: usize) -> Option<&Tensor> {
        self.inputs.get(index)?.as_ref()
    }

    /// An operand that must be there.
    pub(super) fn required(&self, index: usize, operand: &str) -> Result<&Tensor, NodeFault> {
        self.input(index)
            .ok_or_else(|| operand_fault(operand, "given", "no such input"))
    }

    /// An operand that must be computed.
    pub(super) fn activation(&self, index: usize, operand: &str) -> Result<&Activation, NodeFault> {
        match self.required(index, operand)? {
            Tensor::Activation(activation) => Ok(activation),
            Tensor::Constant(constant) => Err(operand_fault(
                operand,
                "computed from the model's inputs",
                &format!("the constant `{}`", constant.name),
            )),
        }
    }

    /// An operand that must be constant.
    pub(super) fn constant(&self, index: usize, operand: &str) -> Result<&Constant, NodeFault> {
        match self.required(index, operand)? {
            Tensor::Constant(constant) => Ok(constant),
            Tensor::Activation(_) => Err(operand_fault(
                operand,
                "a constant",
                "a tensor that is computed from the model's inputs, or an input",
            )),
        }
    }

    /// Shape and elements of an operand that must be a constant of floats.
    pub(super) fn floats(
        &self,
        index: usize,
        operand: &str,
    ) -> Result<(&Constant, &[f32]), NodeFault> {
        let constant = self.constant(index, operand)?;
        Ok((constant, floats(constant, operand)?))
    }

    /// A constant number.
    pub(super) fn scalar(&self, index: usize, operand: &str) -> Result<f32, NodeFault> {
        match self.floats(index, operand)? {
            (_, &[value]) if !value.is_nan() => Ok(value),
            (_, &[_]) => Err(operand_fault(operand, "a number", "NaN")),
            (constant, _) => Err(operand_fault(
                operand,
                "one number",
                &format!("a tensor of shape {:?}", constant.shape),
            )),
        }
    }

    /// Constant integers: a list, or one number.
    pub(super) fn ints(&self, index: usize, operand: &str) -> Result<&[i64], NodeFault> {
        let constant = self.constant(index, operand)?;
        match &constant.data {
            Data::I64(values) if constant.shape.len() < 2 => Ok(values),
            data => Err(operand_fault(
                operand,
                "a list of integers",
                &format!(
                    "a {} tensor of shape {:?}",
                    data.type_name(),
                    constant.shape
                ),
            )),
        }
    }
}

/// Elements of a constant that must be floats.
pub(super) fn floats<'c>(constant: &'c Constant, operand: &str) -> Result<&'c [f32], NodeFault> {
    match &constant.data {
        Data::F32(values) => Ok(values),
        data => Err(operand_fault(
            operand,
            "float32",
            &format!("`{}` of {}", constant.name, data.type_name()),
        )),
    }
}

/// The fault of an operand.
pub(super) fn operand_fault(operand: &str, expected: &str, found: &str) -> NodeFault {
    NodeFault::Operand {
        operand: operand.into(),
        expected: expected.into(),
        found: found.into(),
    }
}

/// The fault of an operand's shape.
pub(super) fn shape_fault(operand: &str, expected: &str, found: &[usize]) -> NodeFault {
    operand_fault(operand, expected, &format!("shape {found:?}"))
}

/// An axis that may be counted from the end, as an index below `rank`.
pub(super) fn axis_index(axis: i64, rank: usize) -> Result<usize, NodeFault> {
    let signed_rank = i64::try_from(rank).expect("a tensor has few axes");
    let index = if axis < 0 {
        axis.checked_add(signed_rank)
    } else {
        Some(axis)
    };
    let index = index
        .and_then(|axis| usize::try_from(axis).ok())
        .filter(|&axis| axis < rank);
    index.ok_or_else(|| NodeFault::Attribute {
        attribute: "axis".into(),
        found: axis.to_string(),
        supported: format!("axes of a tensor of rank {rank}"),
    })
}

/// Several such axes, each once, in the order given.
pub(super) fn axis_indices(axes: &[i64], rank: usize) -> Result<Vec<usize>, NodeFault> {
    let mut indices = Vec::with_capacity(axes.len().min(rank));
    for &axis in axes {
        let index = axis_index(axis, rank)?;
        if indices.contains(&index) {
            return Err(NodeFault::Attribute {
                attribute: "axes".into(),
                found: format!("{axes:?}"),
                supported: "every axis at most once".into(),
            });
        }
        indices.push(index);
    }
    Ok(indices)
}
