//! Indices: where something is, and what is there.

use super::super::failure::{Checked, operand, option};
use super::super::importer::{ANY, ITSELF, Importer, check_size, only_output};
use super::super::model::Operator;
use super::super::schema::Type;
use super::integer::open;
use super::moves;
use super::options::{integers, kind, options, same_params, shaped};
use super::reduce::{axis_index, one_axis};
use crate::ir::ValueId;
use crate::ir::reduce::reduced_shape;
use crate::quantize::graph::{DType, QOp, QValue};
use tiivis_runtime::blob::{Comparison, Function, GATHER_COMPONENTS};

/// `ARG_MAX` and `ARG_MIN` along a constant axis: the index of the first of the largest or smallest
/// numbers, int32. What the file calls int64 is int32 too: no axis is longer.
pub(super) fn arg_extreme<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    largest: bool,
) -> Checked {
    options(
        operator,
        if largest {
            kind::ARG_MAX
        } else {
            kind::ARG_MIN
        },
    )?;
    let input = importer.activation(operator, 0, "input")?;
    let result = result(importer, operator, &[DType::I32])?;
    let (_, tensor) = importer.tensor(operator, 1, "axis")?;
    let given = integers(tensor, "axis")?;
    let shape = &importer.value(input).shape;
    let axis = one_axis(&given, shape.len())?;
    shaped(&result, &reduced_shape(shape, &[axis], false))?;
    let op = QOp::ArgExtreme {
        axis,
        largest,
        last: false,
    };
    importer.push(operator, op, vec![input], result)
}

/// The value of one of these types that an operator's only output becomes; int32 if the file calls
/// it int64.
pub(super) fn result<'a>(
    importer: &Importer<'_, 'a>,
    operator: &Operator<'a>,
    types: &[DType],
) -> Checked<QValue> {
    let output = only_output(operator)?;
    let tensor = &importer.model.tensors[output];
    if tensor.element != Type::INT64 {
        return importer.result_of(operator, types);
    }
    check_size(tensor, "output")?;
    Ok(QValue {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        dtype: DType::I32,
        params: ITSELF,
        constant: None,
    })
}

/// The operand of this index, int32; int64 that is held as int32 too.
fn indices<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    index: usize,
) -> Checked<ValueId> {
    match importer.held_int64(operator, index, "indices")? {
        Some(value) => Ok(value),
        None => importer.activation_or_constant_of(operator, index, "indices", &[DType::I32]),
    }
}

/// GATHER: by constant indices it moves elements, by computed ones it looks them up.
pub(super) fn gather<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let (_, tensor) = importer.tensor(operator, 1, "indices")?;
    if tensor.data.is_some() {
        return moves::take(importer, operator);
    }
    let options = options(operator, kind::GATHER)?;
    let given = options.map_or(Ok(0), |table| table.i32(0, 0))?;
    let batch = options.map_or(Ok(0), |table| table.i32(1, 0))?;
    let table = importer.activation_or_constant_of(operator, 0, "input", &ANY)?;
    let by = indices(importer, operator, 1)?;
    let (shape, places) = (&importer.value(table).shape, &importer.value(by).shape);
    let axis = axis_index(given.into(), shape.len());
    let batch_axes = axis_index(batch.into(), places.len() + 1);
    let (Some(axis), Some(batch_axes)) = (axis, batch_axes) else {
        let found = format!("axis {given} and batch_dims {batch}");
        let expected = format!("of shapes {shape:?} and {places:?}");
        return Err(operand("axis and batch_dims", expected, found));
    };
    if batch_axes > axis || shape[..batch_axes] != places[..batch_axes] {
        let expected = "at most the axis, of as many equal axes";
        return Err(option("batch_dims", batch.to_string(), expected));
    }
    let expected = [&shape[..axis], &places[batch_axes..], &shape[axis + 1..]].concat();
    look_up(
        importer,
        operator,
        [table, by],
        expected,
        QOp::Gather { axis, batch_axes },
    )
}

