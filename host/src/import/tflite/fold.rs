//! Operators on constants, computed when the file is read: what Keras' exporters write to find out
//! shapes, and what moves constants.
//!
//! Arithmetic is of int32 and int64 numbers only, and of what DEQUANTIZE widens; the rest moves
//! elements of any type.

use super::budget::Budget;
use super::failure::{Checked, Failure};
use super::importer::{MAX_ACTIVATION, elements};
use super::integers;
use super::model::{Model, Operator, Tensor};
use super::ops::{Part, Request, axis_option, float, numbers, taken};
use super::schema::Type;
use crate::data::layout::permute;
use crate::import::ImportError;
use std::borrow::Cow;

/// A constant that was computed: its shape and elements.
struct Constant {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// Makes constants of what operators compute from constants alone. What cannot be folded is left
/// for the import to judge.
///
/// # Errors
/// If the file asks for more than the budget.
pub(super) fn fold(model: &mut Model<'_>, budget: &mut Budget) -> Result<(), ImportError> {
    for index in 0..model.operators.len() {
        let constants = match compute(model, &model.operators[index], budget) {
            Ok(Some(constants)) => constants,
            Ok(None) | Err(Failure::Node(_)) => continue,
            Err(Failure::Model(error)) => return Err(error),
        };
        let operator = &mut model.operators[index];
        operator.absorbed = true;
        for (constant, &tensor) in constants.into_iter().zip(&operator.outputs) {
            let tensor = &mut model.tensors[tensor];
            tensor.shape = constant.shape;
            tensor.dynamic.clear();
            tensor.data = Some(Cow::Owned(constant.bytes));
        }
    }
    Ok(())
}

/// The outputs of an operator on constants; none if it is not one, or not folded.
fn compute(
    model: &Model<'_>,
    operator: &Operator<'_>,
    budget: &mut Budget,
) -> Checked<Option<Vec<Constant>>> {
    let is_port = |tensor: &usize| model.outputs.iter().any(|(_, output)| output == tensor);
    let is_known = |tensor: &usize| model.tensors[*tensor].data.is_some();
    let outputs = &operator.outputs;
    if outputs.is_empty()
        || outputs
            .iter()
            .any(|output| is_port(output) || is_known(output))
    {
        return Ok(None);
    }
    if let "SHAPE" | "RANK" = &*operator.name {
        return Ok(of_shape(model, operator)?.map(|constant| vec![constant]));
    }
    if &*operator.name == "ZEROS_LIKE" {
        return Ok(zeros(&model.tensors[outputs[0]], budget)?.map(|zeros| vec![zeros]));
    }
    let mut inputs = Vec::with_capacity(operator.inputs.len());
    for input in &operator.inputs {
        match input.map(|tensor| &model.tensors[tensor]) {
            Some(tensor) if tensor.data.is_some() && tensor.oddity.is_none() => inputs.push(tensor),
            Some(_) | None => return Ok(None),
        }
    }
    if inputs.is_empty() {
        return Ok(None);
    }
    let mut request = Request {
        model,
        operator,
        budget,
    };
    if let Some(taken) = taken(&mut request)? {
        let source = inputs[taken.source];
        let parts = taken.outputs.iter().map(|part| pick(source, part, budget));
        return parts.collect();
    }
    let output = &model.tensors[outputs[0]];
    let folded = match &*operator.name {
        "RESHAPE" | "SQUEEZE" | "EXPAND_DIMS" => reshape(inputs[0], output, budget)?,
        "TRANSPOSE" => transpose(&inputs, budget)?,
        "PACK" => pack(operator, &inputs, budget)?,
        "CONCATENATION" => concatenation(operator, &inputs, budget)?,
        "FILL" => fill(&inputs, budget)?,
        "DEQUANTIZE" => dequantize(inputs[0], output, budget)?,
        _ => integers::compute(operator, &inputs, budget)?
            .and_then(|(shape, values)| encode(shape, &values, output.element)),
    };
    Ok(folded.map(|constant| vec![constant]))
}

/// Numbers as elements of a type, if they all fit it.
fn encode(shape: Vec<usize>, values: &[i64], element: Type) -> Option<Constant> {
    let mut bytes = Vec::with_capacity(values.len() * 8);
    for &value in values {
        match element {
            Type::INT32 => bytes.extend(i32::try_from(value).ok()?.to_le_bytes()),
            Type::INT64 => bytes.extend(value.to_le_bytes()),
            _ => return None,
        }
    }
    (elements(&shape) == Some(values.len())).then_some(Constant { shape, bytes })
}

/// `SHAPE` and `RANK`, of a tensor whose axes are known.
fn of_shape(model: &Model<'_>, operator: &Operator<'_>) -> Checked<Option<Constant>> {
    let (&[Some(input)], &[output]) = (&operator.inputs[..], &operator.outputs[..]) else {
        return Ok(None);
    };
    let tensor = &model.tensors[input];
    if tensor.shape.contains(&0) {
        return Ok(None);
    }
    let extents = tensor.shape.iter().map(|&extent| i64::try_from(extent));
    let Ok(extents) = extents.collect::<Result<Vec<i64>, _>>() else {
        return Ok(None);
    };
    let rank = i64::try_from(extents.len()).unwrap_or(0);
    Ok(if &*operator.name == "RANK" {
        encode(Vec::new(), &[rank], model.tensors[output].element)
    } else {
        encode(vec![extents.len()], &extents, model.tensors[output].element)
    })
}

/// `ZEROS_LIKE`: bytes of 0, whatever the scale.
fn zeros(output: &Tensor<'_>, budget: &mut Budget) -> Checked<Option<Constant>> {
    let count = elements(&output.shape).filter(|count| (1..=MAX_ACTIVATION).contains(count));
    let (Some(count), Some(width)) = (count, width(output.element)) else {
        return Ok(None);
    };
    budget.take(count.saturating_mul(width))?;
    Ok(Some(Constant {
        shape: output.shape.clone(),
        bytes: vec![0; count * width],
    }))
}

/// Bytes of an element, where it has whole ones.
const fn width(element: Type) -> Option<usize> {
    match element {
        Type::INT8 | Type::UINT8 | Type::BOOL => Some(1),
        Type::INT16 | Type::FLOAT16 => Some(2),
        Type::INT32 | Type::FLOAT32 => Some(4),
        Type::INT64 => Some(8),
        _ => None,
    }
}

/// The elements, one for each of the shape.
fn whole<'t>(tensor: &'t Tensor<'_>) -> Option<(&'t [u8], usize)> {
    let width = width(tensor.element)?;
    let bytes = tensor.data.as_deref()?;
    (elements(&tensor.shape)?.checked_mul(width) == Some(bytes.len())).then_some((bytes, width))
}

