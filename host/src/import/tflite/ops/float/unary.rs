//! Functions of one tensor.

use super::super::super::failure::{Checked, operand, option};
use super::super::super::model::Operator;
use super::super::super::schema::Type;
use super::super::options::{kind, options};
use super::super::unary::is_approximate;
use super::importer::Importer;
use crate::ir::{Activation, Op, Parametric, Unary};

/// A function of every number.
pub(super) fn function<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    function: Activation,
) -> Checked {
    let input = importer.activation(operator, 0, "input")?;
    importer.push(operator, Op::Activation(function), vec![input])
}

/// An operator on vectors along the last axis.
pub(super) fn vectors<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    op: Op,
) -> Checked {
    let input = importer.activation(operator, 0, "input")?;
    let shape = importer.shape_of(operator, 0)?;
    // A vector whose length is 1 would be taken for the batch.
    let keeps_first = shape.len() > 1;
    let name = importer.name_of(operator);
    let framed = importer.framed(input, shape, keeps_first, &name)?;
    importer.push(operator, op, vec![framed.value])
}

pub(super) fn leaky_relu<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = options(operator, kind::LEAKY_RELU)?;
    let alpha = options.map_or(Ok(0.0), |table| table.f32(0))?;
    function(importer, operator, Activation::LeakyRelu { alpha })
}

pub(super) fn gelu<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let gelu = if is_approximate(operator)? {
        Unary::GeluTanh
    } else {
        Unary::Gelu
    };
    function(importer, operator, Activation::Unary(gelu))
}

/// POW with one constant exponent.
pub(super) fn pow<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let exponent = importer.operand(operator, 1, "exponent", Type::FLOAT32)?;
    let exponent = match importer.graph.constant(exponent).map(|data| &data[..]) {
        Some(&[exponent]) => exponent,
        Some(numbers) => {
            let found = format!("{} numbers", numbers.len());
            return Err(operand("exponent", "one constant number", found));
        }
        None => return Err(operand("exponent", "one constant number", "an activation")),
    };
    let power = Activation::Parametric {
        function: Parametric::Pow,
        parameters: [exponent, 0.0],
    };
    function(importer, operator, power)
}

/// SOFTMAX over the last axis, of the input times beta.
pub(super) fn softmax<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = options(operator, kind::SOFTMAX)?;
    let beta = options.map_or(Ok(0.0), |table| table.f32(0))?;
    if !(beta.is_finite() && beta > 0.0) {
        return Err(option("beta", beta.to_string(), "positive and finite"));
    }
    if beta.to_bits() == 1f32.to_bits() {
        return vectors(importer, operator, Op::Softmax);
    }
    let input = importer.activation(operator, 0, "input")?;
    let shape = importer.shape_of(operator, 0)?;
    let name = importer.name_of(operator);
    let framed = importer.framed(input, shape, shape.len() > 1, &name)?;
    let factor = importer.constant(&name, vec![1], vec![beta])?;
    let scaled = Op::Mul { clamp: None };
    let scaled = importer.emit(&name, scaled, vec![framed.value, factor])?;
    importer.push(operator, Op::Softmax, vec![scaled])
}
