//! One scale and zero point per value, shared where an operator demands it.

use super::error::QuantizeError;
use super::graph::QuantParams;
use super::groups::Groups;
use super::range::{Range, Ranges};
use super::reduction::is_mean;
use super::uses::Uses;
use crate::ir::{Activation, Clamp, Graph, Node, Op, Reduction, Unary, ValueId};
use crate::passes::fused_clamp;

/// Scale and zero point of every activation and every constant operand, by value index; `None` for
/// weights and for values that no node names.
///
/// Pools (but means over a whole map), extremes over axes, interpolations, reshapes, transposes,
/// takes and pads share their input's: all values that are so connected form a group. An input of a
/// concatenation, an extreme or a choice joins the output's group if nothing else depends on it, so
/// that it need not be rescaled.
pub(super) fn assign(
    graph: &Graph,
    ranges: &Ranges,
) -> Result<Vec<Option<QuantParams>>, QuantizeError> {
    let uses = Uses::of(graph);
    let mut groups = Groups::new(graph.value_count());
    for node in &graph.nodes {
        if keeps_scale(graph, node) {
            groups.unite(node.inputs[0], node.output);
        }
    }
    unite_alike(graph, &uses, &mut groups);
    for node in &graph.nodes {
        for &input in handed_on(node) {
            if may_join(graph, &uses, &groups, input, node) {
                groups.unite(input, node.output);
            }
        }
    }

    let count = graph.value_count();
    let mut fixed: Vec<Option<QuantParams>> = vec![None; count];
    let mut range: Vec<Option<Range>> = vec![None; count];
    for node in &graph.nodes {
        if let Some(params) = fixed_output(&node.op) {
            fixed[groups.root(node.output)] = Some(params);
        }
    }
    for id in uses.operands(graph) {
        let root = groups.root(id);
        if fixed[root].is_none() && !passes_through(graph, &uses, &groups, id) {
            let own = value_range(graph, ranges, &uses, id)?;
            range[root] = Some(range[root].map_or(own, |range| range.union(own)));
        }
    }
    for node in &graph.nodes {
        if let (Op::Pad(pad), Some(params)) = (&node.op, fixed[groups.root(node.output)]) {
            check_border(node, pad.value, params)?;
        }
    }
    let mut params = vec![None; count];
    for id in uses.operands(graph) {
        let root = groups.root(id);
        params[id.index()] = fixed[root].or_else(|| range[root].map(QuantParams::from_range));
    }
    Ok(params)
}

/// Makes one group of activations that mean the same at different steps, but for those whose scale
/// is prescribed, and inputs, whose scale says something to the outside.
fn unite_alike(graph: &Graph, uses: &Uses, groups: &mut Groups) {
    for set in &graph.alike {
        let mut free = set.iter().copied().filter(|&id| {
            let producer = uses.producer(id).map(|index| &graph.nodes[index].op);
            producer.is_some_and(|op| fixed_output(op).is_none())
        });
        if let Some(first) = free.next() {
            for other in free {
                groups.unite(first, other);
            }
        }
    }
}

/// A border of a value whose scale is prescribed must lie within what that represents.
fn check_border(node: &Node, value: f32, params: QuantParams) -> Result<(), QuantizeError> {
    let represented = params.dequantize(params.quantize(f64::from(value)));
    if (represented - f64::from(value)).abs() <= f64::from(params.scale) {
        return Ok(());
    }
    Err(QuantizeError::Border {
        node: node.name.clone(),
        value,
    })
}

/// The inputs of an operator that hands on values of several: all must have the output's scale, or
/// are brought to it.
pub(super) fn handed_on(node: &Node) -> &[ValueId] {
    if matches!(node.op, Op::Select) {
        return &node.inputs[1..];
    }
    let is_extreme = matches!(node.op, Op::Binary(function) if function.is_choice());
    if is_extreme || matches!(node.op, Op::Concat { .. }) {
        return &node.inputs;
    }
    &[]
}

