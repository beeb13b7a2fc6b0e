//! The reductions: sums, products, norms, extremes of values over axes, and their indices.

use super::compose::{self, computed, numbers};
use super::fold::named_result;
use super::pool;
use super::take::{AxisMap, arranged, memory_order, ordered, take};
use crate::import::NodeFault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, axis_index, axis_indices, operand_fault};
use crate::import::onnx::tensor::Constant;
use crate::ir::reduce::Reduction;
use crate::ir::{IndexMap, Op, Unary};

/// Most values of which a product is computed, one multiplication after the other.
const MAX_FACTORS: usize = 64;

/// What becomes of the values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reducing {
    L1,
    L2,
    LogSum,
    LogSumExp,
    Max,
    Mean,
    Min,
    Prod,
    Sum,
    SumSquare,
}

impl Reducing {
    /// Of constants, by the definition.
    #[expect(clippy::as_conversions, reason = "a count of values, below 2^53")]
    fn of(self, values: &[f64]) -> f64 {
        let sum = |f: fn(f64) -> f64| values.iter().map(|&x| f(x)).sum::<f64>();
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        match self {
            Self::L1 => sum(f64::abs),
            Self::L2 => sum(|x| x * x).sqrt(),
            Self::LogSum => sum(|x| x).ln(),
            Self::LogSumExp if max.is_infinite() => max,
            Self::LogSumExp => values.iter().map(|x| (x - max).exp()).sum::<f64>().ln() + max,
            Self::Max => max,
            Self::Mean => sum(|x| x) / values.len() as f64,
            Self::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Prod => values.iter().product(),
            Self::Sum => sum(|x| x),
            Self::SumSquare => sum(|x| x * x),
        }
    }
}

/// A reduction over axes that are an attribute or, since opset 13 or 18, an input.
pub(super) fn reduce(
    context: &mut Context,
    node: &Node<'_>,
    reducing: Reducing,
) -> Result<Tensor, NodeFault> {
    let x = node.required(0, "input data")?;
    let axes = reduced_axes(node, x.shape().len())?;
    let keep = node.attributes.flag("keepdims")?.unwrap_or(true);
    match x {
        Tensor::Constant(constant) => fold(context, node, constant, &axes, keep, reducing),
        Tensor::Activation(x) => {
            context.check_batch(x, axes.iter().copied())?;
            Ok(reduced(context, node, x, &axes, keep, reducing)?.into())
        }
    }
}

fn reduced(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    axes: &[usize],
    keep: bool,
    reducing: Reducing,
) -> Result<Activation, NodeFault> {
    let sum = |context: &mut Context, x: &Activation| {
        compose::reduce(context, node, x, Reduction::Sum, axes, keep)
    };
    match reducing {
        Reducing::Sum => sum(context, x),
        Reducing::Min => compose::reduce(context, node, x, Reduction::Min, axes, keep),
        Reducing::Mean if is_pool(x, axes) => pool::reduce_mean(context, node, x, axes, keep),
        Reducing::Mean => compose::reduce(context, node, x, Reduction::Mean, axes, keep),
        Reducing::Max if is_pool(x, axes) => pool::reduce_max(context, node, x, axes, keep),
        Reducing::Max => compose::reduce(context, node, x, Reduction::Max, axes, keep),
        Reducing::L1 => {
            let x = compose::unary(context, node, x, Unary::Abs)?;
            sum(context, &x)
        }
        Reducing::SumSquare => {
            let x = compose::unary(context, node, x, Unary::Square)?;
            sum(context, &x)
        }
        Reducing::L2 => {
            let x = compose::unary(context, node, x, Unary::Square)?;
            let x = sum(context, &x)?;
            compose::unary(context, node, &x, Unary::Sqrt)
        }
        Reducing::LogSum => {
            let x = sum(context, x)?;
            compose::unary(context, node, &x, Unary::Log)
        }
        Reducing::LogSumExp => {
            // Less the largest, no exponential overflows.
            let max = compose::reduce(context, node, x, Reduction::Max, axes, true)?;
            let rest = compose::binary(context, node, compose::SUB, x, &max.clone().into())?;
            let rest = compose::unary(context, node, &rest, Unary::Exp)?;
            let rest = sum(context, &rest)?;
            let rest = compose::unary(context, node, &rest, Unary::Log)?;
            let view = compose::without(&max.view, axes, keep);
            let max = max.seen_as(view).into();
            compose::binary(context, node, compose::ADD, &rest, &max)
        }
        Reducing::Prod => product(context, node, x, axes, keep),
    }
}

/// Whether a reduction is a pool over a map: the axis that lies innermost stays.
fn is_pool(x: &Activation, axes: &[usize]) -> bool {
    let order = memory_order(x, false);
    let innermost = order.iter().rfind(|&&axis| x.view.axis_len(axis) != 1);
    innermost.is_some_and(|axis| !axes.contains(axis))
}

/// The product of slices, axis by axis.
fn product(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    axes: &[usize],
    keep: bool,
) -> Result<Activation, NodeFault> {
    let factors: usize = axes.iter().map(|&axis| x.view.axis_len(axis)).product();
    if factors > MAX_FACTORS {
        let expected = format!("of {MAX_FACTORS} factors at most");
        return Err(operand_fault("input data", &expected, &factors.to_string()));
    }
    let rank = x.view.rank();
    let mut result = x.clone();
    for &axis in axes {
        let whole: Tensor = result.clone().into();
        let slice = |context: &mut Context, index: usize| {
            let mut maps: Vec<AxisMap> = vec![None; rank];
            maps[axis] = Some(IndexMap::run(index, 1));
            computed(take(context, node, 0, &whole, &maps)?)
        };
        result = slice(context, 0)?;
        for index in 1..x.view.axis_len(axis) {
            let next = slice(context, index)?.into();
            result = compose::binary(context, node, compose::MUL, &result, &next)?;
        }
    }
    Ok(result.seen_as(compose::without(&result.view, axes, keep)))
}

