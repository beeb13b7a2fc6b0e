//! Functions of one tensor of int16, in TFLM's arithmetic.

use super::super::failure::{Checked, operand};
use super::super::importer::Importer;
use super::super::model::Operator;
use super::super::tables::quantized_bound;
use super::options::{same_params, shaped};
use super::unary::fixed_output;
use crate::ir::ValueId;
use crate::quantize::graph::{CurveFunction, DType, QClamp, QOp, QValue, QuantParams};
use crate::quantize::quantize_multiplier;
use tiivis_runtime::blob::Scale;

/// Numbers up to 1.
pub(super) const UNIT: QuantParams = QuantParams {
    scale: 1.0 / 32_768.0,
    zero_point: 0,
};

/// The input and the result, of one shape.
fn ends<'a>(importer: &Importer<'_, 'a>, operator: &Operator<'a>) -> Checked<(ValueId, QValue)> {
    let input = importer.integers(operator, 0, "input")?;
    let result = importer.integer_result(operator, DType::I16)?;
    shaped(&result, &importer.value(input).shape)?;
    Ok((input, result))
}

/// A scale of 16-bit numbers.
fn scale(real: f64) -> Checked<Scale> {
    /// `2^15 << 15` fits int32.
    const MOST_SHIFT: i8 = 15;
    let scale = quantize_multiplier(real).ok();
    scale
        .filter(|scale| scale.shift <= MOST_SHIFT)
        .ok_or_else(|| {
            let expected = "of a scale that is not that small";
            operand("output", expected, format!("a ratio of {real}"))
        })
}

/// RELU; a float64 ratio, as TFLM makes it (`LiteRT`'s is of float32).
pub(super) fn relu<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let (input, result) = ends(importer, operator)?;
    let ratio = f64::from(importer.value(input).params.scale) / f64::from(result.params.scale);
    let scale = scale(ratio)?;
    let op = QOp::Slopes {
        positive: scale,
        negative: scale,
        negated: false,
        clamp: QClamp {
            min: 0,
            max: i16::MAX,
        },
    };
    importer.push(operator, op, vec![input], result)
}

/// RELU6: TFLM clamps and does not rescale.
pub(super) fn relu6<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let (input, result) = ends(importer, operator)?;
    same_params(importer.value(input), &result)?;
    let scale = scale(1.0)?;
    let six = i16::try_from(quantized_bound(6.0, result.params)).unwrap_or(i16::MAX);
    let op = QOp::Slopes {
        positive: scale,
        negative: scale,
        negated: false,
        clamp: QClamp { min: 0, max: six },
    };
    importer.push(operator, op, vec![input], result)
}

/// `LEAKY_RELU`; float32 products, as TFLM makes them.
pub(super) fn leaky_relu<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    alpha: f32,
) -> Checked {
    let (input, result) = ends(importer, operator)?;
    let (from, to) = (importer.value(input).params.scale, result.params.scale);
    let slope = from * alpha / to;
    let op = QOp::Slopes {
        positive: scale((from / to).into())?,
        negative: scale(slope.abs().into())?,
        // The product with a negative multiplier is that of the negated number.
        negated: slope < 0.0,
        clamp: QClamp::open(DType::I16),
    };
    importer.push(operator, op, vec![input], result)
}

/// ABS.
pub(super) fn abs<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let (input, result) = ends(importer, operator)?;
    let ratio = importer.value(input).params.scale / result.params.scale;
    let scale = scale(ratio.into())?;
    let op = QOp::Slopes {
        positive: scale,
        negative: scale,
        negated: true,
        clamp: QClamp::open(DType::I16),
    };
    importer.push(operator, op, vec![input], result)
}

/// LOGISTIC and TANH (TFLM's `kernels/logistic_common.cc`, `tanh.cc`): what brings the input to
/// units of 1/12288 has 16 bits, cut off, but for those scales that are powers of two.
pub(super) fn curve<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    function: CurveFunction,
) -> Checked {
    fixed_output(importer, operator, UNIT)?;
    let (input, result) = ends(importer, operator)?;
    let scale = importer.value(input).params.scale;
    let powers: &[f32] = match function {
        CurveFunction::Logistic => &[1.0 / 4096.0],
        CurveFunction::Tanh => &[1.0 / 4096.0, 1.0 / 2048.0],
    };
    let (multiplier, shift) = match powers.iter().position(|&power| power == scale) {
        Some(left_shift) => (3 << left_shift, 0),
        None => curve_multiplier(scale)?,
    };
    let op = QOp::Curve {
        function,
        multiplier,
        shift,
    };
    importer.push(operator, op, vec![input], result)
}

/// A multiplier of 15 bits, rounded down, and how far its products are shifted right.
#[expect(clippy::as_conversions, reason = "rounded down, below 2^16")]
fn curve_multiplier(scale: f32) -> Checked<(i32, u32)> {
    const MOST_SHIFT: u32 = 31;
    let mut multiplier = f64::from(scale) * 4096.0 * 3.0;
    // The products of 16-bit numbers with it fit int32.
    if multiplier >= 65536.0 {
        return Err(operand("input", "of a scale below 5", scale.to_string()));
    }
    let mut shift = 0;
    while multiplier <= 32767.0 / 2.0 && shift < MOST_SHIFT {
        shift += 1;
        multiplier *= 2.0;
    }
    Ok((multiplier as i32, shift))
}
