//! From one type to another: CAST, and QUANTIZE between integers.

use super::super::failure::{Checked, operand};
use super::super::importer::{ANY, ITSELF, Importer, NUMBERS, only_output};
use super::super::model::Operator;
use super::super::port;
use super::super::schema::Type;
use super::super::tables;
use super::options::{kind, options, shaped};
use crate::ir::ValueId;
use crate::quantize::graph::{DType, QOp, QValue};
use crate::quantize::quantize_multiplier;
use std::sync::Arc;

/// CAST of the numbers as they are, whatever their scales. To float32 it is a view of an output of
/// the network.
pub(super) fn cast<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    options(operator, kind::CAST)?;
    let input = input(importer, operator)?;
    let source = importer.value(input).clone();
    let output = only_output(operator)?;
    if importer.model.tensors[output].element == Type::FLOAT32 {
        let mut itself = input;
        if source.params != ITSELF {
            let name = format!("{} as it is", source.name);
            importer.budget.take(name.len())?;
            let value = QValue {
                name,
                params: ITSELF,
                ..source
            };
            let op = conversion(value.dtype, value.dtype);
            itself = importer.push_between(op, input, value);
        }
        return port::dequantize_output(importer, operator, itself);
    }
    let result = super::index::result(importer, operator, &ANY)?;
    shaped(&result, &source.shape)?;
    let op = if source.dtype == result.dtype && source.params == result.params {
        QOp::Reshape
    } else {
        conversion(source.dtype, result.dtype)
    };
    importer.push(operator, op, vec![input], result)
}

/// The input of any type; int64 that is held as int32 too.
fn input<'a>(importer: &Importer<'_, 'a>, operator: &Operator<'a>) -> Checked<ValueId> {
    match importer.held_int64(operator, 0, "input")? {
        Some(value) => Ok(value),
        None => importer.activation_of(operator, 0, "input", &ANY),
    }
}

/// A table where both are bytes.
fn conversion(from: DType, to: DType) -> QOp {
    if from.bytes() > 1 || to.bytes() > 1 {
        return QOp::Cast;
    }
    let is_truth = to == DType::Bool;
    let byte = |q: i8| if is_truth { i8::from(q != 0) } else { q };
    let table: Arc<[i8]> = (i8::MIN..=i8::MAX).map(byte).collect();
    QOp::Lut { table }
}

/// QUANTIZE: of float32 an input of the network, or numbers that DEQUANTIZE has made; of integers
/// another scale and type.
pub(super) fn quantize<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let (tensor, source) = importer.tensor(operator, 0, "input")?;
    if source.element == Type::FLOAT32 {
        let Some(held) = importer.holds[tensor] else {
            return port::quantize_input(importer, operator, tensor);
        };
        return quantize_again(importer, operator, held);
    }
    let input = importer.activation_of(operator, 0, "input", &NUMBERS)?;
    let result = importer.result_of(operator, &NUMBERS)?;
    let source = importer.value(input);
    shaped(&result, &source.shape)?;
    let ratio = f64::from(source.params.scale) / f64::from(result.params.scale);
    if quantize_multiplier(ratio).is_err() {
        return Err(operand(
            "scale",
            "below 2^30 times the output's",
            ratio.to_string(),
        ));
    }
    importer.push(operator, QOp::Requantize, vec![input], result)
}

/// int8 that was float32 in between, rounded as float32.
fn quantize_again<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    held: ValueId,
) -> Checked {
    let source = importer.value(held);
    if source.dtype != DType::I8 {
        let found = format!("`{}` of {}", source.name, source.dtype.name());
        return Err(operand("input", "of what was int8", found));
    }
    let result = importer.result(operator)?;
    shaped(&result, &source.shape)?;
    let table = tables::through_float(source.params, result.params);
    importer.push(operator, QOp::Lut { table }, vec![held], result)
}

/// DEQUANTIZE: an output of the network, or what is quantized again at once.
pub(super) fn dequantize<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let value = importer.activation_of(operator, 0, "input", &NUMBERS)?;
    port::dequantize_output(importer, operator, value)
}
