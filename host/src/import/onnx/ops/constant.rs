//! Constant, `ConstantOfShape`, and Shape, whose result is one here.

use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault};
use crate::import::onnx::tensor::{self, Constant, Data};

/// A tensor that an attribute holds.
pub(super) fn constant(_: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let attributes = &node.attributes;
    if let Some(proto) = attributes.tensor("value")? {
        return Ok(tensor::decode(proto, &node.output)?.into());
    }
    let (shape, data) = if let Some(value) = attributes.float_or_infinity("value_float")? {
        (vec![], Data::F32([value].into()))
    } else if let Some(values) = attributes.floats("value_floats")? {
        (vec![values.len()], Data::F32(values.into()))
    } else if let Some(value) = attributes.int("value_int")? {
        (vec![], Data::I64([value].into()))
    } else if let Some(values) = attributes.ints("value_ints")? {
        (vec![values.len()], Data::I64(values.into()))
    } else {
        return Err(fault(
            "value",
            "missing".into(),
            "value, value_float(s), value_int(s)",
        ));
    };
    Ok(Constant {
        name: node.output.clone(),
        shape,
        data,
    }
    .into())
}

/// A tensor of a constant shape with the same number everywhere, 0 if none is given.
pub(super) fn constant_of_shape(
    context: &mut Context,
    node: &Node<'_>,
) -> Result<Tensor, NodeFault> {
    let wanted = node.ints(0, "input shape")?;
    let shape: Option<Vec<usize>> = wanted
        .iter()
        .map(|&len| usize::try_from(len).ok())
        .collect();
    let shape = shape
        .filter(|shape| shape.len() <= tensor::MAX_RANK)
        .ok_or_else(|| {
            operand_fault(
                "input shape",
                "of few axes, none negative",
                &format!("{wanted:?}"),
            )
        })?;
    context.reserve_constant(&shape)?;
    let count = shape.iter().product();
    let value = match node.attributes.tensor("value")? {
        Some(proto) => tensor::decode(proto, &node.output)?.data,
        None => Data::F32([0.0].into()),
    };
    let data = match &value {
        Data::F32(value) if value.len() == 1 => Some(Data::F32(vec![value[0]; count].into())),
        Data::I64(value) if value.len() == 1 => Some(Data::I64(vec![value[0]; count].into())),
        Data::Bool(value) if value.len() == 1 => Some(Data::Bool(vec![value[0]; count].into())),
        Data::I8(value) if value.len() == 1 => Some(Data::I8(vec![value[0]; count].into())),
        Data::U8(value) if value.len() == 1 => Some(Data::U8(vec![value[0]; count].into())),
        Data::F32(_) | Data::I64(_) | Data::Bool(_) | Data::I8(_) | Data::U8(_) => None,
    };
    let data = data.ok_or_else(|| fault("value", "of several elements".into(), "one element"))?;
    Ok(Constant {
        name: node.output.clone(),
        shape,
        data,
    }
    .into())
}

/// The shape of a tensor, the batch being 1.
pub(super) fn shape(_: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let shape = node.required(0, "input")?.shape();
    let rank = i64::try_from(shape.len()).expect("a tensor has few axes");
    let bound = |name, open: i64| -> Result<usize, NodeFault> {
        let given = node.attributes.int(name)?.unwrap_or(open);
        let from_start = if given < 0 {
            given.saturating_add(rank)
        } else {
            given
        };
        Ok(usize::try_from(from_start.clamp(0, rank)).expect("it is clamped"))
    };
    let (start, end) = (bound("start", 0)?, bound("end", rank)?);
    let lens = shape.get(start..end).unwrap_or_default();
    let lens: Vec<i64> = lens
        .iter()
        .map(|&len| i64::try_from(len).expect("tensors are bounded"))
        .collect();
    Ok(Constant {
        name: node.output.clone(),
        shape: vec![lens.len()],
        data: Data::I64(lens.into()),
    }
    .into())
}
