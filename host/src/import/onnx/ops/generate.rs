//! Constants that nodes make: Range, Size, `EyeLike`, `OneHot`, `NonZero`.

use super::fold::named_result;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, axis_index, operand_fault, shape_fault};
use crate::import::onnx::tensor::{Constant, Data, Picking, elements};
use rten_onnx::onnx::DataType;

/// `start`, `start + delta`, … before `limit`.
pub(super) fn range(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let operand = |index, name| -> Result<&Constant, NodeFault> {
        let constant = node.constant(index, name)?;
        match elements(&constant.shape) {
            Some(1) => Ok(constant),
            _ => Err(shape_fault(name, "one number", &constant.shape)),
        }
    };
    let start = operand(0, "input start")?;
    let (limit, delta) = (operand(1, "input limit")?, operand(2, "input delta")?);
    let data = match (&start.data, &limit.data, &delta.data) {
        (Data::I64(start), Data::I64(limit), Data::I64(delta)) => {
            let (start, limit, delta) = (start[0], limit[0], delta[0]);
            let distance = i128::from(limit) - i128::from(start);
            let count = distance_steps(distance, i128::from(delta))?;
            context.reserve_constant(&[count])?;
            let each = (0..count).map(|index| {
                let index = i64::try_from(index).unwrap_or(i64::MAX);
                start.wrapping_add(delta.wrapping_mul(index))
            });
            Data::I64(each.collect())
        }
        (Data::F32(start), Data::F32(limit), Data::F32(delta)) => {
            floats_between(context, start[0], limit[0], delta[0])?
        }
        (start, limit, delta) => {
            let types = [start, limit, delta].map(Data::type_name).join(", ");
            return Err(operand_fault("inputs", "of one type", &types));
        }
    };
    let len = match &data {
        Data::F32(values) => values.len(),
        Data::I64(values) => values.len(),
        Data::Bool(_) | Data::I8(_) | Data::U8(_) => 0,
    };
    Ok(named_result(node, vec![len], data))
}

/// Steps until a distance is reached or passed.
fn distance_steps(distance: i128, delta: i128) -> Result<usize, NodeFault> {
    if delta == 0 {
        return Err(operand_fault("input delta", "not 0", "0"));
    }
    let steps = distance / delta + i128::from(distance % delta != 0);
    let forwards = (distance > 0) == (delta > 0) && distance != 0;
    Ok(if forwards {
        usize::try_from(steps).unwrap_or(usize::MAX)
    } else {
        0
    })
}

#[expect(
    clippy::as_conversions,
    reason = "`as` keeps counts within their range, what is too large is refused"
)]
fn floats_between(
    context: &mut Context,
    start: f32,
    limit: f32,
    delta: f32,
) -> Result<Data, NodeFault> {
    let steps = (f64::from(limit) - f64::from(start)) / f64::from(delta);
    if !steps.is_finite() {
        let found = format!("{start}, {limit}, {delta}");
        return Err(operand_fault(
            "start, limit, delta",
            "finite, delta not 0",
            &found,
        ));
    }
    let count = steps.ceil().max(0.0) as usize;
    context.reserve_constant(&[count])?;
    let each = (0..count).map(|index| start + delta * index as f32);
    Ok(Data::F32(each.collect()))
}

/// Number of elements, the batch being 1.
pub(super) fn size(_: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let count = elements(&node.required(0, "input")?.shape()).unwrap_or(usize::MAX);
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    Ok(named_result(node, vec![], Data::I64([count].into())))
}

