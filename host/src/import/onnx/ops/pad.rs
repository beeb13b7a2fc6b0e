//! Pad: a border of one value, or of the tensor's own elements.

use super::take::{AxisMap, arranged, listed, memory_order, ordered, take};
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, axis_indices, operand_fault};
use crate::import::onnx::tensor::{Constant, Data, Picking, elements};
use crate::ir::{IndexMap, Op, Pad};

/// Largest padding of one side: what is larger is damage.
const MAX_PAD: i64 = 1 << 24;

/// What a border is made of.
#[derive(Clone, Copy)]
enum Mode {
    /// One value.
    Constant,
    /// The tensor mirrored at its outermost elements.
    Reflect,
    /// The outermost elements.
    Edge,
    /// The tensor again.
    Wrap,
}

/// A border. Pads, value and axes are attributes or, since opset 11, inputs; negative pads cut off.
pub(super) fn pad(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.required(0, "input data")?;
    let shape = x.shape();
    let mode = mode(node)?;
    let axes = match node.input(3) {
        Some(_) => axis_indices(node.ints(3, "input axes")?, shape.len())?,
        None => (0..shape.len()).collect(),
    };
    let (before, after) = pads(node, &axes, shape.len())?;
    let Mode::Constant = mode else {
        let mut maps: Vec<AxisMap> = Vec::with_capacity(shape.len());
        for (axis, &len) in shape.iter().enumerate() {
            maps.push(border(mode, len, before[axis], after[axis])?);
        }
        return take(context, node, 0, x, &maps);
    };
    let cut: Option<Vec<AxisMap>> = (0..shape.len())
        .map(|axis| kept(shape[axis], before[axis], after[axis]))
        .collect();
    let cut = cut.ok_or_else(|| {
        let expected = format!("to leave something of shape {shape:?}");
        operand_fault("pads", &expected, &format!("{before:?} and {after:?}"))
    })?;
    let x = take(context, node, 0, x, &cut)?;
    let grown = |lens: &[i64]| -> Vec<usize> {
        let lens = lens.iter().map(|&len| usize::try_from(len).unwrap_or(0));
        lens.collect()
    };
    let (before, after) = (grown(&before), grown(&after));
    if before.iter().chain(&after).all(|&len| len == 0) {
        return Ok(x);
    }
    match &x {
        Tensor::Activation(x) => pad_activation(context, node, x, &before, &after),
        Tensor::Constant(constant) => pad_constant(context, node, constant, &before, &after),
    }
}

fn mode(node: &Node<'_>) -> Result<Mode, NodeFault> {
    match node.attributes.text("mode")?.unwrap_or("constant") {
        "constant" => Ok(Mode::Constant),
        "reflect" => Ok(Mode::Reflect),
        "edge" => Ok(Mode::Edge),
        "wrap" => Ok(Mode::Wrap),
        other => Err(fault("mode", other.into(), "constant, reflect, edge, wrap")),
    }
}

/// The indices of an axis with a border of the tensor's own elements; none if there is no border.
fn border(mode: Mode, len: usize, before: i64, after: i64) -> Result<AxisMap, NodeFault> {
    if (before, after) == (0, 0) {
        return Ok(None);
    }
    let extent = i64::try_from(len).expect("tensors are bounded");
    let count = usize::try_from(extent + before + after).unwrap_or(0);
    if extent == 0 && count > 0 {
        return Err(operand_fault(
            "input data",
            "not empty",
            "an axis of extent 0",
        ));
    }
    let map = listed("pads", count, |index| {
        let at = i64::try_from(index).unwrap_or(0) - before;
        let inside = match mode {
            Mode::Constant | Mode::Edge => at.clamp(0, extent - 1),
            Mode::Wrap => at.rem_euclid(extent),
            Mode::Reflect => {
                // There and back again without the ends twice.
                let period = (2 * (extent - 1)).max(1);
                let at = at.rem_euclid(period);
                at.min(period - at)
            }
        };
        usize::try_from(inside).unwrap_or(0)
    })?;
    Ok(Some(map))
}

/// What negative pads leave of an axis; none if that is less than nothing.
fn kept(len: usize, before: i64, after: i64) -> Option<AxisMap> {
    if before >= 0 && after >= 0 {
        return Some(None);
    }
    let cut = |pad: i64| usize::try_from((-pad).max(0)).unwrap_or(0);
    let count = len.checked_sub(cut(before))?.checked_sub(cut(after))?;
    Some(Some(IndexMap::run(cut(before), count)))
}

/// The value of the border; 0 if none is given.
fn value(node: &Node<'_>) -> Result<f32, NodeFault> {
    let value = match node.input(2) {
        Some(_) => node.scalar(2, "input constant_value")?,
        None => node.attributes.float("value")?.unwrap_or(0.0),
    };
    if value.is_infinite() {
        return Err(operand_fault(
            "input constant_value",
            "finite",
            &value.to_string(),
        ));
    }
    Ok(value)
}

fn pad_activation(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    before: &[usize],
    after: &[usize],
) -> Result<Tensor, NodeFault> {
    let batch = (before[0], after[0]) != (0, 0);
    context.check_batch(x, batch.then_some(0))?;
    let order = memory_order(x, batch);
    let input = arranged(context, node, x, &order)?;
    let in_order = |lens: &[usize]| {
        std::iter::once(0)
            .chain(order.iter().map(|&axis| lens[axis]))
            .collect()
    };
    let op = Op::Pad(Pad {
        before: in_order(before),
        after: in_order(after),
        value: value(node)?,
    });
    let output = context.emit(node, op, vec![input])?;
    Ok(ordered(context, output, &order, x.view.rank()).into())
}