/// Whether the output has the scale and zero point of the first input.
pub(super) fn keeps_scale(graph: &Graph, node: &Node) -> bool {
    match &node.op {
        Op::MaxPool2d(_)
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Take { .. }
        | Op::Pad(_)
        | Op::ResizeBilinear(_) => true,
        Op::AvgPool2d(pool) => !is_mean(pool, graph.shape(node.inputs[0])),
        Op::Reduce(reduce) => match reduce.reduction {
            Reduction::Max | Reduction::Min => true,
            Reduction::Mean | Reduction::Sum => false,
        },
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MatMul { .. }
        | Op::Dense { .. }
        | Op::BatchNorm { .. }
        | Op::Activation(_)
        | Op::Add { .. }
        | Op::Sub { .. }
        | Op::Mul { .. }
        | Op::Binary(_)
        | Op::Select
        | Op::Fused(_)
        | Op::Concat { .. }
        | Op::Softmax
        | Op::ArgExtreme { .. }
        | Op::L2Normalize
        | Op::LogSoftmax
        | Op::Identity => false,
    }
}

/// The output's scale and zero point where the TFLite specification prescribes them.
pub(super) fn fixed_output(op: &Op) -> Option<QuantParams> {
    let (scale, zero_point) = match op {
        Op::Softmax | Op::Activation(Activation::Sigmoid) => (1.0 / 256.0, -128),
        // Truths are 0 and 1.
        Op::Binary(function) if function.is_comparison() => (1.0, 0),
        Op::Activation(Activation::Unary(Unary::Not)) => (1.0, 0),
        // An index stands for itself.
        Op::ArgExtreme { .. } => (1.0, 0),
        Op::Activation(Activation::Tanh) | Op::L2Normalize => (1.0 / 128.0, 0),
        Op::LogSoftmax => (1.0 / 16.0, 127),
        Op::Activation(
            Activation::Clamp(_)
            | Activation::LeakyRelu { .. }
            | Activation::Elu { .. }
            | Activation::HardSigmoid { .. }
            | Activation::HardSwish
            | Activation::Unary(_)
            | Activation::Parametric { .. },
        )
        | Op::Binary(_)
        | Op::Select
        | Op::Fused(_)
        | Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MatMul { .. }
        | Op::Dense { .. }
        | Op::BatchNorm { .. }
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Add { .. }
        | Op::Sub { .. }
        | Op::Mul { .. }
        | Op::Concat { .. }
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Take { .. }
        | Op::Pad(_)
        | Op::Reduce(_)
        | Op::ResizeBilinear(_)
        | Op::Identity => return None,
    };
    Some(QuantParams { scale, zero_point })
}

/// Whether every value in the group of a concatenation's input is free to take another scale
/// without loss: computed by a layer that rescales anyway (or constant), and seen by nothing but
/// the group and the concatenation.
fn may_join(graph: &Graph, uses: &Uses, groups: &Groups, input: ValueId, concat: &Node) -> bool {
    let root = groups.root(input);
    if root == groups.root(concat.output) {
        return true;
    }
    uses.operands(graph)
        .filter(|&id| groups.root(id) == root)
        .all(|id| {
            let readers = uses.readers(id).iter().all(|&reader| {
                let reader = &graph.nodes[reader];
                reader.output == concat.output || groups.root(reader.output) == root
            });
            let producer = uses.producer(id).map(|index| &graph.nodes[index]);
            let is_input = producer.is_none() && graph.constant(id).is_none();
            let bound = producer.is_some_and(|node| {
                // What is averaged needs its own range, which may be far wider than the mean's.
                let averaged = matches!(node.op, Op::AvgPool2d(_)) && keeps_scale(graph, node);
                fixed_output(&node.op).is_some() || averaged
            });
            readers && !is_input && !bound && !graph.is_output(id)
        })
}