/// A part of a constant.
fn pick(source: &Tensor<'_>, part: &Part, budget: &mut Budget) -> Checked<Option<Constant>> {
    let Some((bytes, width)) = whole(source) else {
        return Ok(None);
    };
    let count = part
        .maps
        .iter()
        .map(crate::ir::IndexMap::count)
        .product::<usize>();
    budget.take(count.saturating_mul(3 * size_of::<usize>() + width))?;
    let mut at = vec![0];
    for (map, &extent) in part.maps.iter().zip(&source.shape) {
        let along = |&outer: &usize| map.indices().map(move |index| outer * extent + index);
        at = at.iter().flat_map(along).collect();
    }
    let element = |at: usize| &bytes[at * width..][..width];
    Ok(Some(Constant {
        shape: part.shape.clone(),
        bytes: at.into_iter().flat_map(element).copied().collect(),
    }))
}

fn reshape(
    source: &Tensor<'_>,
    output: &Tensor<'_>,
    budget: &mut Budget,
) -> Checked<Option<Constant>> {
    let Some((bytes, _)) = whole(source) else {
        return Ok(None);
    };
    budget.take(bytes.len())?;
    let fits = elements(&output.shape) == elements(&source.shape);
    Ok(fits.then(|| Constant {
        shape: output.shape.clone(),
        bytes: bytes.to_vec(),
    }))
}

