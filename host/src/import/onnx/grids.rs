//! Scales that a quantized model brings along, while it is imported as a network of real numbers.
//!
//! A quantized tensor of the model is the real-valued one that it stands for, with its scale taken
//! down here: `QuantizeLinear` and `DequantizeLinear` compute nothing. uint8 becomes int8 by moving
//! the zero point by 128, which is exact.

use super::context::{Activation, Context, Tensor};
use super::node::{Node, operand_fault};
use super::tensor::Data;
use crate::import::NodeFault;
use crate::ir::{self, Clamp, Op, ValueId};
use crate::quantize::graph::QuantParams;
use crate::quantize::{Given, Grid};
use std::collections::HashMap;

/// What is known of scales so far.
#[derive(Default)]
pub(super) struct Grids {
    /// By value; what the quantizer needs.
    pub given: Given,
    /// By name of a constant that a `DequantizeLinear` made: every constant of the graph that is made of
    /// it.
    pub constants: HashMap<String, Grid>,
    /// Tensors of the model, by name, that are integers; none is known of the scale of some of the
    /// model's inputs before something reads them.
    pub integers: HashMap<String, (Element, Option<QuantParams>)>,
}

/// Element type of a quantized tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    I8,
    U8,
}

impl Element {
    /// Name, in lower case.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::I8 => "int8",
            Self::U8 => "uint8",
        }
    }

    /// A number of this type as int8, whose zero point moves alike.
    pub(super) fn shifted(self, number: i32) -> i32 {
        match self {
            Self::I8 => number,
            Self::U8 => number - 128,
        }
    }
}

/// Scale and zero point of a tensor from operands of these indices; the zero point may be missing
/// and is 0 then, of type `open`.
pub(super) fn parameters(
    node: &Node<'_>,
    scale: usize,
    zero_point: usize,
    open: Element,
) -> Result<(Element, QuantParams), NodeFault> {
    let real = node.scalar(scale, "scale")?;
    if !(real > 0.0 && real.is_finite()) {
        return Err(operand_fault(
            "scale",
            "positive and finite",
            &real.to_string(),
        ));
    }
    let (element, zero_point) = match node.input(zero_point) {
        None => (open, 0),
        Some(_) => match &node.constant(zero_point, "zero point")?.data {
            Data::I8(zero) if zero.len() == 1 => (Element::I8, i32::from(zero[0])),
            Data::U8(zero) if zero.len() == 1 => (Element::U8, i32::from(zero[0])),
            data => {
                return Err(operand_fault(
                    "zero point",
                    "one number of int8 or uint8",
                    data.type_name(),
                ));
            }
        },
    };
    let params = QuantParams {
        scale: real,
        zero_point: element.shifted(zero_point),
    };
    Ok((element, params))
}

impl Context {
    /// Takes down the scale of a value. One that has another already is brought to the new one by a
    /// node of its own.
    pub(super) fn with_scale(
        &mut self,
        node: &str,
        x: &Activation,
        params: QuantParams,
    ) -> Result<Activation, NodeFault> {
        let known = &mut self.grids.given.activations;
        if *known.entry(x.value).or_insert(params) == params {
            return Ok(x.clone());
        }
        let open = Clamp {
            min: f32::NEG_INFINITY,
            max: f32::INFINITY,
        };
        let op = Op::Activation(ir::Activation::Clamp(open));
        let value = self.emit_helper(node, "rescale", op, vec![x.value])?;
        self.grids.given.activations.insert(value, params);
        Ok(x.with_value(value))
    }

    /// The operand of this index, which must be an integer tensor of this type and scale.
    pub(super) fn integers(
        &mut self,
        node: &Node<'_>,
        index: usize,
        (element, params): (Element, QuantParams),
    ) -> Result<Activation, NodeFault> {
        let x = node.activation(index, "quantized input")?.clone();
        let name = &node.operands[index];
        let Some((own, scale)) = self.grids.integers.get_mut(name) else {
            let found = format!("`{name}`, which is of real numbers");
            return Err(operand_fault("quantized input", "of integers", &found));
        };
        if *own != element || scale.is_some_and(|scale| scale != params) {
            let expected = format!("of {} as it was quantized: {scale:?}", own.name());
            let found = format!("{} with {params:?}", element.name());
            return Err(operand_fault("quantized input", &expected, &found));
        }
        *scale = Some(params);
        self.with_scale(&node.name, &x, params)
    }

    /// What a node computed, as an integer tensor of this type and scale.
    pub(super) fn as_integers(
        &mut self,
        node: &Node<'_>,
        tensor: &Tensor,
        integers: (Element, QuantParams),
    ) -> Result<Tensor, NodeFault> {
        self.output_as_integers(&node.name, &node.output, tensor, integers)
    }

    /// As [`Self::as_integers`], for the output of a node that has this name.
    pub(super) fn output_as_integers(
        &mut self,
        node: &str,
        output: &str,
        tensor: &Tensor,
        (element, params): (Element, QuantParams),
    ) -> Result<Tensor, NodeFault> {
        let Tensor::Activation(activation) = tensor else {
            return Err(operand_fault("output", "computed", "a constant"));
        };
        let activation = self.with_scale(node, activation, params)?;
        let integers = (element, Some(params));
        self.grids.integers.insert(output.into(), integers);
        Ok(activation.into())
    }

    /// Takes down how a constant of the graph was quantized, if it is made of one that was.
    pub(super) fn note_constant(&mut self, source: &str, id: ValueId) {
        if let Some(grid) = self.grids.constants.get(source) {
            self.grids.given.constants.insert(id, grid.clone());
        }
    }
}

/// Operators that pick or move numbers, which may as well be integers.
const MOVING: &[&str] = &[
    "Concat",
    "DepthToSpace",
    "Expand",
    "Flatten",
    "Gather",
    "Identity",
    "MaxPool",
    "Reshape",
    "Slice",
    "SpaceToDepth",
    "Split",
    "Squeeze",
    "Tile",
    "Transpose",
    "Unsqueeze",
];

impl Grids {
    /// Whether any activation is quantized.
    pub(super) fn quantizes(&self) -> bool {
        !self.given.activations.is_empty()
    }

    /// The type and scale of what an operator of real numbers computes from integer operands; none
    /// if no operand is of integers.
    ///
    /// # Errors
    /// If the operator would compute with the integers themselves.
    pub(super) fn passed_on(
        &self,
        operator: &str,
        operands: &[String],
    ) -> Result<Option<(Element, Option<QuantParams>)>, NodeFault> {
        let mut known = operands.iter().map(|name| self.integers.get(name));
        if known.by_ref().all(|known| known.is_none()) {
            return Ok(None);
        }
        let mut known = operands.iter().filter_map(|name| self.integers.get(name));
        let first = known.next().copied();
        let alike = known.all(|&other| Some(other) == first);
        if MOVING.contains(&operator) && alike {
            return Ok(first);
        }
        Err(operand_fault(
            "input",
            "of real numbers: integers come from QuantizeLinear and go to DequantizeLinear or an \
             operator for quantized tensors",
            "a tensor of integers",
        ))
    }
}
