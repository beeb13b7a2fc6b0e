//! Two operands, element by element.

use super::super::super::failure::{Checked, operand};
use super::super::super::model::Operator;
use super::super::super::schema::Type;
use super::super::options::{kind, options};
use super::importer::{Importer, fused};
use crate::ir::{Activation, Binary, Clamp, Op, ValueId};

/// Two operands of a type, one of which is computed.
pub(super) fn pair<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    element: Type,
) -> Checked<[ValueId; 2]> {
    let a = importer.operand(operator, 0, "first operand", element)?;
    let b = importer.operand(operator, 1, "second operand", element)?;
    let is_constant = |id| importer.graph.constant(id).is_some();
    if is_constant(a) && is_constant(b) {
        return Err(operand(
            "operands",
            "an activation at least",
            "two constants",
        ));
    }
    Ok([a, b])
}

/// ADD, SUB and MUL, whose nodes clamp; with options of this kind.
pub(super) fn clamped<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    kind: u8,
    op: fn(Option<Clamp>) -> Op,
) -> Checked {
    let clamp = fused(options(operator, kind)?, 0)?;
    let operands = pair(importer, operator, Type::FLOAT32)?;
    importer.push(operator, op(clamp), operands.to_vec())
}

/// DIV, which may clamp, `SQUARED_DIFFERENCE`, MAXIMUM, MINIMUM and PRELU.
pub(super) fn binary<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    function: Binary,
) -> Checked {
    let clamp = if function == Binary::Div {
        fused(options(operator, kind::DIV)?, 0)?
    } else {
        None
    };
    let operands = pair(importer, operator, Type::FLOAT32)?.to_vec();
    let op = Op::Binary(function);
    let Some(clamp) = clamp else {
        return importer.push(operator, op, operands);
    };
    let name = importer.name_of(operator);
    let value = importer.emit(&name, op, operands)?;
    importer.push(
        operator,
        Op::Activation(Activation::Clamp(clamp)),
        vec![value],
    )
}
