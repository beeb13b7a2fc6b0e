//! Truths: comparisons, their combinations, and choices by them. A truth is 0 or 1.

use super::super::super::failure::{Checked, operand};
use super::super::super::importer::only_output;
use super::super::super::model::Operator;
use super::super::super::schema::Type;
use super::elementwise::pair;
use super::importer::Importer;
use crate::ir::{Activation, Binary, Op, Unary};

/// EQUAL, `NOT_EQUAL`, GREATER, `GREATER_EQUAL`, and LESS and `LESS_EQUAL`, which are these of the
/// operands the other way round; the first two of truths too.
pub(super) fn compare<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    function: Binary,
    is_swapped: bool,
) -> Checked {
    let takes_truths = matches!(function, Binary::Equal | Binary::NotEqual);
    let (_, first) = importer.tensor(operator, 0, "first operand")?;
    let element = if takes_truths && first.element == Type::BOOL {
        Type::BOOL
    } else {
        Type::FLOAT32
    };
    let mut operands = pair(importer, operator, element)?;
    if is_swapped {
        operands.swap(0, 1);
    }
    importer.push(operator, Op::Binary(function), operands.to_vec())
}

/// `LOGICAL_AND` and `LOGICAL_OR`: the smaller and the larger of two truths.
pub(super) fn logical<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    function: Binary,
) -> Checked {
    let operands = pair(importer, operator, Type::BOOL)?;
    importer.push(operator, Op::Binary(function), operands.to_vec())
}

/// `LOGICAL_NOT`.
pub(super) fn not<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let input = importer.operand(operator, 0, "input", Type::BOOL)?;
    let not = Op::Activation(Activation::Unary(Unary::Not));
    importer.push(operator, not, vec![input])
}

/// CAST of float32 to truths, whether a number is not 0, and of truths and indices to float32. To
/// whole numbers would take what is behind the point off.
pub(super) fn cast<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let (_, source) = importer.tensor(operator, 0, "input")?;
    let to = importer.model.tensors[only_output(operator)?].element;
    let from = source.element;
    let input = importer.operand(operator, 0, "input", from)?;
    if from == Type::FLOAT32 && to == Type::BOOL {
        let name = importer.name_of(operator);
        let zero = importer.constant(&name, vec![1], vec![0.0])?;
        let function = Op::Binary(Binary::NotEqual);
        return importer.push(operator, function, vec![input, zero]);
    }
    if to != Type::FLOAT32 {
        let found = format!("{} to {}", from.describe(), to.describe());
        return Err(operand(
            "types",
            "float32 to bool, or any to float32",
            found,
        ));
    }
    importer.push(operator, Op::Identity, vec![input])
}

/// SELECT and `SELECT_V2`; the first of which chooses whole rows by a condition of one axis.
pub(super) fn select<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    is_first_version: bool,
) -> Checked {
    let mut condition = importer.operand(operator, 0, "condition", Type::BOOL)?;
    let a = importer.operand(operator, 1, "first choice", Type::FLOAT32)?;
    let b = importer.operand(operator, 2, "second choice", Type::FLOAT32)?;
    let rank = importer.shape_of(operator, 1)?.len();
    if let (true, &[rows]) = (is_first_version, importer.shape_of(operator, 0)?)
        && rank > 1
    {
        let mut shape = vec![1; rank];
        shape[0] = rows;
        if rows != 1 {
            shape.insert(0, 1);
        }
        let name = importer.name_of(operator);
        condition = importer.reshaped(condition, shape, &name)?;
    }
    let inputs = [condition, a, b];
    if inputs
        .iter()
        .all(|&id| importer.graph.constant(id).is_some())
    {
        return Err(operand(
            "operands",
            "an activation at least",
            "three constants",
        ));
    }
    importer.push(operator, Op::Select, inputs.to_vec())
}
