//! Functions of one tensor.

use super::super::failure::{Checked, operand, option};
use super::super::importer::{INT, Importer};
use super::super::model::Operator;
use super::super::tables::{self, LutTable, Unfit};
use super::int16;
use super::integer;
use super::options::{kind, options, same_params, shaped};
use crate::quantize::graph::{CurveFunction, DType, QOp, QuantParams};

/// Appends the node of a table that the two scales and zero points decide.
fn lut<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    table: impl FnOnce(QuantParams, QuantParams) -> Result<LutTable, Unfit>,
) -> Checked {
    let input = importer.activation(operator, 0, "input")?;
    let result = importer.result(operator)?;
    let source = importer.value(input);
    shaped(&result, &source.shape)?;
    let (from, to) = (source.params, result.params);
    let table = table(from, to).map_err(|expected| {
        operand(
            "input and output",
            expected,
            format!("scales {} and {}", from.scale, to.scale),
        )
    })?;
    importer.push(operator, QOp::Lut { table }, vec![input], result)
}

/// The output's scale and zero point that an operator always has.
pub(super) fn fixed_output<'a>(
    importer: &Importer<'_, 'a>,
    operator: &Operator<'a>,
    expected: QuantParams,
) -> Checked {
    let found = importer.result_of(operator, &INT)?.params;
    if found == expected {
        return Ok(());
    }
    let shown =
        |params: QuantParams| format!("scale {}, zero point {}", params.scale, params.zero_point);
    Err(operand("output", shown(expected), shown(found)))
}

const UNIT: QuantParams = QuantParams {
    scale: 1.0 / 256.0,
    zero_point: -128,
};

pub(super) fn logistic<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    if importer.reads(operator, DType::I16) {
        return int16::curve(importer, operator, CurveFunction::Logistic);
    }
    fixed_output(importer, operator, UNIT)?;
    if importer.tensor(operator, 0, "input")?.1.is_unsigned() {
        return lut(importer, operator, |input, output| {
            Ok(tables::unsigned_logistic(input, output))
        });
    }
    lut(importer, operator, |input, _| tables::logistic_table(input))
}

pub(super) fn tanh<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    if importer.reads(operator, DType::I16) {
        return int16::curve(importer, operator, CurveFunction::Tanh);
    }
    let expected = QuantParams {
        scale: 1.0 / 128.0,
        zero_point: 0,
    };
    fixed_output(importer, operator, expected)?;
    if importer.tensor(operator, 0, "input")?.1.is_unsigned() {
        return lut(importer, operator, |input, output| {
            Ok(tables::unsigned_tanh(input, output))
        });
    }
    lut(importer, operator, |input, _| tables::tanh_table(input))
}

pub(super) fn relu<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    if importer.reads(operator, DType::I16) {
        return int16::relu(importer, operator);
    }
    lut(importer, operator, tables::relu)
}

pub(super) fn relu6<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    if importer.reads(operator, DType::I16) {
        return int16::relu6(importer, operator);
    }
    let input = importer.activation(operator, 0, "input")?;
    same_params(importer.value(input), &importer.result(operator)?)?;
    lut(importer, operator, |input, _| Ok(tables::relu6(input)))
}

pub(super) fn leaky_relu<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = options(operator, kind::LEAKY_RELU)?;
    let alpha = options.map_or(Ok(0.0), |table| table.f32(0))?;
    if importer.reads(operator, DType::I16) {
        return int16::leaky_relu(importer, operator, alpha);
    }
    lut(importer, operator, |input, output| {
        tables::leaky_relu(alpha, input, output)
    })
}

pub(super) fn elu<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    lut(importer, operator, |input, output| {
        Ok(tables::elu(input, output))
    })
}

pub(super) fn hard_swish<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    lut(importer, operator, tables::hard_swish)
}

pub(super) fn abs<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    if importer.reads(operator, DType::I16) {
        return int16::abs(importer, operator);
    }
    if importer.reads(operator, DType::I32) {
        return integer::negated(importer, operator, kind::ABS, true);
    }
    lut(importer, operator, tables::abs)
}

/// NEG: `LiteRT` negates the numbers as they are, -128 staying itself.
pub(super) fn neg<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    if importer.reads(operator, DType::I32) {
        return integer::negated(importer, operator, kind::NEG, false);
    }
    lut(importer, operator, |_, _| {
        Ok((i8::MIN..=i8::MAX).map(i8::wrapping_neg).collect())
    })
}

pub(super) fn exp<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    lut(importer, operator, |input, output| {
        Ok(tables::exp(input, output))
    })
}

pub(super) fn log<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    lut(importer, operator, |input, output| {
        Ok(tables::log(input, output))
    })
}

pub(super) fn sqrt<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    lut(importer, operator, |input, output| {
        Ok(tables::sqrt(input, output))
    })
}

pub(super) fn rsqrt<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    lut(importer, operator, tables::rsqrt)
}

pub(super) fn gelu<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let is_approximate = is_approximate(operator)?;
    lut(importer, operator, |input, output| {
        Ok(tables::gelu(is_approximate, input, output))
    })
}

/// Whether a GELU is the one by the hyperbolic tangent.
pub(super) fn is_approximate(operator: &Operator<'_>) -> Checked<bool> {
    let options = options(operator, kind::GELU)?;
    Ok(options.map_or(Ok(0), |table| table.i8(0))? != 0)
}

/// `RELU_0_TO_1` and `RELU_N1_TO_1`.
pub(super) fn relu_between<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    low: f32,
) -> Checked {
    lut(importer, operator, |input, output| {
        tables::relu_between([low, 1.0], input, output)
    })
}

/// SOFTMAX over the last axis.
pub(super) fn softmax<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = options(operator, kind::SOFTMAX)?;
    let beta = options.map_or(Ok(0.0), |table| table.f32(0))?;
    let input = importer.integers(operator, 0, "input")?;
    let result = importer.integer_result(operator, importer.value(input).dtype)?;
    let unit = match result.dtype {
        DType::I16 => int16::UNIT,
        DType::I8 | DType::I32 | DType::Bool => UNIT,
    };
    fixed_output(importer, operator, unit)?;
    let source = importer.value(input);
    shaped(&result, &source.shape)?;
    let scale = f64::from(source.params.scale) * f64::from(beta);
    if !(scale.is_finite() && scale > 0.0) {
        return Err(option("beta", beta.to_string(), "positive and finite"));
    }
    importer.push(operator, QOp::Softmax { beta }, vec![input], result)
}
