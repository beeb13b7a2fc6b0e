//! Two operands, element by element.

use super::super::failure::{Checked, operand};
use super::super::importer::Importer;
use super::super::model::Operator;
use super::options::{fused, kind, options, shaped};
use crate::quantize::graph::QOp;
use crate::quantize::quantize_multiplier;

/// What is computed.
#[derive(Clone, Copy)]
pub(super) enum Binary {
    Add,
    Sub,
    Mul,
}

/// ADD, SUB and MUL, with operands that are stretched along axes of extent 1.
pub(super) fn binary<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    binary: Binary,
) -> Checked {
    let kind = match binary {
        Binary::Add => kind::ADD,
        Binary::Sub => kind::SUB,
        Binary::Mul => kind::MUL,
    };
    let options = options(operator, kind)?;
    let a = importer.activation_or_constant(operator, 0, "first operand")?;
    let b = importer.activation_or_constant(operator, 1, "second operand")?;
    let result = importer.result(operator)?;
    let (left, right) = (importer.value(a), importer.value(b));
    if left.constant.is_some() && right.constant.is_some() {
        return Err(operand(
            "operands",
            "an activation at least",
            "two constants",
        ));
    }
    let stretched = stretched(&left.shape, &right.shape).ok_or_else(|| {
        let found = format!("shapes {:?} and {:?}", left.shape, right.shape);
        operand(
            "operands",
            "of up to 4 axes, equal or 1 from the last on",
            found,
        )
    })?;
    shaped(&result, &stretched)?;
    let [x, y, z] = [left, right, &result].map(|value| f64::from(value.params.scale));
    let scale = match binary {
        Binary::Add | Binary::Sub => 2.0 * x.max(y) / (f64::from(1 << 20) * z),
        Binary::Mul => x * y / z,
    };
    if quantize_multiplier(scale).is_err() {
        let found = format!("scales {x}, {y} and {z}");
        return Err(operand(
            "output",
            "of a scale that is not that small",
            found,
        ));
    }
    let clamp = fused(options, 0, result.params)?;
    let op = match binary {
        Binary::Add => QOp::Add { clamp },
        Binary::Sub => QOp::Sub { clamp },
        Binary::Mul => QOp::Mul { clamp },
    };
    importer.push(operator, op, vec![a, b], result)
}

/// The shape that both are stretched to, their last axes aligned.
fn stretched(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let axis = |shape: &[usize], at: usize| match (at + shape.len()).checked_sub(rank) {
        Some(at) => shape[at],
        None => 1,
    };
    let extent = |at: usize| match (axis(a, at), axis(b, at)) {
        (1, extent) | (extent, 1) => Some(extent),
        (left, right) => (left == right).then_some(left),
    };
    (rank <= 4).then(|| (0..rank).map(extent).collect())?
}
