//! Two int32, element by element, as they are: TFLM's kernels do not look at scales.

use super::super::failure::{Checked, operand, option};
use super::super::importer::{ITSELF, Importer};
use super::super::model::Operator;
use super::elementwise::pair;
use super::options::{options, shaped};
use crate::ir::ValueId;
use crate::quantize::graph::{DType, QOp, QValue};
use tiivis_runtime::blob::Function;

/// A function of two int32 whatever its result.
pub(super) const fn open(function: Function) -> QOp {
    QOp::Arithmetic {
        function,
        min: i32::MIN,
        max: i32::MAX,
    }
}

/// A function of two int32 that gives a third, with options of this kind, and a fused activation if it may have one.
pub(super) fn arithmetic<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    function: Function,
    (kind, may_be_fused): (u8, bool),
) -> Checked {
    let options = options(operator, kind)?;
    let activation = match options {
        Some(table) if may_be_fused => table.i8(0)?,
        _ => 0,
    };
    let [min, max] = match activation {
        0 => [i32::MIN, i32::MAX],
        other if function == Function::Add => {
            let found = format!("{other}, which TFLM leaves out of the sum of int32");
            return Err(option("fused activation", found, "NONE"));
        }
        1 => [0, i32::MAX],
        2 => [-1, 1],
        3 => [0, 6],
        other => {
            let expected = "NONE, RELU, RELU_N1_TO_1, RELU6";
            return Err(option("fused activation", other.to_string(), expected));
        }
    };
    let result = importer.result_of(operator, &[DType::I32])?;
    let operands = pair(importer, operator, &[DType::I32], &result)?;
    if divides(function) && may_be_zero(importer, operands[1]) {
        let expected = "a constant without 0, as what is divided by 0 has no result";
        return Err(operand("divisor", expected, "0"));
    }
    let op = QOp::Arithmetic { function, min, max };
    importer.push(operator, op, operands.to_vec(), result)
}

fn divides(function: Function) -> bool {
    matches!(
        function,
        Function::Div | Function::FloorDiv | Function::FloorMod
    )
}

/// Whether a constant holds a 0. Of what is computed nothing is known.
fn may_be_zero(importer: &Importer<'_, '_>, divisor: ValueId) -> bool {
    let constant = importer.value(divisor).constant.as_deref();
    constant.is_some_and(|bytes| bytes.chunks_exact(4).any(|number| number == [0; 4]))
}

/// NEG and ABS of int32.
pub(super) fn negated<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    kind: u8,
    is_magnitude: bool,
) -> Checked {
    options(operator, kind)?;
    let input = importer.activation_of(operator, 0, "input", &[DType::I32])?;
    let result = importer.result_of(operator, &[DType::I32])?;
    shaped(&result, &importer.value(input).shape)?;
    let zero = importer.add_value(number(&result.name, "zero", 0));
    let difference = open(Function::Sub);
    if !is_magnitude {
        return importer.push(operator, difference, vec![zero, input], result);
    }
    let mut negative = result.clone();
    negative.name.push_str(" negated");
    let negative = importer.push_between_all(difference, vec![zero, input], negative);
    let which = tiivis_runtime::blob::Which::Largest;
    importer.push(
        operator,
        QOp::Extreme { which },
        vec![input, negative],
        result,
    )
}

/// A constant int32.
fn number(of: &str, what: &str, number: i32) -> QValue {
    let bytes = number.to_le_bytes().map(|byte| i8::from_le_bytes([byte]));
    QValue {
        name: format!("{of} {what}"),
        shape: vec![1],
        dtype: DType::I32,
        params: ITSELF,
        constant: Some(bytes.into()),
    }
}
