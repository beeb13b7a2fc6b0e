//! Cast and `CastLike`. A computed tensor is of numbers, whatever its type in the source: truths are 0
//! and 1, and integers whole numbers.
#![expect(
    clippy::as_conversions,
    reason = "`as` converts as ONNX does: towards 0, and to the type's range"
)]

use super::choice;
use super::compose::{self, MUL};
use super::fold::named_result;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::Node;
use crate::import::onnx::tensor::{Constant, Data};
use crate::ir::{Activation as Function, Op, Unary};
use rten_onnx::onnx::DataType;

const SUPPORTED: &str = "FLOAT, INT64, INT32, INT8, UINT8, BOOL";

/// To the type that an attribute names.
pub(super) fn cast(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let to = node.attributes.int("to")?.unwrap_or(0);
    let to = DataType(i32::try_from(to).unwrap_or(0));
    cast_to(context, node, to)
}

/// To the type of another tensor; a computed one is taken for float32.
pub(super) fn cast_like(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let to = match node.required(1, "input target_type")? {
        Tensor::Activation(_) => DataType::FLOAT,
        Tensor::Constant(constant) => match constant.data {
            Data::F32(_) => DataType::FLOAT,
            Data::I64(_) => DataType::INT64,
            Data::Bool(_) => DataType::BOOL,
            Data::I8(_) => DataType::INT8,
            Data::U8(_) => DataType::UINT8,
        },
    };
    cast_to(context, node, to)
}

fn cast_to(context: &mut Context, node: &Node<'_>, to: DataType) -> Result<Tensor, NodeFault> {
    match node.required(0, "input")? {
        Tensor::Constant(constant) => converted(context, node, constant, to),
        Tensor::Activation(x) => match to {
            DataType::FLOAT => Ok(x.clone().into()),
            DataType::BOOL => choice::truth(context, node),
            DataType::INT64 | DataType::INT32 => whole(context, node, x),
            other => Err(fault("to", other.to_string(), "FLOAT, INT64, INT32, BOOL")),
        },
    }
}

/// Numbers without what stands behind their point.
fn whole(context: &mut Context, node: &Node<'_>, x: &Activation) -> Result<Tensor, NodeFault> {
    if is_whole(context, x) {
        return Ok(x.clone().into());
    }
    let sign = compose::unary(context, node, x, Unary::Sign)?;
    let size = compose::unary(context, node, x, Unary::Abs)?;
    let size = compose::unary(context, node, &size, Unary::Floor)?;
    Ok(compose::binary(context, node, MUL, &sign, &size.into())?.into())
}

/// Whether an operator computes whole numbers.
fn is_whole(context: &Context, x: &Activation) -> bool {
    let mut nodes = context.graph.nodes.iter();
    let producer = nodes.rfind(|node| node.output == x.value);
    producer.is_some_and(|node| match &node.op {
        Op::ArgExtreme { .. } => true,
        Op::Binary(function) => function.is_comparison(),
        Op::Activation(Function::Unary(function)) => matches!(
            function,
            Unary::Floor | Unary::Ceil | Unary::Round | Unary::Sign | Unary::Not
        ),
        _ => false,
    })
}

fn converted(
    context: &mut Context,
    node: &Node<'_>,
    constant: &Constant,
    to: DataType,
) -> Result<Tensor, NodeFault> {
    let same = match constant.data {
        Data::F32(_) => to == DataType::FLOAT,
        Data::I64(_) => to == DataType::INT64,
        Data::Bool(_) => to == DataType::BOOL,
        Data::I8(_) => to == DataType::INT8,
        Data::U8(_) => to == DataType::UINT8,
    };
    if same {
        return Ok(constant.clone().into());
    }
    context.reserve_constant(&constant.shape)?;
    // Integers keep all their bits.
    if let (Data::I64(values), DataType::INT32 | DataType::INT8 | DataType::UINT8) =
        (&constant.data, to)
    {
        let each = values.iter();
        let data = match to {
            DataType::INT8 => Data::I8(each.map(|&x| x as i8).collect()),
            DataType::UINT8 => Data::U8(each.map(|&x| x as u8).collect()),
            _ => Data::I64(each.map(|&x| i64::from(x as i32)).collect()),
        };
        return Ok(named_result(node, constant.shape.clone(), data));
    }
    let numbers = constant.data.numbers();
    let each = numbers.iter();
    let data = match to {
        DataType::FLOAT => Data::F32(each.map(|&x| x as f32).collect()),
        DataType::INT64 => Data::I64(each.map(|&x| x as i64).collect()),
        DataType::INT32 => Data::I64(each.map(|&x| i64::from(x as i32)).collect()),
        DataType::BOOL => Data::Bool(each.map(|&x| x != 0.0).collect()),
        DataType::INT8 => Data::I8(each.map(|&x| x as i8).collect()),
        DataType::UINT8 => Data::U8(each.map(|&x| x as u8).collect()),
        other => return Err(fault("to", other.to_string(), SUPPORTED)),
    };
    Ok(named_result(node, constant.shape.clone(), data))
}
