//! What moves numbers and computes none.

use super::super::failure::{Checked, operand};
use super::super::importer::{ANY, Importer, element_type, elements, params};
use super::super::model::{Operator, Tensor};
use super::super::tables;
use super::options::{axis_option, integers, kind, options, same_params, shaped, unfused};
use super::take::{Part, Request, foreign, taken};
use crate::ir::{IndexMap, ValueId};
use crate::quantize::graph::{DType, QOp, QValue};

/// Most axes that the kernels take.
const MAX_AXES: usize = 6;

/// RESHAPE, SQUEEZE and `EXPAND_DIMS`: the output's shape says all.
pub(super) fn reshape<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let result = importer.result_of(operator, &ANY)?;
    let input = importer.activation_of(operator, 0, "input", &[result.dtype])?;
    let source = importer.value(input);
    if elements(&source.shape) != elements(&result.shape) {
        let expected = format!("as many numbers as the input of shape {:?}", source.shape);
        return Err(operand(
            "output",
            expected,
            format!("shape {:?}", result.shape),
        ));
    }
    same_params(source, &result)?;
    importer.push(operator, QOp::Reshape, vec![input], result)
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
    let (tensor, described) = importer.tensor(operator, taken.source, "input")?;
    let mut input = importer.activation_of(operator, taken.source, "input", &ANY)?;
    if importer.value(input).shape != described.shape {
        let value = QValue {
            name: format!("{} in its own shape", importer.model.tensors[tensor].name),
            shape: described.shape.clone(),
            ..importer.value(input).clone()
        };
        importer.budget.take(value.name.len())?;
        input = importer.push_between(QOp::Reshape, input, value);
    }
    for (part, &output) in taken.outputs.into_iter().zip(&operator.outputs) {
        let Part { maps, shape } = part;
        let result = importer.described(output, &ANY)?;
        shaped(&result, &shape)?;
        same_params(importer.value(input), &result)?;
        let counts: Vec<usize> = maps.iter().map(IndexMap::count).collect();
        let op = QOp::Take { maps };
        if counts == shape {
            importer.push_output(output, op, vec![input], result)?;
            continue;
        }
        let value = QValue {
            name: format!("{} with all axes", result.name),
            shape: counts,
            ..result.clone()
        };
        let between = importer.push_between(op, input, value);
        importer.push_output(output, QOp::Reshape, vec![between], result)?;
    }
    Ok(())
}

/// TRANSPOSE with a constant permutation.
pub(super) fn transpose<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let result = importer.result_of(operator, &ANY)?;
    let input = importer.activation_of(operator, 0, "input", &[result.dtype])?;
    let source = importer.value(input);
    let (_, tensor) = importer.tensor(operator, 1, "permutation")?;
    let given = integers(tensor, "permutation")?;
    let rank = source.shape.len();
    let mut sorted = given.clone();
    sorted.sort_unstable();
    let axes = (0..).take(rank);
    if rank > MAX_AXES || !sorted.into_iter().eq(axes) {
        let expected = format!("each axis of shape {:?} once, 6 at most", source.shape);
        return Err(operand("permutation", expected, format!("{given:?}")));
    }
    let perm: Vec<usize> = given
        .iter()
        .filter_map(|&axis| axis.try_into().ok())
        .collect();
    let moved: Vec<usize> = perm.iter().map(|&axis| source.shape[axis]).collect();
    shaped(&result, &moved)?;
    same_params(source, &result)?;
    importer.push(operator, QOp::Transpose { perm }, vec![input], result)
}

/// What is added before and after each axis of a shape.
pub(super) fn paddings(tensor: &Tensor<'_>, shape: &[usize]) -> Checked<[Vec<usize>; 2]> {
    let given = integers(tensor, "paddings")?;
    let sizes: Vec<usize> = given
        .iter()
        .filter_map(|&size| size.try_into().ok())
        .collect();
    if sizes.len() != given.len() || sizes.len() != 2 * shape.len() {
        let expected = format!("two numbers for each axis of shape {shape:?}");
        return Err(operand("paddings", expected, format!("{given:?}")));
    }
    let pairs = sizes.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    let (before, after) = pairs.unzip();
    Ok([before, after])
}

