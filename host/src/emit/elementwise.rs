//! Fixed-point parameters where tensors of different scales meet.

use super::EmitError;
use super::steps::Emitter;
use crate::lower::four;
use crate::quantize::graph::{QClamp, QNode, QuantParams};
use crate::quantize::quantize_multiplier;
use tiivis_runtime::blob::{AddSub, Mul, Operand, Rescale, Scale};

/// Extra bits of the sum of two int8 tensors (TensorFlow Lite's ADD and SUB, `kernels/add.cc`: 20 leaves
/// `255 << 20` below 2^28).
const LEFT_SHIFT: u32 = 20;

/// Most by which a difference of int8 values can be shifted left in int32: `255 << 23`.
const MOST_SHIFT: i8 = 23;
/// Most by which a product of two such can be shifted left in int32: `255² << 15`.
const MOST_PRODUCT_SHIFT: i8 = 15;

/// A real scale as multiplier and shift, of which the shift may not exceed `most_shift`.
pub(super) fn scale(
    node: &QNode,
    what: &'static str,
    real: f64,
    most_shift: i8,
) -> Result<Scale, EmitError> {
    let scale = quantize_multiplier(real).ok();
    scale
        .filter(|scale| scale.shift <= most_shift)
        .ok_or_else(|| EmitError::Scale {
            node: node.name.clone(),
            what,
            found: real,
        })
}

/// Input scale over output scale, both taken to f64 first (TFLM's QUANTIZE).
pub(super) fn rescale(
    node: &QNode,
    from: QuantParams,
    to: QuantParams,
) -> Result<Rescale, EmitError> {
    let real = f64::from(from.scale) / f64::from(to.scale);
    Ok(Rescale {
        input_zero_point: from.zero_point,
        output_zero_point: to.zero_point,
        scale: scale(
            node,
            "the input's scale over the output's",
            real,
            MOST_SHIFT,
        )?,
    })
}

/// TFLM's ADD and SUB (`kernels/add_common.cc`): with `t` twice the larger input scale, the
/// operands are scaled by `s / t`, the sum by `t / (2^20 · output scale)`.
pub(super) fn add_sub(
    emitter: &mut Emitter<'_>,
    node: &QNode,
    clamp: QClamp,
) -> Result<AddSub, EmitError> {
    let graph = emitter.graph;
    let scales = [node.inputs[0], node.inputs[1], node.output]
        .map(|id| f64::from(graph.value(id).params.scale));
    let [a_scale, b_scale, output_scale] = scales;
    let twice = 2.0 * a_scale.max(b_scale);
    let sum = twice / (f64::from(1u32 << LEFT_SHIFT) * output_scale);
    let [a, b] = operands(emitter, node)?;
    Ok(AddSub {
        a,
        b,
        output: emitter.activation(node.output)?,
        shape: four(node, &graph.value(node.output).shape)?,
        left_shift: LEFT_SHIFT,
        a_scale: scale(node, "the first operand's scale", a_scale / twice, 0)?,
        b_scale: scale(node, "the second operand's scale", b_scale / twice, 0)?,
        output_scale: scale(
            node,
            "the inputs' scale over the output's, by 2^-19",
            sum,
            0,
        )?,
        output_zero_point: graph.value(node.output).params.zero_point,
        min: clamp.min,
        max: clamp.max,
    })
}

/// TFLM's MUL (`kernels/mul_common.cc`): the product is scaled by `s_a · s_b / s_output`.
pub(super) fn mul(
    emitter: &mut Emitter<'_>,
    node: &QNode,
    clamp: QClamp,
) -> Result<Mul, EmitError> {
    let graph = emitter.graph;
    let scales = [node.inputs[0], node.inputs[1], node.output]
        .map(|id| f64::from(graph.value(id).params.scale));
    let real = scales[0] * scales[1] / scales[2];
    let [a, b] = operands(emitter, node)?;
    Ok(Mul {
        a,
        b,
        output: emitter.activation(node.output)?,
        shape: four(node, &graph.value(node.output).shape)?,
        output_scale: scale(
            node,
            "the inputs' scales over the output's",
            real,
            MOST_PRODUCT_SHIFT,
        )?,
        output_zero_point: graph.value(node.output).params.zero_point,
        min: clamp.min,
        max: clamp.max,
    })
}

fn operands(emitter: &mut Emitter<'_>, node: &QNode) -> Result<[Operand; 2], EmitError> {
    let mut operand = |index: usize| -> Result<Operand, EmitError> {
        let id = node.inputs[index];
        let value = emitter.graph.value(id);
        Ok(Operand {
            source: emitter.source(id)?,
            shape: four(node, &value.shape)?,
            zero_point: value.params.zero_point,
        })
    };
    Ok([operand(0)?, operand(1)?])
}