fn transpose(inputs: &[&Tensor<'_>], budget: &mut Budget) -> Checked<Option<Constant>> {
    let [source, order] = inputs else {
        return Ok(None);
    };
    let given = numbers(order, budget, "permutation")?;
    let rank = source.shape.len();
    let perm: Vec<usize> = given
        .iter()
        .filter_map(|&axis| axis.try_into().ok())
        .collect();
    let (Some((bytes, width)), true) = (whole(source), perm.len() == rank) else {
        return Ok(None);
    };
    if !(0..rank).all(|axis| perm.contains(&axis)) || source.shape.contains(&0) {
        return Ok(None);
    }
    budget.take(bytes.len().saturating_mul(16))?;
    let moved = permute(
        &bytes.chunks_exact(width).collect::<Vec<_>>(),
        &source.shape,
        &perm,
    );
    Ok(Some(Constant {
        shape: perm.iter().map(|&axis| source.shape[axis]).collect(),
        bytes: moved.concat(),
    }))
}

fn pack(
    operator: &Operator<'_>,
    inputs: &[&Tensor<'_>],
    budget: &mut Budget,
) -> Checked<Option<Constant>> {
    let one = &inputs[0].shape;
    let axis = axis_option(operator, one.len() + 1)?;
    if inputs.iter().any(|input| input.shape != *one) {
        return Ok(None);
    }
    let mut shape = one.clone();
    shape.insert(axis, inputs.len());
    joined(shape, axis, inputs, budget)
}

fn concatenation(
    operator: &Operator<'_>,
    inputs: &[&Tensor<'_>],
    budget: &mut Budget,
) -> Checked<Option<Constant>> {
    let mut shape = inputs[0].shape.clone();
    let axis = axis_option(operator, shape.len())?;
    let fits = |input: &&Tensor<'_>| {
        input.shape.len() == shape.len()
            && (0..shape.len()).all(|at| at == axis || input.shape[at] == shape[at])
    };
    if !inputs.iter().all(fits) {
        return Ok(None);
    }
    shape[axis] = inputs
        .iter()
        .fold(0usize, |sum, input| sum.saturating_add(input.shape[axis]));
    joined(shape, axis, inputs, budget)
}

/// Rows of each input in turn, for each index of the axes before `axis`.
fn joined(
    shape: Vec<usize>,
    axis: usize,
    inputs: &[&Tensor<'_>],
    budget: &mut Budget,
) -> Checked<Option<Constant>> {
    let rows: usize = shape[..axis].iter().product();
    let Some(parts) = inputs
        .iter()
        .map(|input| whole(input))
        .collect::<Option<Vec<_>>>()
    else {
        return Ok(None);
    };
    if rows == 0
        || inputs
            .iter()
            .any(|input| input.element != inputs[0].element)
    {
        return Ok(None);
    }
    let total = parts
        .iter()
        .fold(0usize, |sum, (bytes, _)| sum.saturating_add(bytes.len()));
    budget.take(total)?;
    let mut bytes = Vec::with_capacity(total);
    for row in 0..rows {
        for (part, _) in &parts {
            let len = part.len() / rows;
            bytes.extend_from_slice(&part[row * len..][..len]);
        }
    }
    Ok(Some(Constant { shape, bytes }))
}

/// `DEQUANTIZE` of weights that are stored as less than float32.
fn dequantize(
    source: &Tensor<'_>,
    output: &Tensor<'_>,
    budget: &mut Budget,
) -> Checked<Option<Constant>> {
    if output.element != Type::FLOAT32 {
        return Ok(None);
    }
    Ok(Some(Constant {
        shape: source.shape.clone(),
        bytes: float::dequantized(source, budget)?,
    }))
}

/// `FILL`: `[shape, value]`.
fn fill(inputs: &[&Tensor<'_>], budget: &mut Budget) -> Checked<Option<Constant>> {
    let [extents, value] = inputs else {
        return Ok(None);
    };
    let given = numbers(extents, budget, "shape")?;
    let shape: Vec<usize> = given
        .iter()
        .filter_map(|&extent| extent.try_into().ok())
        .collect();
    let count = elements(&shape).filter(|count| (1..=MAX_ACTIVATION).contains(count));
    let (Some(count), Some((bytes, width))) = (count, whole(value)) else {
        return Ok(None);
    };
    if shape.len() != given.len() || bytes.len() != width {
        return Ok(None);
    }
    budget.take(count.saturating_mul(width))?;
    Ok(Some(Constant {
        shape,
        bytes: bytes.repeat(count),
    }))
}