/// PAD, with the zero point, and PADV2, with a number of the input's scale.
pub(super) fn pad<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let result = importer.result_of(operator, &ANY)?;
    let input = importer.activation_of(operator, 0, "input", &[result.dtype])?;
    let source = importer.value(input).clone();
    let result = importer.integer_result(operator, source.dtype)?;
    let (_, tensor) = importer.tensor(operator, 1, "paddings")?;
    let [before, after] = paddings(tensor, &source.shape)?;
    let rank = source.shape.len();
    if rank > MAX_AXES {
        let found = format!("shape {:?}", source.shape);
        return Err(operand("input", "of 6 axes at most", found));
    }
    let padded = (0..rank).map(|axis| {
        let sum = source.shape[axis].saturating_add(before[axis]);
        sum.saturating_add(after[axis])
    });
    shaped(&result, &padded.collect::<Vec<_>>())?;
    same_params(&source, &result)?;
    let value = border(importer, operator, &source)?;
    let op = QOp::Pad {
        before,
        after,
        value,
    };
    importer.push(operator, op, vec![input], result)
}

/// What a border is filled with: a constant of the input's type and scale, or the zero point. Of
/// int32, whose bytes are filled one by one, all must be equal, as those of 0 and -1 are.
fn border<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    source: &QValue,
) -> Checked<i16> {
    let dtype = source.dtype;
    let bytes: std::sync::Arc<[i8]> = if &*operator.name == "PADV2" {
        let (_, tensor) = importer.tensor(operator, 2, "pad value")?;
        element_type(tensor, "pad value", &[dtype])?;
        if params(tensor, "pad value")? != source.params {
            let expected = "of the input's scale and zero point";
            return Err(operand("pad value", expected, "another"));
        }
        importer.data(tensor, "pad value", dtype)?
    } else {
        let little = source.params.zero_point.to_le_bytes().into_iter();
        let bytes = little.zip(0..dtype.bytes());
        bytes.map(|(byte, _)| i8::from_le_bytes([byte])).collect()
    };
    match (dtype, &*bytes) {
        (DType::I8 | DType::Bool, &[value]) => Ok(value.into()),
        (DType::I16, &[low, high]) => Ok(i16::from_le_bytes([low, high].map(i8::cast_unsigned))),
        (DType::I32, &[value, b, c, d]) if [b, c, d] == [value; 3] => Ok(value.into()),
        (DType::I8 | DType::I16 | DType::I32 | DType::Bool, other) => Err(operand(
            "pad value",
            "one number, of int32 of equal bytes",
            format!("the bytes {:?}", &other[..other.len().min(8)]),
        )),
    }
}

/// CONCATENATION of tensors with the output's scale: TFLM moves bytes.
pub(super) fn concatenation<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    unfused(options(operator, kind::CONCATENATION)?, 1)?;
    let result = importer.result_of(operator, &ANY)?;
    let rank = result.shape.len();
    let axis = axis_option(operator, rank)?;
    let mut inputs = Vec::new();
    let mut sum = 0usize;
    for index in 0..operator.inputs.len() {
        let what = format!("operand {index}");
        let mut input =
            importer.activation_or_constant_of(operator, index, &what, &[result.dtype])?;
        if importer.tensor(operator, index, &what)?.1.is_unsigned() {
            input = rescaled(importer, input, &result)?;
        }
        let source = importer.value(input);
        same_params(source, &result)?;
        let fits = |at: usize| at == axis || source.shape.get(at) == result.shape.get(at);
        if source.shape.len() != rank || !(0..rank).all(fits) {
            let expected = format!("of shape {:?} but for axis {axis}", result.shape);
            return Err(operand(what, expected, format!("shape {:?}", source.shape)));
        }
        sum = sum.saturating_add(source.shape[axis]);
        inputs.push(input);
    }
    if inputs.is_empty() || result.shape[axis] != sum {
        let expected = format!("of {sum} along axis {axis}");
        return Err(operand(
            "output",
            expected,
            format!("shape {:?}", result.shape),
        ));
    }
    importer.push(operator, QOp::Concat { axis }, inputs, result)
}

/// An operand of a concatenation of uint8 with the scale of the result (TFLite's
/// `ConcatenationWithScaling`, `reference/concatenation.h`).
fn rescaled(importer: &mut Importer<'_, '_>, input: ValueId, result: &QValue) -> Checked<ValueId> {
    let source = importer.value(input).clone();
    if source.params == result.params {
        return Ok(input);
    }
    if source.constant.is_some() {
        let expected = "of the output's scale, as it is constant";
        return Err(operand(
            "operand",
            expected,
            source.params.scale.to_string(),
        ));
    }
    let table = tables::unsigned_rescaled(source.params, result.params);
    let value = QValue {
        name: format!("{} rescaled for {}", source.name, result.name),
        params: result.params,
        ..source
    };
    importer.budget.take(value.name.len())?;
    Ok(importer.push_between(QOp::Lut { table }, input, value))
}
