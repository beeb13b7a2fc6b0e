//! Truths: comparisons, their combinations, and choices by them.

use super::super::failure::{Checked, operand};
use super::super::importer::{ANY, Importer};
use super::super::model::Operator;
use super::elementwise::{pair, stretched};
use super::integer;
use super::options::{kind, options, shaped};
use crate::ir::ValueId;
use crate::quantize::graph::{DType, QOp, QValue};
use crate::quantize::quantize_multiplier;
use std::sync::Arc;
use tiivis_runtime::blob::{Comparison, Function, Scale, Which};

/// Extra bits of numbers that are compared (TFLM's `kernels/comparisons.cc`).
const LEFT_SHIFT: u32 = 8;

/// How the operands are compared.
#[derive(Clone, Copy)]
pub(super) enum Order {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

impl Order {
    /// The kind of its options.
    fn kind(self) -> u8 {
        match self {
            Self::Equal => kind::EQUAL,
            Self::NotEqual => kind::NOT_EQUAL,
            Self::Greater => kind::GREATER,
            Self::GreaterEqual => kind::GREATER_EQUAL,
            Self::Less => kind::LESS,
            Self::LessEqual => kind::LESS_EQUAL,
        }
    }

    /// The comparison that the kernel knows, and whether of the operands the other way round.
    fn comparison(self) -> (Comparison, bool) {
        match self {
            Self::Equal => (Comparison::Equal, false),
            Self::NotEqual => (Comparison::NotEqual, false),
            Self::Greater => (Comparison::Greater, false),
            Self::GreaterEqual => (Comparison::GreaterEqual, false),
            Self::Less => (Comparison::Greater, true),
            Self::LessEqual => (Comparison::GreaterEqual, true),
        }
    }
}

/// EQUAL, `NOT_EQUAL`, GREATER, `GREATER_EQUAL`, LESS, `LESS_EQUAL` of int8 and int32; the first two
/// of truths too.
pub(super) fn compare<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    order: Order,
) -> Checked {
    options(operator, order.kind())?;
    let is_int32 = importer.reads(operator, DType::I32);
    let types: &[DType] = match order {
        _ if is_int32 => &[DType::I32],
        Order::Equal | Order::NotEqual => &[DType::I8, DType::Bool],
        Order::Greater | Order::GreaterEqual | Order::Less | Order::LessEqual => &[DType::I8],
    };
    let result = importer.result_of(operator, &[DType::Bool])?;
    let mut inputs = pair(importer, operator, types, &result)?;
    let (comparison, is_swapped) = order.comparison();
    if is_swapped {
        inputs.swap(0, 1);
    }
    let op = if is_int32 {
        integer::open(Function::Compare(comparison))
    } else {
        let [a, b] = inputs.map(|id| scale(importer.value(id)));
        QOp::Compare {
            comparison,
            left_shift: LEFT_SHIFT,
            scales: [a?, b?],
        }
    };
    importer.push(operator, op, inputs.to_vec(), result)
}

/// What an operand is scaled by: its own scale, which TFLM wants below 1. Truths have 1, and any
/// scale tells them apart.
fn scale(value: &QValue) -> Checked<Scale> {
    let real = match value.dtype {
        DType::Bool => 0.5,
        DType::I8 | DType::I16 | DType::I32 => f64::from(value.params.scale),
    };
    let scale = quantize_multiplier(real).ok();
    // A scale that rounds up to 1 has a shift to the left.
    scale.filter(|scale| scale.shift <= 0).ok_or_else(|| {
        let found = format!("scale {real} of `{}`", value.name);
        operand("operands", "of a scale below 1", found)
    })
}

/// `LOGICAL_AND` and `LOGICAL_OR`: the smaller and the larger of two truths.
pub(super) fn logical<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    which: Which,
) -> Checked {
    let kind = match which {
        Which::Smallest => kind::LOGICAL_AND,
        Which::Largest => kind::LOGICAL_OR,
    };
    options(operator, kind)?;
    let result = importer.result_of(operator, &[DType::Bool])?;
    let inputs = pair(importer, operator, &[DType::Bool], &result)?;
    importer.push(operator, QOp::Extreme { which }, inputs.to_vec(), result)
}

/// `LOGICAL_NOT`.
pub(super) fn not<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    options(operator, kind::LOGICAL_NOT)?;
    let input = importer.activation_of(operator, 0, "input", &[DType::Bool])?;
    let result = importer.result_of(operator, &[DType::Bool])?;
    shaped(&result, &importer.value(input).shape)?;
    let table: Arc<[i8]> = (i8::MIN..=i8::MAX).map(|q| i8::from(q == 0)).collect();
    importer.push(operator, QOp::Lut { table }, vec![input], result)
}

/// SELECT and `SELECT_V2`, of the numbers as they are: the kernels do not look at scales.
pub(super) fn select<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    is_first_version: bool,
) -> Checked {
    let kind = if is_first_version {
        kind::SELECT
    } else {
        kind::SELECT_V2
    };
    options(operator, kind)?;
    let result = importer.result_of(operator, &ANY)?;
    let types = &[result.dtype];
    let mut condition =
        importer.activation_or_constant_of(operator, 0, "condition", &[DType::Bool])?;
    let a = importer.activation_or_constant_of(operator, 1, "first choice", types)?;
    let b = importer.activation_or_constant_of(operator, 2, "second choice", types)?;
    if is_first_version {
        condition = rowwise(importer, condition, result.shape.len());
    }
    let inputs = [condition, a, b];
    if inputs
        .iter()
        .all(|&id| importer.value(id).constant.is_some())
    {
        return Err(operand(
            "operands",
            "an activation at least",
            "three constants",
        ));
    }
    let shapes = inputs.map(|id| importer.value(id).shape.clone());
    let both = stretched(&shapes[1], &shapes[2]);
    let all = both.and_then(|both| stretched(&shapes[0], &both));
    let all = all.ok_or_else(|| {
        let found = format!("shapes {shapes:?}");
        operand(
            "operands",
            "of up to 4 axes, equal or 1 from the last on",
            found,
        )
    })?;
    shaped(&result, &all)?;
    importer.push(operator, QOp::Select, inputs.to_vec(), result)
}

/// A condition of one axis, by which SELECT chooses whole rows, with as many axes as they have.
fn rowwise(importer: &mut Importer<'_, '_>, condition: ValueId, rank: usize) -> ValueId {
    let value = importer.value(condition);
    if value.shape.len() != 1 || rank < 2 {
        return condition;
    }
    let mut rows = value.clone();
    rows.shape.resize(rank, 1);
    rows.name.push_str(" of rows");
    if rows.constant.is_some() {
        return importer.add_value(rows);
    }
    importer.push_between(QOp::Reshape, condition, rows)
}
