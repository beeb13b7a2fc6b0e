//! Comparisons, choices and bounds of constants: computed at import.

use super::fold::{broadcast, named_result, repeated};
use crate::import::NodeFault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault};
use crate::import::onnx::tensor::{Constant, Data};
use std::sync::Arc;

/// A constant between bounds of its type, which are operands or, before opset 11, attributes; each
/// may be missing.
pub(super) fn clipped(
    context: &mut Context,
    node: &Node<'_>,
    constant: &Constant,
) -> Result<Tensor, NodeFault> {
    context.reserve_constant(&constant.shape)?;
    let bound = |index, name| -> Result<Option<f64>, NodeFault> {
        if node.input(index).is_none() {
            let attribute = node.attributes.float_or_infinity(name)?;
            return Ok(attribute.map(f64::from));
        }
        let bound = node.constant(index, name)?;
        match bound.data.numbers()[..] {
            [value] if bound.data.type_name() == constant.data.type_name() => Ok(Some(value)),
            _ => Err(operand_fault(
                name,
                "one number of the input's type",
                bound.data.type_name(),
            )),
        }
    };
    let (min, max) = (bound(1, "min")?, bound(2, "max")?);
    let clip = |x: f64| {
        let above = min.map_or(x, |min| x.max(min));
        max.map_or(above, |max| above.min(max))
    };
    let numbers: Vec<f64> = constant.data.numbers().into_iter().map(clip).collect();
    let data = constant.data.of_numbers(numbers);
    Ok(named_result(node, constant.shape.clone(), data))
}

/// Whether each pair of elements holds, broadcasting.
pub(super) fn compared(
    context: &mut Context,
    node: &Node<'_>,
    [a, b]: [&Constant; 2],
    holds: impl Fn(f64, f64) -> bool,
) -> Result<Tensor, NodeFault> {
    let shape = broadcast(&a.shape, &b.shape).ok_or_else(|| {
        let found = format!("shapes {:?} and {:?}", a.shape, b.shape);
        operand_fault("inputs", "of shapes that broadcast", &found)
    })?;
    context.reserve_constant(&shape)?;
    if a.data.type_name() != b.data.type_name() {
        let found = format!("{} and {}", a.data.type_name(), b.data.type_name());
        return Err(operand_fault("inputs", "of one type", &found));
    }
    let (x, y) = (a.data.numbers(), b.data.numbers());
    let pairs = repeated(&x, &a.shape, &shape).zip(repeated(&y, &b.shape, &shape));
    let data = pairs.map(|(a, b)| holds(a, b)).collect();
    Ok(named_result(node, shape, Data::Bool(data)))
}

/// Elements of the first where the condition holds, else of the second, broadcasting.
pub(super) fn chosen(
    context: &mut Context,
    node: &Node<'_>,
    condition: &Constant,
    [x, y]: [&Constant; 2],
) -> Result<Tensor, NodeFault> {
    let both = broadcast(&x.shape, &y.shape);
    let shape = both.and_then(|both| broadcast(&condition.shape, &both));
    let shape = shape.ok_or_else(|| {
        let found = format!(
            "shapes {:?}, {:?} and {:?}",
            condition.shape, x.shape, y.shape
        );
        operand_fault("inputs", "of shapes that broadcast", &found)
    })?;
    context.reserve_constant(&shape)?;
    let Data::Bool(flags) = &condition.data else {
        let found = condition.data.type_name();
        return Err(operand_fault("condition", "BOOL", found));
    };
    let flags = repeated(flags, &condition.shape, &shape);
    let data = match (&x.data, &y.data) {
        (Data::F32(a), Data::F32(b)) => Data::F32(pick(flags, [a, b], [x, y], &shape)),
        (Data::I64(a), Data::I64(b)) => Data::I64(pick(flags, [a, b], [x, y], &shape)),
        (Data::Bool(a), Data::Bool(b)) => Data::Bool(pick(flags, [a, b], [x, y], &shape)),
        (Data::I8(a), Data::I8(b)) => Data::I8(pick(flags, [a, b], [x, y], &shape)),
        (Data::U8(a), Data::U8(b)) => Data::U8(pick(flags, [a, b], [x, y], &shape)),
        (a, b) => {
            let found = format!("{} and {}", a.type_name(), b.type_name());
            return Err(operand_fault("inputs", "of one type", &found));
        }
    };
    Ok(named_result(node, shape, data))
}

fn pick<T: Copy>(
    flags: impl Iterator<Item = bool>,
    [a, b]: [&[T]; 2],
    [x, y]: [&Constant; 2],
    shape: &[usize],
) -> Arc<[T]> {
    let pairs = repeated(a, &x.shape, shape).zip(repeated(b, &y.shape, shape));
    let chosen = flags
        .zip(pairs)
        .map(|(flag, (a, b))| if flag { a } else { b });
    chosen.collect()
}