/// `GATHER_ND`.
pub(super) fn gather_nd<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    options(operator, kind::GATHER_ND)?;
    let table = importer.activation_or_constant_of(operator, 0, "input", &ANY)?;
    let by = indices(importer, operator, 1)?;
    let (shape, places) = (&importer.value(table).shape, &importer.value(by).shape);
    let fits = |components: &usize| (1..=GATHER_COMPONENTS.min(shape.len())).contains(components);
    let Some((&components, outer)) = places.split_last().filter(|(last, _)| fits(last)) else {
        let expected =
            format!("1 to {GATHER_COMPONENTS} numbers for an element of shape {shape:?}");
        return Err(operand("indices", expected, format!("shape {places:?}")));
    };
    let expected = [outer, &shape[components..]].concat();
    look_up(importer, operator, [table, by], expected, QOp::GatherNd)
}

/// `EMBEDDING_LOOKUP`: `[indices, table]`, rows of the table.
pub(super) fn embedding<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let by = indices(importer, operator, 0)?;
    let table = importer.activation_or_constant_of(operator, 1, "table", &ANY)?;
    let (shape, places) = (&importer.value(table).shape, &importer.value(by).shape);
    let expected = [&places[..], shape.get(1..).unwrap_or(&[])].concat();
    let (axis, batch_axes) = (0, 0);
    if shape.is_empty() {
        return Err(operand("table", "of one axis or more", "a single number"));
    }
    look_up(
        importer,
        operator,
        [table, by],
        expected,
        QOp::Gather { axis, batch_axes },
    )
}

fn look_up<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    [table, by]: [ValueId; 2],
    expected: Vec<usize>,
    op: QOp,
) -> Checked {
    let dtype = importer.value(table).dtype;
    let result = importer.result_of(operator, &[dtype])?;
    shaped(&result, &expected)?;
    same_params(importer.value(table), &result)?;
    let is_constant = |id: ValueId| importer.value(id).constant.is_some();
    if is_constant(table) && is_constant(by) {
        return Err(operand(
            "operands",
            "an activation at least",
            "two constants",
        ));
    }
    importer.push(operator, op, vec![table, by], result)
}

/// `ONE_HOT`: `[indices, depth, on, off]`. One of two numbers, as the index is that of its place
/// along a new axis.
pub(super) fn one_hot<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = options(operator, kind::ONE_HOT)?;
    let given = options.map_or(Ok(0), |table| table.i32(0, 0))?;
    let by = indices(importer, operator, 0)?;
    let (_, tensor) = importer.tensor(operator, 1, "depth")?;
    let depth = match integers(tensor, "depth")?[..] {
        [depth] => usize::try_from(depth).unwrap_or(0),
        _ => 0,
    };
    let result = importer.result_of(operator, &ANY)?;
    let types = &[result.dtype];
    let on = importer.activation_or_constant_of(operator, 2, "on", types)?;
    let off = importer.activation_or_constant_of(operator, 3, "off", types)?;
    let mut column = importer.value(by).clone();
    // -1 is behind the last axis.
    let axis = axis_index(given.into(), column.shape.len() + 1);
    let Some(axis) = axis.filter(|_| depth > 0 && column.constant.is_none()) else {
        let found = format!("axis {given}, depth {depth}, shape {:?}", column.shape);
        let expected = "an axis of the output, a depth, and computed indices";
        return Err(operand("operands", expected, found));
    };
    column.shape.insert(axis, 1);
    let mut expected = column.shape.clone();
    expected[axis] = depth;
    shaped(&result, &expected)?;
    importer.budget.take(4 * depth)?;
    column.name = format!("{} by place", result.name);
    let mut places = column.clone();
    places.name = format!("{} places", result.name);
    places.shape = vec![1; expected.len()];
    places.shape[axis] = depth;
    let numbers = (0..depth).flat_map(|place| {
        let place = i32::try_from(place).unwrap_or(i32::MAX);
        place.to_le_bytes().map(|byte| i8::from_le_bytes([byte]))
    });
    places.constant = Some(numbers.collect());
    let places = importer.add_value(places);
    let column = importer.push_between(QOp::Reshape, by, column);
    let is_there = QValue {
        name: format!("{} is there", result.name),
        dtype: DType::Bool,
        params: ITSELF,
        ..result.clone()
    };
    let equal = open(Function::Compare(Comparison::Equal));
    let is_there = importer.push_between_all(equal, vec![column, places], is_there);
    importer.push(operator, QOp::Select, vec![is_there, on, off], result)
}
