//! Blocks of pixels to channels or samples, and back: reshapes around a transposition.

use super::super::super::failure::{Checked, operand};
use super::super::super::model::Operator;
use super::super::blocks::{Blocks, Moved, batch_moved, block_size, blocks, space_moved};
use super::super::options::{axis_option, kind};
use super::importer::Importer;
use super::moves::{bordered, joined};
use crate::ir::{IndexMap, Op, ValueId};

/// `DEPTH_TO_SPACE`.
pub(super) fn depth_to_space<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let block = block_size(operator, kind::DEPTH_TO_SPACE)?;
    let input = importer.activation(operator, 0, "input")?;
    let moved = Moved::depth_to_space(importer.shape_of(operator, 0)?, block)?;
    let value = apply(importer, operator, input, moved)?;
    importer.push(operator, Op::Identity, vec![value])
}

/// `SPACE_TO_DEPTH`.
pub(super) fn space_to_depth<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let block = block_size(operator, kind::SPACE_TO_DEPTH)?;
    let input = importer.activation(operator, 0, "input")?;
    let moved = Moved::space_to_depth(importer.shape_of(operator, 0)?, block)?;
    let value = apply(importer, operator, input, moved)?;
    importer.push(operator, Op::Identity, vec![value])
}

/// `SPACE_TO_BATCH_ND`; the border is 0.
pub(super) fn space_to_batch<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let mut value = importer.activation(operator, 0, "input")?;
    let shape = importer.shape_of(operator, 0)?;
    let given = blocks(importer.model, operator, shape, "paddings")?;
    let (moved, padded) = space_moved(shape, &given)?;
    let name = importer.name_of(operator);
    if padded != shape {
        let borders = given.borders(shape.len());
        let (pad, input) = bordered(importer, (value, shape), borders, 0.0, &name)?;
        value = importer.emit(&name, pad, vec![input])?;
    }
    let value = apply(importer, operator, value, moved)?;
    importer.push(operator, Op::Identity, vec![value])
}

/// `BATCH_TO_SPACE_ND`.
pub(super) fn batch_to_space<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let input = importer.activation(operator, 0, "input")?;
    let shape = importer.shape_of(operator, 0)?;
    let given: Blocks = blocks(importer.model, operator, shape, "crops")?;
    let (moved, maps) = batch_moved(shape, &given)?;
    let value = apply(importer, operator, input, moved)?;
    let maps = [vec![IndexMap::all(1)], maps].concat();
    importer.push(operator, Op::Take { maps }, vec![value])
}

/// Axes split, permuted and joined, behind one that stays.
fn apply<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    input: ValueId,
    moved: Moved,
) -> Checked<ValueId> {
    let name = importer.name_of(operator);
    let framed = |shape: Vec<usize>| [vec![1], shape].concat();
    let split = importer.reshaped(input, framed(moved.split), &name)?;
    let perm: Vec<usize> = moved.perm.into_iter().map(|axis| axis + 1).collect();
    let perm = [vec![0], perm].concat();
    let value = importer.emit(&name, Op::Transpose { perm }, vec![split])?;
    importer.reshaped(value, framed(moved.joined), &name)
}

/// `PACK`: the operands side by side along a new axis.
pub(super) fn pack<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let mut one = importer.shape_of(operator, 0)?.to_vec();
    let axis = axis_option(operator, one.len() + 1)?;
    for index in 1..operator.inputs.len() {
        let found = importer.shape_of(operator, index)?;
        if found != one {
            let expected = format!("of shape {one:?}");
            return Err(operand("operands", expected, format!("shape {found:?}")));
        }
    }
    one.insert(axis, 1);
    joined(importer, operator, vec![one; operator.inputs.len()], axis)
}
