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
pub(super) fn check(model: &Model<'_>, operator: &Operator<'_>, takes_uint8: bool) -> Checked {
    let tensors = operator.inputs.iter().flatten().chain(&operator.outputs);
    let mut tensors = tensors.map(|&tensor| &model.tensors[tensor]);
    match tensors.find(|tensor| tensor.is_unsigned()) {
        Some(tensor) if !takes_uint8 => Err(operand(
            "operands",
            "int8 for this operator",
            format!("`{}` of uint8", tensor.name),
        )),
        Some(_) | None => Ok(()),
    }
}
