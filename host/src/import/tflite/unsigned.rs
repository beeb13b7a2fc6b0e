//! uint8 as int8: numbers and zero points less by 128, which changes no difference between them.
//!
//! What the reference kernels compute from differences is the same then; where they compute
//! something else from uint8 than from int8, the operator's import does too, or refuses. Dense layers
//! round twice, as the reference code does, of int8 too; today's builds of `LiteRT` round once.

use super::budget::Budget;
use super::failure::{Checked, operand};
use super::model::{Model, Operator, Tensor};
use super::schema::Type;
use crate::import::ImportError;
use std::borrow::Cow;

/// By how much numbers and zero points become less.
pub(super) const SHIFT: i64 = 128;

/// The operators that are imported of uint8, compared with the reference in `tests/golden`.
pub(super) const OPERATORS: &[&str] = &[
    "ADD",
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "DEPTH_TO_SPACE",
    "DEQUANTIZE",
    "EXPAND_DIMS",
    "FULLY_CONNECTED",
    "GATHER",
    "LEAKY_RELU",
    "LOGISTIC",
    "MAXIMUM",
    "MAX_POOL_2D",
    "MINIMUM",
    "MUL",
    "PAD",
    "PADV2",
    "QUANTIZE",
    "RELU",
    "RELU6",
    "RESHAPE",
    "RESIZE_NEAREST_NEIGHBOR",
    "SLICE",
    "SOFTMAX",
    "SPACE_TO_DEPTH",
    "SPLIT",
    "SQUEEZE",
    "STRIDED_SLICE",
    "SUB",
    "TANH",
    "TRANSPOSE",
];

/// Makes int8 of all quantized uint8 tensors.
///
/// # Errors
/// If the file asks for more than the budget.
pub(super) fn shift(model: &mut Model<'_>, budget: &mut Budget) -> Result<(), ImportError> {
    for tensor in &mut model.tensors {
        if tensor.element != Type::UINT8 || tensor.quantization.scales.len() == 0 {
            continue;
        }
        if let Some(data) = &tensor.data {
            budget.take(data.len())?;
            tensor.data = Some(data.iter().map(|byte| byte ^ 0x80).collect::<Cow<'_, _>>());
        }
        tensor.element = Type::INT8;
        tensor.quantization.shift = SHIFT;
    }
    Ok(())
}

impl Tensor<'_> {
    /// Whether the file has it as uint8.
    pub(super) fn is_unsigned(&self) -> bool {
        self.quantization.shift != 0
    }
}

/// Refuses an operator of uint8 that is imported of int8 only.
pub(super) fn check(model: &Model<'_>, operator: &Operator<'_>) -> Checked {
    let tensors = operator.inputs.iter().flatten().chain(&operator.outputs);
    let mut tensors = tensors.map(|&tensor| &model.tensors[tensor]);
    match tensors.find(|tensor| tensor.is_unsigned()) {
        Some(tensor) if !OPERATORS.contains(&&*operator.name) => Err(operand(
            "operands",
            "int8 for this operator",
            format!("`{}` of uint8", tensor.name),
        )),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::OPERATORS;
    use crate::import::tflite::ops::ROWS;

    #[test]
    fn operators_are_sorted_and_known() {
        assert!(OPERATORS.windows(2).all(|pair| pair[0] < pair[1]));
        let is_known = |name: &&&str| ROWS.iter().any(|row| row.operator == **name);
        assert_eq!(OPERATORS.iter().find(|name| !is_known(name)), None);
    }
}
