//! Arithmetic on constant int32 and int64 numbers, as shapes need it.

use super::budget::Budget;
use super::failure::Checked;
use super::importer::{MAX_ACTIVATION, elements};
use super::model::{Operator, Tensor};
use super::ops::numbers;
use super::schema::Type;

/// A shape and its numbers.
type Numbers = (Vec<usize>, Vec<i64>);

/// What an operator computes from constant numbers; none if it is not one of these, or if a number
/// does not fit 64 bits.
pub(super) fn compute(
    operator: &Operator<'_>,
    inputs: &[&Tensor<'_>],
    budget: &mut Budget,
) -> Checked<Option<Numbers>> {
    let is_integer = |tensor: &&Tensor<'_>| matches!(tensor.element, Type::INT32 | Type::INT64);
    if !inputs.iter().all(is_integer) {
        return Ok(None);
    }
    if let Some(f) = binary(&operator.name) {
        return match inputs {
            [a, b] => broadcast(f, [a, b], budget),
            _ => Ok(None),
        };
    }
    match (&*operator.name, inputs) {
        ("CAST", [x]) => map(Some, x, budget),
        ("NEG", [x]) => map(i64::checked_neg, x, budget),
        ("ABS", [x]) => map(i64::checked_abs, x, budget),
        ("BROADCAST_ARGS", [a, b]) => broadcast_shape([a, b], budget),
        ("RANGE", [start, limit, step]) => range([start, limit, step], budget),
        ("REDUCE_PROD", [x, axes]) if x.shape.len() == 1 && elements(&axes.shape) == Some(1) => {
            let product = numbers(x, budget, "input")?
                .into_iter()
                .try_fold(1i64, i64::checked_mul);
            Ok(product.map(|product| {
                // Whether the axis stays shows in the number alone: shapes of one number fit both.
                (Vec::new(), vec![product])
            }))
        }
        _ => Ok(None),
    }
}

type Binary = fn(i64, i64) -> Option<i64>;

fn binary(name: &str) -> Option<Binary> {
    Some(match name {
        "ADD" => i64::checked_add,
        "SUB" => i64::checked_sub,
        "MUL" => i64::checked_mul,
        "DIV" => i64::checked_div,
        "MAXIMUM" => |a, b| Some(a.max(b)),
        "MINIMUM" => |a, b| Some(a.min(b)),
        "FLOOR_DIV" => |a, b| {
            let quotient = a.checked_div(b)?;
            let is_between = a.checked_rem(b)? != 0 && (a < 0) != (b < 0);
            Some(quotient - i64::from(is_between))
        },
        "FLOOR_MOD" => |a, b| {
            let rest = a.checked_rem(b)?;
            let is_between = rest != 0 && (rest < 0) != (b < 0);
            Some(if is_between { rest + b } else { rest })
        },
        _ => return None,
    })
}

fn map(
    f: impl Fn(i64) -> Option<i64>,
    x: &Tensor<'_>,
    budget: &mut Budget,
) -> Checked<Option<Numbers>> {
    let values: Option<Vec<i64>> = numbers(x, budget, "input")?.into_iter().map(f).collect();
    Ok(values.map(|values| (x.shape.clone(), values)))
}

/// Of two of one shape, or of one and a single number.
fn broadcast(f: Binary, [a, b]: [&Tensor<'_>; 2], budget: &mut Budget) -> Checked<Option<Numbers>> {
    let [x, y] = [numbers(a, budget, "a")?, numbers(b, budget, "b")?];
    let shape = if y.len() == 1 && a.shape.len() >= b.shape.len() || a.shape == b.shape {
        &a.shape
    } else if x.len() == 1 && b.shape.len() >= a.shape.len() {
        &b.shape
    } else {
        return Ok(None);
    };
    let pairs = x.len().max(y.len());
    let pick = |values: &[i64], at: usize| values.get(at).or(values.first()).copied();
    let values = (0..pairs).map(|at| f(pick(&x, at)?, pick(&y, at)?));
    let values: Option<Vec<i64>> = values.collect();
    Ok(values.map(|values| (shape.clone(), values)))
}

/// The shape that tensors of two shapes are stretched to, their last axes aligned.
fn broadcast_shape(shapes: [&Tensor<'_>; 2], budget: &mut Budget) -> Checked<Option<Numbers>> {
    let [a, b] = shapes;
    let [a, b] = [numbers(a, budget, "a")?, numbers(b, budget, "b")?];
    let rank = a.len().max(b.len());
    let axis = |shape: &[i64], at: usize| {
        let own = (at + shape.len()).checked_sub(rank);
        own.map_or(1, |own| shape[own])
    };
    let extents = (0..rank).map(|at| match (axis(&a, at), axis(&b, at)) {
        (1, extent) | (extent, 1) => Some(extent),
        (x, y) => (x == y).then_some(x),
    });
    let extents: Option<Vec<i64>> = extents.collect();
    Ok(extents.map(|extents| (vec![rank], extents)))
}

/// From a start by steps to a limit that is not reached.
fn range(inputs: [&Tensor<'_>; 3], budget: &mut Budget) -> Checked<Option<Numbers>> {
    let mut ends = [0; 3];
    for (end, input) in ends.iter_mut().zip(inputs) {
        match numbers(input, budget, "an end of the range")?[..] {
            [number] => *end = number,
            _ => return Ok(None),
        }
    }
    let [start, limit, step] = ends;
    let span = if step > 0 {
        limit.checked_sub(start)
    } else {
        start.checked_sub(limit)
    };
    let Some(span) = span.filter(|&span| span > 0 && step != 0) else {
        return Ok(None);
    };
    let count = span.unsigned_abs().div_ceil(step.unsigned_abs());
    let Some(count) = usize::try_from(count)
        .ok()
        .filter(|&count| count <= MAX_ACTIVATION)
    else {
        return Ok(None);
    };
    budget.take(count.saturating_mul(16))?;
    let values = std::iter::successors(Some(start), |at| at.checked_add(step));
    let values: Vec<i64> = values.take(count).collect();
    Ok(Some((vec![values.len()], values)))
}
