//! What moves numbers and computes none.

use super::super::super::failure::{Checked, operand};
use super::super::super::importer::only_output;
use super::super::super::model::Operator;
use super::super::super::schema::Type;
use super::super::moves::paddings;
use super::super::options::{axis_option, integers, kind, options, unfused};
use super::super::take::{Part, Request, foreign, taken};
use super::constant::floats;
use super::importer::{Framed, Importer, behind_ones};
use crate::ir::{IndexMap, Op, Pad, ValueId};

/// RESHAPE, SQUEEZE and `EXPAND_DIMS`: the output's shape says all.
pub(super) fn reshape<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let output = only_output(operator)?;
    let described = importer.described(output)?;
    let element = importer.model.tensors[output].element;
    let input = importer.operand(operator, 0, "input", element)?;
    let op = Op::Reshape {
        shape: described.shape,
    };
    importer.push(operator, op, vec![input])
}

/// What an operator takes of its input, output by output.
pub(super) fn take<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let mut request = Request {
        model: importer.model,
        operator,
        budget: &mut importer.budget,
    };
    let Some(taken) = taken(&mut request)? else {
        return Err(foreign(operator));
    };
    let input = importer.operand(operator, taken.source, "input", Type::FLOAT32)?;
    let shape = importer.shape_of(operator, taken.source)?;
    let name = importer.name_of(operator);
    let keeps = |part: &Part| part.maps.first().is_some_and(|map| map.is_all(1));
    let keeps_first = taken.outputs.iter().all(keeps);
    let Framed { value, offset } = importer.framed(input, shape, keeps_first, &name)?;
    for (part, &output) in taken.outputs.into_iter().zip(&operator.outputs) {
        let Part { maps, shape } = part;
        let maps = match offset {
            0 => maps,
            _ => [vec![IndexMap::all(1)], maps].concat(),
        };
        let whole: Vec<usize> = maps.iter().map(IndexMap::count).collect();
        let op = Op::Take { maps };
        if behind_ones(&whole) == behind_ones(&shape) {
            importer.push_output(output, op, vec![value])?;
            continue;
        }
        // Axes come or go among the others.
        let between = importer.emit(&name, op, vec![value])?;
        let mut framed = shape;
        if framed.first() != Some(&1) {
            framed.insert(0, 1);
        }
        importer.push_output(output, Op::Reshape { shape: framed }, vec![between])?;
    }
    Ok(())
}

/// TRANSPOSE with a constant permutation.
pub(super) fn transpose<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let input = importer.operand(operator, 0, "input", Type::FLOAT32)?;
    let shape = importer.shape_of(operator, 0)?;
    let (_, tensor) = importer.tensor(operator, 1, "permutation")?;
    let given = integers(tensor, "permutation")?;
    let perm: Vec<usize> = given
        .iter()
        .filter_map(|&axis| axis.try_into().ok())
        .collect();
    if perm.len() != given.len() || perm.len() != shape.len() {
        let expected = format!("each axis of shape {shape:?} once");
        return Err(operand("permutation", expected, format!("{given:?}")));
    }
    let name = importer.name_of(operator);
    let keeps_first = perm.first() == Some(&0);
    let Framed { value, offset } = importer.framed(input, shape, keeps_first, &name)?;
    let perm = match offset {
        0 => perm,
        _ => std::iter::once(0)
            .chain(perm.into_iter().map(|axis| axis.saturating_add(1)))
            .collect(),
    };
    importer.push(operator, Op::Transpose { perm }, vec![value])
}

/// PAD, with 0, and PADV2, with a constant number.
pub(super) fn pad<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let input = importer.activation(operator, 0, "input")?;
    let shape = importer.shape_of(operator, 0)?;
    let (_, tensor) = importer.tensor(operator, 1, "paddings")?;
    let pads = paddings(tensor, shape)?;
    let value = if &*operator.name == "PADV2" {
        let (_, tensor) = importer.tensor(operator, 2, "pad value")?;
        match floats(tensor, &mut importer.budget, "pad value")?[..] {
            [value] => value,
            ref others => {
                let found = format!("{} numbers", others.len());
                return Err(operand("pad value", "one number", found));
            }
        }
    } else {
        0.0
    };
    let name = importer.name_of(operator);
    let (op, input) = bordered(importer, (input, shape), pads, value, &name)?;
    importer.push(operator, op, vec![input])
}

/// What adds a border of this value to a tensor of this shape, and what it reads.
pub(super) fn bordered(
    importer: &mut Importer<'_, '_>,
    (input, shape): (ValueId, &[usize]),
    pads: [Vec<usize>; 2],
    value: f32,
    name: &str,
) -> Checked<(Op, ValueId)> {
    let keeps_first = pads.iter().all(|sizes| matches!(sizes[..], [] | [0, ..]));
    let framed = importer.framed(input, shape, keeps_first, name)?;
    let [before, after] = pads.map(|sizes| [vec![0; framed.offset], sizes].concat());
    let pad = Pad {
        before,
        after,
        value,
    };
    Ok((Op::Pad(pad), framed.value))
}

/// CONCATENATION.
pub(super) fn concatenation<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    unfused(options(operator, kind::CONCATENATION)?, 1)?;
    let axis = axis_option(operator, importer.shape_of(operator, 0)?.len())?;
    let shapes: Vec<Vec<usize>> = (0..operator.inputs.len())
        .map(|index| Ok(importer.shape_of(operator, index)?.to_vec()))
        .collect::<Checked<_>>()?;
    joined(importer, operator, shapes, axis)
}

/// The operands, in these shapes, one after the other along an axis.
pub(super) fn joined<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    shapes: Vec<Vec<usize>>,
    axis: usize,
) -> Checked {
    let name = importer.name_of(operator);
    let has_batch = axis > 0 && shapes.iter().all(|shape| shape.first() == Some(&1));
    let mut inputs: Vec<ValueId> = Vec::new();
    for (index, mut shape) in shapes.into_iter().enumerate() {
        let what = format!("operand {index}");
        let value = importer.operand(operator, index, &what, Type::FLOAT32)?;
        if !has_batch {
            shape.insert(0, 1);
        }
        inputs.push(importer.reshaped(value, shape, &name)?);
    }
    if inputs.is_empty()
        || inputs
            .iter()
            .all(|&id| importer.graph.constant(id).is_some())
    {
        return Err(operand("operands", "an activation at least", "none"));
    }
    let axis = if has_batch { axis } else { axis + 1 };
    importer.push(operator, Op::Concat { axis }, inputs)
}
