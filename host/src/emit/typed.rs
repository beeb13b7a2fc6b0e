//! Operators on elements of any type, as they are, and between types.

use super::EmitError;
use super::elementwise;
use super::steps::{Emitter, Ends, foreign};
use crate::lower::{four, gathered};
use crate::quantize::graph::QNode;
use tiivis_runtime::blob::{Arithmetic, Choose, Convert, Function, Gather, Op, Plain, Rescale};

/// Most bits that a change of scale shifts left: what the multiplier allows.
const MOST_SHIFT: i8 = 30;

/// The operand of this index, as it is.
fn plain(emitter: &mut Emitter<'_>, node: &QNode, index: usize) -> Result<Plain, EmitError> {
    let id = node.inputs[index];
    Ok(Plain {
        source: emitter.source(id)?,
        shape: four(node, &emitter.graph.value(id).shape)?,
    })
}

/// A function of two int16 or int32, clamped.
pub(super) fn arithmetic(
    emitter: &mut Emitter<'_>,
    node: &QNode,
    function: Function,
    [min, max]: [i32; 2],
) -> Result<Op, EmitError> {
    Ok(Op::Arithmetic(Arithmetic {
        a: plain(emitter, node, 0)?,
        b: plain(emitter, node, 1)?,
        output: emitter.activation(node.output)?,
        shape: four(node, &emitter.graph.value(node.output).shape)?,
        dtype: emitter.graph.value(node.inputs[0]).dtype,
        function,
        min,
        max,
    }))
}

pub(super) fn choose(emitter: &mut Emitter<'_>, node: &QNode) -> Result<Op, EmitError> {
    let condition = emitter.graph.value(node.inputs[0]);
    let zero_point = i8::try_from(condition.params.zero_point);
    Ok(Op::Choose(Choose {
        condition: plain(emitter, node, 0)?,
        condition_zero_point: zero_point
            .map_err(|_| foreign(format!("an int8 zero point of `{}`", condition.name)))?,
        a: plain(emitter, node, 1)?,
        b: plain(emitter, node, 2)?,
        output: emitter.activation(node.output)?,
        shape: four(node, &emitter.graph.value(node.output).shape)?,
        dtype: emitter.graph.value(node.output).dtype,
    }))
}

/// The numbers as they are in another type.
pub(super) fn cast(ends: &Ends<'_>) -> Op {
    convert(ends, None)
}

/// The numbers at another scale, in another type. TFLM's QUANTIZE (`kernels/quantize_common.cc`).
pub(super) fn requantize(ends: &Ends<'_>) -> Result<Op, EmitError> {
    let (from, to) = (ends.from.params, ends.to.params);
    let real = f64::from(from.scale) / f64::from(to.scale);
    let what = "the input's scale over the output's";
    let rescale = Rescale {
        input_zero_point: from.zero_point,
        output_zero_point: to.zero_point,
        scale: elementwise::scale(ends.node, what, real, MOST_SHIFT)?,
    };
    Ok(convert(ends, Some(rescale)))
}

fn convert(ends: &Ends<'_>, rescale: Option<Rescale>) -> Op {
    Op::Convert(Convert {
        input: ends.input,
        output: ends.output,
        from: ends.from.dtype,
        to: ends.to.dtype,
        rescale,
    })
}

pub(super) fn gather(emitter: &mut Emitter<'_>, node: &QNode) -> Result<Op, EmitError> {
    let graph = emitter.graph;
    let [table, indices] = [0, 1].map(|operand| node.inputs[operand]);
    let operands = [graph.value(table), graph.value(indices)];
    let extents = gathered(node, operands, graph.value(node.output))?;
    Ok(Op::Gather(Gather {
        table: emitter.source(table)?,
        indices: emitter.source(indices)?,
        output: emitter.activation(node.output)?,
        batches: extents.batches,
        outer: extents.outer,
        extents: extents.extents,
        components: extents.components,
        positions: extents.positions,
        run_bytes: extents.run_bytes,
    }))
}
