//! Two operands, element by element.

use super::super::failure::{Checked, operand};
use super::super::importer::{INT, Importer, NUMBERS, symmetric};
use super::super::model::Operator;
use super::integer;
use super::options::{fused, kind, options, shaped};
use crate::ir::{ValueId, broadcast};
use crate::quantize::graph::{DType, QOp, QValue};
use crate::quantize::{left_shift, quantize_multiplier, square_left_shift};
use tiivis_runtime::blob::{Function, Which};

/// What is computed.
#[derive(Clone, Copy)]
pub(super) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    SquaredDifference,
    Prelu,
}

impl Binary {
    /// The kind of its options.
    fn kind(self) -> u8 {
        match self {
            Self::Add => kind::ADD,
            Self::Sub => kind::SUB,
            Self::Mul => kind::MUL,
            Self::Div => kind::DIV,
            Self::SquaredDifference => kind::SQUARED_DIFFERENCE,
            Self::Prelu => kind::NONE,
        }
    }

    /// Types of which TFLM has it.
    fn types(self) -> &'static [DType] {
        match self {
            Self::Add | Self::Sub | Self::Mul | Self::SquaredDifference => &INT,
            Self::Div | Self::Prelu => &[DType::I8],
        }
    }

    /// The function of numbers that have no scale.
    fn of_integers(self) -> Option<Function> {
        match self {
            Self::Add => Some(Function::Add),
            Self::Sub => Some(Function::Sub),
            Self::Mul => Some(Function::Mul),
            Self::Div => Some(Function::Div),
            Self::SquaredDifference => Some(Function::SquaredDifference),
            Self::Prelu => None,
        }
    }

    /// Whether its options name an activation.
    fn may_be_fused(self) -> bool {
        match self {
            Self::Add | Self::Sub | Self::Mul | Self::Div => true,
            Self::SquaredDifference | Self::Prelu => false,
        }
    }

    /// The largest scale that its kernel needs, for operands and a result of these scales.
    fn scale(self, [x, y, z]: [f64; 3], dtype: DType) -> f64 {
        let larger = 2.0 * x.max(y);
        let raised = |bits: u32| f64::from(1u32 << bits);
        match self {
            Self::Add | Self::Sub => larger / (raised(left_shift(dtype)) * z),
            Self::Mul => x * y / z,
            Self::Div => x / (y * z),
            Self::SquaredDifference => larger * larger / (raised(2 * square_left_shift(dtype)) * z),
            Self::Prelu => (x / z).max(x * y / z),
        }
    }
}

/// ADD, SUB, MUL, DIV, `SQUARED_DIFFERENCE` and PRELU, with operands that are stretched along axes of
/// extent 1.
pub(super) fn binary<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    binary: Binary,
) -> Checked {
    if let (true, Some(function)) = (importer.reads(operator, DType::I32), binary.of_integers()) {
        let kind = (binary.kind(), binary.may_be_fused());
        return integer::arithmetic(importer, operator, function, kind);
    }
    let options = options(operator, binary.kind())?;
    let (operands, result) = operands(importer, operator, binary.types())?;
    let [left, right] = operands.map(|id| importer.value(id));
    symmetric(left, "first operand")?;
    symmetric(right, "second operand")?;
    symmetric(&result, "output")?;
    let [x, y, z] = [left, right, &result].map(|value| f64::from(value.params.scale));
    if quantize_multiplier(binary.scale([x, y, z], result.dtype)).is_err() {
        let found = format!("scales {x}, {y} and {z}");
        return Err(operand(
            "output",
            "of a scale that is not that small",
            found,
        ));
    }
    let op = match binary {
        Binary::Add => QOp::Add {
            clamp: fused(options, 0, &result)?,
        },
        Binary::Sub => QOp::Sub {
            clamp: fused(options, 0, &result)?,
        },
        Binary::Mul => QOp::Mul {
            clamp: fused(options, 0, &result)?,
        },
        Binary::Div => QOp::Div {
            clamp: fused(options, 0, &result)?,
        },
        Binary::SquaredDifference => QOp::SquaredDifference {
            clamp: fused(None, 0, &result)?,
        },
        Binary::Prelu => QOp::Prelu,
    };
    importer.push(operator, op, operands.to_vec(), result)
}

/// MAXIMUM and MINIMUM of the numbers as they are: TFLM's kernel does not look at scales.
pub(super) fn extreme<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    which: Which,
) -> Checked {
    options(operator, kind::MAXIMUM_MINIMUM)?;
    let (operands, result) = operands(importer, operator, &NUMBERS)?;
    importer.push(operator, QOp::Extreme { which }, operands.to_vec(), result)
}

/// Two operands of one of these types, one of which is computed, and the result, of the shape that
/// both are stretched to.
fn operands<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    types: &[DType],
) -> Checked<([ValueId; 2], QValue)> {
    let result = importer.result_of(operator, types)?;
    let operands = pair(importer, operator, &[result.dtype], &result)?;
    Ok((operands, result))
}

/// Two operands of one of these types, one of which is computed, that are stretched to the shape of
/// the result.
pub(super) fn pair<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    types: &[DType],
    result: &QValue,
) -> Checked<[ValueId; 2]> {
    let a = importer.activation_or_constant_of(operator, 0, "first operand", types)?;
    let b = importer.activation_or_constant_of(operator, 1, "second operand", types)?;
    let (left, right) = (importer.value(a), importer.value(b));
    if left.constant.is_some() && right.constant.is_some() {
        return Err(operand(
            "operands",
            "an activation at least",
            "two constants",
        ));
    }
    if left.dtype != right.dtype {
        let found = format!("{} and {}", left.dtype.name(), right.dtype.name());
        return Err(operand("operands", "of one type", found));
    }
    let stretched = stretched(&left.shape, &right.shape).ok_or_else(|| {
        let found = format!("shapes {:?} and {:?}", left.shape, right.shape);
        operand(
            "operands",
            "of up to 4 axes, equal or 1 from the last on",
            found,
        )
    })?;
    shaped(result, &stretched)?;
    Ok([a, b])
}

/// The shape that both are stretched to, if the kernels take so many axes.
pub(super) fn stretched(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    broadcast(a, b).filter(|shape| shape.len() <= 4)
}
