//! Indices: where something is, and what is there.

use super::super::failure::{Checked, operand};
use super::super::importer::{Importer, check_size};
use super::super::model::Operator;
use super::super::schema::Type;
use super::options::{integers, kind, options, shaped};
use super::reduce::axis_index;
use crate::ir::reduce::reduced_shape;
use crate::quantize::graph::{DType, QOp, QValue, QuantParams};

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
    let result = indices(importer, operator)?;
    let (_, tensor) = importer.tensor(operator, 1, "axis")?;
    let given = integers(tensor, "axis")?;
    let shape = &importer.value(input).shape;
    let axis = match given[..] {
        [axis] => axis_index(axis, shape.len()),
        _ => None,
    };
    let axis = axis.ok_or_else(|| {
        let expected = format!("one of {} axes", shape.len());
        operand("axis", expected, format!("{given:?}"))
    })?;
    shaped(&result, &reduced_shape(shape, &[axis], false))?;
    let op = QOp::ArgExtreme {
        axis,
        largest,
        last: false,
    };
    importer.push(operator, op, vec![input], result)
}

/// The int32 value that an operator's only output of int32 or int64 becomes.
fn indices<'a>(importer: &Importer<'_, 'a>, operator: &Operator<'a>) -> Checked<QValue> {
    let &[output] = operator.outputs.as_slice() else {
        let found = operator.outputs.len().to_string();
        return Err(operand("number of outputs", "1", found));
    };
    let tensor = &importer.model.tensors[output];
    if tensor.element != Type::INT64 {
        return importer.result_of(operator, &[DType::I32]);
    }
    check_size(tensor, "output")?;
    Ok(QValue {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        dtype: DType::I32,
        params: QuantParams {
            scale: 1.0,
            zero_point: 0,
        },
        constant: None,
    })
}