/// Where the elements of a larger tensor come from: none in the border.
struct Bordered<'b> {
    own: &'b [usize],
    shape: &'b [usize],
    before: &'b [usize],
}

impl Bordered<'_> {
    fn sources(&self) -> impl Iterator<Item = Option<usize>> + '_ {
        let count: usize = self.shape.iter().product();
        (0..count).map(|index| {
            let (mut rest, mut at, mut stride) = (index, 0, 1);
            for axis in (0..self.shape.len()).rev() {
                let place = (rest % self.shape[axis]).checked_sub(self.before[axis])?;
                rest /= self.shape[axis];
                if place >= self.own[axis] {
                    return None;
                }
                at += place * stride;
                stride *= self.own[axis];
            }
            Some(at)
        })
    }
}

/// The elements with a border of 0 (the first element stands for it; it is overwritten).
impl Picking for Bordered<'_> {
    fn pick<T: Copy>(&self, data: &[T]) -> Vec<T> {
        let sources = self.sources();
        sources.map(|at| data[at.unwrap_or(0)]).collect()
    }
}

fn pad_constant(
    context: &mut Context,
    node: &Node<'_>,
    constant: &Constant,
    before: &[usize],
    after: &[usize],
) -> Result<Tensor, NodeFault> {
    let own = &constant.shape;
    let lens = own.iter().zip(before).zip(after);
    let shape: Vec<usize> = lens
        .map(|((own, before), after)| own + before + after)
        .collect();
    context.reserve_constant(&shape)?;
    if elements(own) == Some(0) {
        return Err(operand_fault(
            "input data",
            "not empty",
            &format!("shape {own:?}"),
        ));
    }
    let bordered = Bordered {
        own,
        shape: &shape,
        before,
    };
    let data = constant.data.picked(&bordered);
    let data = filled(node, data, &bordered)?;
    Ok(Constant {
        name: node.output.clone(),
        shape,
        data,
    }
    .into())
}

/// The data with the border's value, which is of the same type.
fn filled(node: &Node<'_>, data: Data, bordered: &Bordered<'_>) -> Result<Data, NodeFault> {
    fn fill<T: Copy>(data: &[T], bordered: &Bordered<'_>, value: T) -> std::sync::Arc<[T]> {
        let pairs = data.iter().zip(bordered.sources());
        pairs
            .map(|(&own, source)| if source.is_some() { own } else { value })
            .collect()
    }
    let given = match node.input(2) {
        Some(_) => Some(&node.constant(2, "input constant_value")?.data),
        None => None,
    };
    match (&data, given) {
        (Data::F32(data), _) => Ok(Data::F32(fill(data, bordered, value(node)?))),
        (Data::I64(data), None) => Ok(Data::I64(fill(data, bordered, 0))),
        (Data::I64(data), Some(Data::I64(value))) if value.len() == 1 => {
            Ok(Data::I64(fill(data, bordered, value[0])))
        }
        (Data::Bool(data), None) => Ok(Data::Bool(fill(data, bordered, false))),
        (Data::I8(data), None) => Ok(Data::I8(fill(data, bordered, 0))),
        (Data::U8(data), None) => Ok(Data::U8(fill(data, bordered, 0))),
        (Data::I64(_) | Data::Bool(_) | Data::I8(_) | Data::U8(_), _) => Err(operand_fault(
            "input constant_value",
            "one number of the input's type",
            "another",
        )),
    }
}

/// Padding before and after, for every axis of the input.
fn pads(node: &Node<'_>, axes: &[usize], rank: usize) -> Result<(Vec<i64>, Vec<i64>), NodeFault> {
    let given = match node.attributes.ints("pads")? {
        Some(pads) => pads,
        None => node.ints(1, "input pads")?,
    };
    let bounded = given.iter().all(|len| (-MAX_PAD..=MAX_PAD).contains(len));
    if !bounded || given.len() != 2 * axes.len() {
        let expected = format!("{} integers up to {MAX_PAD}", 2 * axes.len());
        return Err(operand_fault("pads", &expected, &format!("{given:?}")));
    }
    let (mut before, mut after) = (vec![0; rank], vec![0; rank]);
    for (index, &axis) in axes.iter().enumerate() {
        before[axis] = given[index];
        after[axis] = given[axes.len() + index];
    }
    Ok((before, after))
}

#[cfg(test)]
mod tests {
    use super::{Mode, border};

    #[test]
    fn borders_are_those_of_numpy() {
        let indices = |mode, before, after| -> Vec<usize> {
            let map = border(mode, 3, before, after).unwrap().unwrap();
            map.indices().collect()
        };
        assert_eq!(indices(Mode::Reflect, 2, 3), [2, 1, 0, 1, 2, 1, 0, 1]);
        assert_eq!(indices(Mode::Edge, 2, 1), [0, 0, 0, 1, 2, 2]);
        assert_eq!(indices(Mode::Wrap, 4, 1), [2, 0, 1, 2, 0, 1, 2, 0]);
        assert_eq!(indices(Mode::Wrap, -1, 2), [1, 2, 0, 1]);
        assert!(border(Mode::Edge, 3, 0, 0).unwrap().is_none());
        assert_eq!(border(Mode::Reflect, 1, 1, 0).unwrap().unwrap().count(), 2);
        assert!(border(Mode::Edge, 3, 1 << 24, 0).is_err());
    }
}
