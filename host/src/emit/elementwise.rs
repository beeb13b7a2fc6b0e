//! Fixed-point parameters where tensors of different scales meet.

use super::EmitError;
use super::steps::Emitter;
use crate::lower::four;
use crate::quantize::graph::{DType, QClamp, QNode, QValue};
use crate::quantize::{left_shift, quantize_multiplier, square_left_shift};
use tiivis_runtime::blob::{AddSub, Mul, Operand, Prelu, Rescale, Scale};

/// Most by which values less their zero point can be shifted left in int32: `255 << 23`; with zero
/// points `65535 << 14`.
const fn most_shift(dtype: DType) -> i8 {
    match dtype {
        DType::I8 | DType::Bool => 23,
        DType::I16 => 14,
        DType::I32 => 0,
    }
}

/// Most by which a product of two such can be shifted left in int32: `255² << 15`; of int16, which
/// have no zero points, `2^30 << 0`.
const fn most_product_shift(dtype: DType) -> i8 {
    match dtype {
        DType::I8 | DType::Bool => 15,
        DType::I16 | DType::I32 => 0,
    }
}

/// Most by which the square of a difference can be shifted left in int32.
const fn most_square_shift(dtype: DType) -> i8 {
    match dtype {
        DType::I8 | DType::Bool => 1,
        DType::I16 | DType::I32 => 0,
    }
}

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
pub(super) fn rescale(node: &QNode, from: &QValue, to: &QValue) -> Result<Rescale, EmitError> {
    let dtype = from.dtype;
    let (from, to) = (from.params, to.params);
    let real = f64::from(from.scale) / f64::from(to.scale);
    Ok(Rescale {
        input_zero_point: from.zero_point,
        output_zero_point: to.zero_point,
        scale: scale(
            node,
            "the input's scale over the output's",
            real,
            most_shift(dtype),
        )?,
    })
}

/// TFLM's ADD and SUB (`kernels/add_common.cc`): with `t` twice the larger input scale, the
/// operands are scaled by `s / t`, the sum by `t / (2^20 · output scale)`, of int16 by `2^15`.
pub(super) fn add_sub(
    emitter: &mut Emitter<'_>,
    node: &QNode,
    clamp: QClamp,
) -> Result<AddSub, EmitError> {
    let graph = emitter.graph;
    let [a_scale, b_scale, output_scale] = scales(emitter, node);
    let twice = 2.0 * a_scale.max(b_scale);
    let left_shift = left_shift(graph.value(node.output).dtype);
    let sum = twice / (f64::from(1u32 << left_shift) * output_scale);
    let [a, b] = operands(emitter, node)?;
    Ok(AddSub {
        a,
        b,
        output: emitter.activation(node.output)?,
        shape: four(node, &graph.value(node.output).shape)?,
        left_shift,
        a_scale: scale(node, "the first operand's scale", a_scale / twice, 0)?,
        b_scale: scale(node, "the second operand's scale", b_scale / twice, 0)?,
        output_scale: scale(
            node,
            "the inputs' scale over the output's, by the extra bits",
            sum,
            0,
        )?,
        output_zero_point: graph.value(node.output).params.zero_point,
        min: clamp.min,
        max: clamp.max,
    })
}

/// TFLM's `SQUARED_DIFFERENCE` (`kernels/squared_difference.cc`): with `t` twice the larger input
/// scale, the operands are scaled by `s / t`, the square by `t² / (2^14 · output scale)`.
pub(super) fn squared_difference(
    emitter: &mut Emitter<'_>,
    node: &QNode,
    clamp: QClamp,
) -> Result<AddSub, EmitError> {
    let [a_scale, b_scale, output_scale] = scales(emitter, node);
    let twice = 2.0 * a_scale.max(b_scale);
    let [a, b] = operands(emitter, node)?;
    let output = emitter.graph.value(node.output);
    let left_shift = square_left_shift(output.dtype);
    let square = twice * twice / (f64::from(1u32 << (2 * left_shift)) * output_scale);
    Ok(AddSub {
        a,
        b,
        output: emitter.activation(node.output)?,
        shape: four(node, &output.shape)?,
        left_shift,
        a_scale: scale(node, "the first operand's scale", a_scale / twice, 0)?,
        b_scale: scale(node, "the second operand's scale", b_scale / twice, 0)?,
        output_scale: scale(
            node,
            "the inputs' scale, squared, over the output's, by the extra bits",
            square,
            most_square_shift(output.dtype),
        )?,
        output_zero_point: output.params.zero_point,
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
    let [a, b, output] = scales(emitter, node);
    let what = "the inputs' scales over the output's";
    let most = most_product_shift(emitter.graph.value(node.output).dtype);
    let scale = scale(node, what, a * b / output, most)?;
    scaled(emitter, node, clamp, scale)
}

/// TFLM's DIV (`kernels/div.cc`): the quotient is scaled by `s_a / (s_b · s_output)`.
pub(super) fn div(
    emitter: &mut Emitter<'_>,
    node: &QNode,
    clamp: QClamp,
) -> Result<Mul, EmitError> {
    let [a, b, output] = scales(emitter, node);
    let what = "the first input's scale over the second's and the output's";
    let scale = scale(node, what, a / (b * output), most_shift(DType::I8))?;
    scaled(emitter, node, clamp, scale)
}

fn scaled(
    emitter: &mut Emitter<'_>,
    node: &QNode,
    clamp: QClamp,
    output_scale: Scale,
) -> Result<Mul, EmitError> {
    let [a, b] = operands(emitter, node)?;
    let output = emitter.graph.value(node.output);
    Ok(Mul {
        a,
        b,
        output: emitter.activation(node.output)?,
        shape: four(node, &output.shape)?,
        output_scale,
        output_zero_point: output.params.zero_point,
        min: clamp.min,
        max: clamp.max,
    })
}

/// TFLM's PRELU (`kernels/prelu_common.cc`): what is not below 0 is scaled by `s_x / s_output`, the
/// products by `s_x · s_slope / s_output`.
pub(super) fn prelu(emitter: &mut Emitter<'_>, node: &QNode) -> Result<Prelu, EmitError> {
    let [x, slope_scale, result] = scales(emitter, node);
    let [input, slope] = operands(emitter, node)?;
    let output = emitter.graph.value(node.output);
    let products = "the inputs' scales over the output's";
    Ok(Prelu {
        input,
        slope,
        output: emitter.activation(node.output)?,
        shape: four(node, &output.shape)?,
        positive: scale(
            node,
            "the input's scale over the output's",
            x / result,
            most_shift(DType::I8),
        )?,
        negative: scale(
            node,
            products,
            x * slope_scale / result,
            most_product_shift(DType::I8),
        )?,
        output_zero_point: output.params.zero_point,
    })
}

/// The scales of two operands and of the result.
fn scales(emitter: &Emitter<'_>, node: &QNode) -> [f64; 3] {
    [node.inputs[0], node.inputs[1], node.output]
        .map(|id| f64::from(emitter.graph.value(id).params.scale))
}

fn operands(emitter: &mut Emitter<'_>, node: &QNode) -> Result<[Operand; 2], EmitError> {
    Ok([operand(emitter, node, 0)?, operand(emitter, node, 1)?])
}

/// An operand that is broadcast.
pub(super) fn operand(
    emitter: &mut Emitter<'_>,
    node: &QNode,
    index: usize,
) -> Result<Operand, EmitError> {
    let id = node.inputs[index];
    let value = emitter.graph.value(id);
    Ok(Operand {
        source: emitter.source(id)?,
        shape: four(node, &value.shape)?,
        zero_point: value.params.zero_point,
    })
}