/// 1 on a diagonal of a matrix with the shape of another, else 0.
pub(super) fn eye_like(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let like = node.required(0, "input")?;
    let shape = like.shape();
    let &[rows, columns] = &shape[..] else {
        return Err(shape_fault("input", "of rank 2", &shape));
    };
    context.reserve_constant(&shape)?;
    let offset = node.attributes.int("k")?.unwrap_or(0);
    let places = grid(rows, columns).map(|(row, column)| column.saturating_sub(row) == offset);
    let to = node.attributes.int("dtype")?.unwrap_or(match like {
        Tensor::Constant(constant) => match constant.data {
            Data::F32(_) => 1,
            Data::I64(_) => 7,
            Data::Bool(_) => 9,
            Data::I8(_) => 3,
            Data::U8(_) => 2,
        },
        Tensor::Activation(_) => 1,
    });
    let data = match DataType(i32::try_from(to).unwrap_or(0)) {
        DataType::FLOAT => Data::F32(places.map(|on| f32::from(u8::from(on))).collect()),
        DataType::INT64 | DataType::INT32 => Data::I64(places.map(i64::from).collect()),
        DataType::BOOL => Data::Bool(places.collect()),
        other => {
            return Err(fault(
                "dtype",
                other.to_string(),
                "FLOAT, INT64, INT32, BOOL",
            ));
        }
    };
    Ok(named_result(node, shape, data))
}

/// Rows and columns of a matrix in row-major order.
pub(super) fn grid(rows: usize, columns: usize) -> impl Iterator<Item = (i64, i64)> {
    let signed = |index: usize| i64::try_from(index).unwrap_or(i64::MAX);
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (signed(row), signed(column))))
}

/// Indices of what is not 0, a row for each axis.
pub(super) fn non_zero(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.constant(0, "input X")?;
    let rank = x.shape.len().max(1);
    let values = x.data.numbers();
    let found: Vec<usize> = (0..values.len()).filter(|&at| values[at] != 0.0).collect();
    context.reserve_constant(&[rank, found.len()])?;
    let mut stride: usize = x.shape.iter().product();
    let mut indices = Vec::with_capacity(rank * found.len());
    for axis in 0..rank {
        let len = x.shape.get(axis).copied().unwrap_or(1);
        stride /= len.max(1);
        let along = found.iter().map(|&at| at / stride.max(1) % len.max(1));
        indices.extend(along.map(|index| i64::try_from(index).unwrap_or(i64::MAX)));
    }
    let shape = vec![rank, found.len()];
    Ok(named_result(node, shape, Data::I64(indices.into())))
}

/// One of two values at every place of a new axis: the one at the index, the other elsewhere.
pub(super) fn one_hot(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let indices = node.constant(0, "input indices")?;
    let depth = node.constant(1, "input depth")?.data.numbers();
    let values = node.constant(2, "input values")?;
    let given = depth.first().copied().unwrap_or(0.0);
    let depth = depth_of(given)
        .ok_or_else(|| operand_fault("input depth", "1 to 2^20", &given.to_string()))?;
    if elements(&values.shape) != Some(2) {
        let expected = "two values: off and on";
        return Err(shape_fault("input values", expected, &values.shape));
    }
    let rank = indices.shape.len() + 1;
    let axis = axis_index(node.attributes.int("axis")?.unwrap_or(-1), rank)?;
    let mut shape = indices.shape.clone();
    shape.insert(axis, depth);
    context.reserve_constant(&shape)?;
    let inner: usize = shape[axis + 1..].iter().product();
    let numbers = indices.data.numbers();
    let outer = numbers.len() / inner.max(1);
    let mut picks = Vec::with_capacity(numbers.len() * depth);
    for row in 0..outer {
        for place in 0..depth {
            let along = (0..inner).map(|column| {
                let index = numbers[row * inner + column];
                usize::from(is_place(index, place, depth))
            });
            picks.extend(along);
        }
    }
    let map = Chosen(&picks);
    Ok(named_result(node, shape, values.data.picked(&map)))
}

#[expect(clippy::as_conversions, reason = "a whole number within bounds")]
fn depth_of(number: f64) -> Option<usize> {
    (1.0..=1_048_576.0)
        .contains(&number)
        .then_some(number as usize)
}

/// Whether an index, which may be counted from the end, is this place of so many.
#[expect(clippy::as_conversions, reason = "places below 2^20 are exact")]
fn is_place(index: f64, place: usize, depth: usize) -> bool {
    let from_start = if index < 0.0 {
        index + depth as f64
    } else {
        index
    };
    from_start == place as f64
}

struct Chosen<'c>(&'c [usize]);

impl Picking for Chosen<'_> {
    fn pick<T: Copy>(&self, data: &[T]) -> Vec<T> {
        self.0.iter().map(|&at| data[at]).collect()
    }
}