/// Whether a value's own range does not matter, because its only reader picks from or copies it
/// into a value of the same group: what that value's range clips may as well be clipped before.
fn passes_through(graph: &Graph, uses: &Uses, groups: &Groups, id: ValueId) -> bool {
    let [reader] = uses.readers(id) else {
        return false;
    };
    let reader = &graph.nodes[*reader];
    let copies = match &reader.op {
        Op::Reduce(reduce) => match reduce.reduction {
            Reduction::Max | Reduction::Min => true,
            Reduction::Mean | Reduction::Sum => false,
        },
        Op::MaxPool2d(_)
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Take { .. }
        | Op::Pad(_)
        | Op::Concat { .. }
        | Op::Select => true,
        // What a value is clipped to, the larger or smaller of it and another is clipped to as well.
        Op::Binary(function) if function.is_choice() => true,
        // The mean of clipped values is not the clipped mean.
        Op::AvgPool2d(_) | Op::ResizeBilinear(_) => false,
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MatMul { .. }
        | Op::Dense { .. }
        | Op::BatchNorm { .. }
        | Op::Activation(_)
        | Op::Add { .. }
        | Op::Sub { .. }
        | Op::Mul { .. }
        | Op::Binary(_)
        | Op::Fused(_)
        | Op::Softmax
        | Op::ArgExtreme { .. }
        | Op::L2Normalize
        | Op::LogSoftmax
        | Op::Identity => false,
    };
    copies && !graph.is_output(id) && groups.root(reader.output) == groups.root(id)
}

/// What a value takes: a constant's own range, or the calibrated one within what the fused clamp
/// of its producer lets through.
fn value_range(
    graph: &Graph,
    ranges: &Ranges,
    uses: &Uses,
    id: ValueId,
) -> Result<Range, QuantizeError> {
    let value = graph.value(id);
    if let Some(data) = &value.constant {
        return Range::of(data).ok_or_else(|| QuantizeError::NonFinite {
            value: value.name.clone(),
        });
    }
    let range = ranges.get(id).ok_or_else(|| QuantizeError::MissingRange {
        value: value.name.clone(),
    })?;
    let Some(producer) = uses.producer(id) else {
        return Ok(range);
    };
    let op = &graph.nodes[producer].op;
    if let Op::Pad(pad) = op {
        // A border may not be clipped, however rare it is among the values.
        let border = Range::new(pad.value, pad.value);
        return border
            .map(|border| range.union(border))
            .ok_or_else(|| QuantizeError::NonFinite {
                value: value.name.clone(),
            });
    }
    Ok(clamp(op).map_or(range, |clamp| range.clamped(clamp)))
}

/// The clamp that an operator's result went through.
pub(super) fn clamp(op: &Op) -> Option<Clamp> {
    match op {
        Op::Activation(Activation::Clamp(clamp)) => Some(*clamp),
        op => fused_clamp(op),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::oracle::Builder;
    use crate::quantize::oracle::observed;

    #[test]
    fn steps_of_a_layer_have_one_scale_but_not_inputs_and_prescribed_ones() {
        let mut b = Builder::new(1);
        let x = b.input(&[1, 4]);
        let first = b.dense(x, 4, None);
        let second = b.dense(first, 4, None);
        let gate = b.node(Op::Activation(Activation::Sigmoid), &[second]);
        b.output(gate);
        let samples = b.samples(8);
        let ranges = observed(&b.graph, &samples);
        let apart = assign(&b.graph, &ranges).unwrap();
        assert_ne!(apart[first.index()], apart[second.index()]);
        b.graph.alike = vec![vec![x, first, second, gate]];
        let alike = assign(&b.graph, &ranges).unwrap();
        assert_eq!(alike[first.index()], alike[second.index()]);
        let both = [first, second].map(|id| ranges.get(id).unwrap());
        let params = QuantParams::from_range(both[0].union(both[1]));
        assert_eq!(alike[first.index()], Some(params));
        for kept in [x, gate] {
            assert_eq!(alike[kept.index()], apart[kept.index()]);
        }
    }
}