/// The axes, ascending: an attribute, since opset 13 or 18 an input; all of them if none are given.
pub(super) fn reduced_axes(node: &Node<'_>, rank: usize) -> Result<Vec<usize>, NodeFault> {
    let given = match node.attributes.ints("axes")? {
        Some(axes) => Some(axes),
        None if node.input(1).is_some() => Some(node.ints(1, "input axes")?),
        None => None,
    };
    let noop = node.attributes.flag("noop_with_empty_axes")?;
    let mut axes = match given {
        Some(axes) if !axes.is_empty() => axis_indices(axes, rank)?,
        Some(_) | None if noop.unwrap_or(false) => Vec::new(),
        Some(_) | None => (0..rank).collect(),
    };
    axes.sort_unstable();
    Ok(axes)
}

/// A reduction of a constant.
fn fold(
    context: &mut Context,
    node: &Node<'_>,
    constant: &Constant,
    axes: &[usize],
    keep: bool,
    reducing: Reducing,
) -> Result<Tensor, NodeFault> {
    let own = &constant.shape;
    let len = |axis: usize| if axes.contains(&axis) { 1 } else { own[axis] };
    let kept: Vec<usize> = (0..own.len()).map(len).collect();
    context.reserve_constant(&kept)?;
    let mut groups: Vec<Vec<f64>> = vec![Vec::new(); kept.iter().product()];
    for (position, value) in constant.data.numbers().into_iter().enumerate() {
        let (mut rest, mut at, mut stride) = (position, 0, 1);
        for axis in (0..own.len()).rev() {
            at += stride * (rest % own[axis]).min(kept[axis] - 1);
            rest /= own[axis];
            stride *= kept[axis];
        }
        groups[at].push(value);
    }
    let results = groups.iter().map(|values| reducing.of(values)).collect();
    let shape = (0..own.len()).filter(|axis| keep || !axes.contains(axis));
    let shape = shape.map(|axis| kept[axis]).collect();
    Ok(named_result(node, shape, constant.data.of_numbers(results)))
}

/// `ArgMax` and `ArgMin`: the index of the largest or smallest value along an axis, the first one of
/// equal ones, or the last.
pub(super) fn arg_extreme(
    context: &mut Context,
    node: &Node<'_>,
    largest: bool,
) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input data")?;
    let axis = axis_index(node.attributes.int("axis")?.unwrap_or(0), x.view.rank())?;
    let keep = node.attributes.flag("keepdims")?.unwrap_or(true);
    let last = node.attributes.flag("select_last_index")?.unwrap_or(false);
    let index = extreme_index(context, node, x, axis, largest, last)?;
    let view = compose::without(&index.view, &[axis], keep);
    Ok(index.seen_as(view).into())
}

/// As [`arg_extreme`], the axis staying with extent 1.
fn extreme_index(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    axis: usize,
    largest: bool,
    last: bool,
) -> Result<Activation, NodeFault> {
    context.check_batch(x, [axis])?;
    let order = memory_order(x, axis == 0);
    let input = arranged(context, node, x, &order)?;
    let place = order.iter().position(|&at| at == axis);
    let axis = 1 + place.expect("the order has every axis but the batch");
    let op = Op::ArgExtreme {
        axis,
        largest,
        last,
        keep: true,
    };
    let value = context.emit(node, op, vec![input])?;
    Ok(ordered(context, value, &order, x.view.rank()))
}

#[expect(clippy::as_conversions, reason = "indices below 2^24 are exact")]
pub(super) fn as_f32(index: usize) -> f32 {
    index as f32
}

/// Hardmax: 1 at the first largest value along an axis, else 0; before opset 13 over that axis and
/// all behind it as one.
pub(super) fn hardmax(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input")?;
    let rank = x.view.rank();
    let flattening = node.opset < 13;
    let default = if flattening { 1 } else { -1 };
    let axis = axis_index(node.attributes.int("axis")?.unwrap_or(default), rank)?;
    context.check_batch(
        x,
        if flattening {
            axis..rank
        } else {
            axis..axis + 1
        },
    )?;
    let own = x.view.shape();
    let (x, axis, shape) = if flattening && axis + 1 < rank {
        let rows = own[..axis].iter().product();
        let columns = own[axis..].iter().product();
        let flat = super::shape::reshaped_to(context, node, &x.clone().into(), vec![rows, columns]);
        (computed(flat?)?, 1, Some(own))
    } else {
        (x.clone(), axis, None)
    };
    let index = extreme_index(context, node, &x, axis, true, false)?;
    let len = x.view.axis_len(axis);
    let mut places = vec![1; x.view.rank() - axis];
    places[0] = len;
    context.reserve_constant(&places)?;
    let places = numbers(node, "places", places, (0..len).map(as_f32).collect());
    let equal = Op::Binary(crate::ir::Binary::Equal);
    let hot = compose::binary(context, node, equal, &index, &places)?;
    match shape {
        Some(shape) => super::shape::reshaped_to(context, node, &hot.into(), shape),
        None => Ok(hot.into()),
    }
}
