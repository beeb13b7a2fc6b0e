//! Long short-term memory over a sequence.

use super::super::failure::{Checked, operand, option};
use super::super::importer::{INT, Importer, elements};
use super::super::model::{Operator, Tensor};
use super::super::schema::Type;
use super::memory::variable;
use super::options::{kind, required, same_params, shaped};
use super::svdf::scale;
use super::weighted::bias_numbers;
use crate::quantize::graph::{DType, LstmLayer, QOp, QuantParams};
use crate::quantize::quantize_multiplier;
use std::sync::Arc;
use tiivis_runtime::blob::Scale;
use tiivis_runtime::kernels::{GATES, LSTM_SCALES, MAX_WIDE_SHIFT};

/// Places of the operands: four of each, in the order input, forget, cell, output.
const INPUT_WEIGHTS: usize = 1;
const RECURRENT_WEIGHTS: usize = 5;
const BIASES: usize = 12;
const HIDDEN: usize = 18;
const CELL: usize = 19;

/// Names of the gates.
const NAMES: [&str; GATES] = ["input", "forget", "cell", "output"];

/// The fused activation TANH.
const TANH: i8 = 4;

/// Scale of what a gate sums up, Q3.12.
const GATE_SCALE: f32 = 1.0 / 4096.0;

/// Scale of what a gate lets through, Q0.15.
const NONLINEAR_SCALE: f64 = 1.0 / 32768.0;

/// `UNIDIRECTIONAL_SEQUENCE_LSTM` of int8 or int16 with an int16 cell, as TFLM's
/// `unidirectional_sequence_lstm.cc`: it has no peepholes, no projection and no layer norm, and does
/// not look at the projection's clip.
pub(super) fn lstm<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = required(operator, kind::UNIDIRECTIONAL_SEQUENCE_LSTM)?;
    let activation = options.i8(0)?;
    if activation != TANH {
        return Err(option(
            "fused_activation_function",
            activation.to_string(),
            "TANH (4); TFLM leaves the cell gate without any other",
        ));
    }
    let clip = options.f32(1)?;
    let is_time_major = options.bool(3)?;
    check_absent(importer, operator)?;
    let input = importer.activation_of(operator, 0, "input", &INT)?;
    let from = importer.value(input).clone();
    let result = importer.result_of(operator, &[from.dtype])?;
    let &[first, second, features] = from.shape.as_slice() else {
        let found = format!("shape {:?}", from.shape);
        return Err(operand("input", "of three axes", found));
    };
    let units = result.shape.last().copied().unwrap_or(0);
    shaped(&result, &[first, second, units])?;
    let batch = if is_time_major { second } else { first };
    let numbers = batch.saturating_mul(units);
    let own = [from.dtype];
    let hidden = variable(importer, operator, (HIDDEN, "hidden state"), numbers, &own)?;
    let cell = variable(
        importer,
        operator,
        (CELL, "cell state"),
        numbers,
        &[DType::I16],
    )?;
    same_params(importer.value(hidden), &result)?;
    let input_weights = gates(importer, operator, INPUT_WEIGHTS, [units, features])?;
    let recurrent_weights = gates(importer, operator, RECURRENT_WEIGHTS, [units, units])?;
    let cell_params = importer.value(cell).params;
    let scales = scales(
        importer,
        operator,
        [from.params, result.params, cell_params],
    )?;
    check_wide(from.dtype, &scales)?;
    let layer = LstmLayer {
        input_weights,
        recurrent_weights,
        bias: biases(importer, operator, from.dtype, units)?,
        scales,
        is_time_major,
        cell_range: cell_range(clip, cell_params.scale),
        cell_bits: cell_bits(cell_params)?,
    };
    importer.push(
        operator,
        QOp::Lstm(layer),
        vec![input, hidden, cell],
        result,
    )
}

/// What TFLM's kernel does not take is left out.
fn check_absent(importer: &Importer<'_, '_>, operator: &Operator<'_>) -> Checked {
    let absent = [
        (9..12, "peephole weights"),
        (16..18, "projection"),
        (20..24, "layer normalization"),
    ];
    for (places, what) in absent {
        for place in places {
            if let Some(&Some(tensor)) = operator.inputs.get(place) {
                let found = format!("`{}`", importer.model.tensors[tensor].name);
                return Err(operand(what, "left out", found));
            }
        }
    }
    Ok(())
}

/// The tensors of four gates, from a place on, and what they are called.
fn four<'m, 'a>(
    importer: &Importer<'m, 'a>,
    operator: &Operator<'a>,
    place: usize,
    what: &str,
) -> Checked<Vec<(&'m Tensor<'a>, String)>> {
    let tensors = NAMES.iter().enumerate().map(|(gate, name)| {
        let what = format!("{what} of the {name} gate");
        let (_, tensor) = importer.tensor(operator, place + gate, &what)?;
        Ok((tensor, what))
    });
    tensors.collect()
}

/// int8 matrices of four gates, one after the other.
fn gates<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    place: usize,
    shape: [usize; 2],
) -> Checked<Arc<[i8]>> {
    let mut weights = Vec::new();
    for (tensor, what) in four(importer, operator, place, weights_of(place))? {
        if tensor.shape != shape {
            let found = format!("shape {:?}", tensor.shape);
            return Err(operand(what, format!("of shape {shape:?}"), found));
        }
        let own = importer.int8_data(tensor, &what)?;
        importer.budget.take(own.len())?;
        weights.extend_from_slice(&own);
    }
    Ok(weights.into())
}

fn weights_of(place: usize) -> &'static str {
    if place == INPUT_WEIGHTS {
        "input weights"
    } else {
        "recurrent weights"
    }
}

/// Biases of four gates: int32, or of int16 activations int64 that int32 holds.
fn biases<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    dtype: DType,
    units: usize,
) -> Checked<Vec<i32>> {
    let element = match dtype {
        DType::I16 => Type::INT64,
        DType::I8 | DType::I32 | DType::Bool => Type::INT32,
    };
    let mut biases = Vec::new();
    for (tensor, what) in four(importer, operator, BIASES, "bias")? {
        if elements(&tensor.shape) != Some(units) {
            let found = format!("shape {:?}", tensor.shape);
            return Err(operand(what, format!("of {units} numbers"), found));
        }
        importer.budget.take(units.saturating_mul(4))?;
        for number in bias_numbers(tensor, units, &[element], &what)? {
            let narrow = i32::try_from(number);
            biases.push(
                narrow.map_err(|_| {
                    operand(&*what, "within the range of int32", number.to_string())
                })?,
            );
        }
    }
    Ok(biases)
}

/// What sums and products are multiplied by, as [`LstmLayer::scales`] has them.
fn scales<'a>(
    importer: &Importer<'_, 'a>,
    operator: &Operator<'a>,
    [input, hidden, cell]: [QuantParams; 3],
) -> Checked<[Scale; LSTM_SCALES]> {
    let mut scales = Vec::with_capacity(LSTM_SCALES);
    for (place, from) in [(INPUT_WEIGHTS, input), (RECURRENT_WEIGHTS, hidden)] {
        for (tensor, what) in four(importer, operator, place, weights_of(place))? {
            scales.push(scale(from.scale, tensor, GATE_SCALE, &what)?);
        }
    }
    let [cell, hidden] = [cell, hidden].map(|params| f64::from(params.scale));
    let products = [
        (cell, cell, "cell state"),
        (NONLINEAR_SCALE, cell, "cell state"),
        (NONLINEAR_SCALE, hidden, "hidden state"),
    ];
    for (factor, output, what) in products {
        let real = NONLINEAR_SCALE * factor / output;
        scales.push(quantize_multiplier(real).map_err(|_| {
            let expected = "above 2^-60";
            operand(format!("{what}'s scale"), expected, output.to_string())
        })?);
    }
    Ok(scales.try_into().expect("four, four and three"))
}

/// Sums of 64 bits are shifted less far to the left.
fn check_wide(dtype: DType, scales: &[Scale; LSTM_SCALES]) -> Checked {
    let mut of_sums = scales.iter().take(2 * GATES);
    match of_sums.find(|scale| dtype == DType::I16 && scale.shift > MAX_WIDE_SHIFT) {
        None => Ok(()),
        Some(scale) => {
            let expected = "input * weight * 4096 below 2^14 for int16";
            let found = format!("2^{}", scale.shift);
            Err(operand("weights' scale", expected, found))
        }
    }
}

/// Smallest and largest number of a cell that is clipped at this real value, or of any if that is
/// not above 0 (`CreateLstmCellStateInfo`, `lstm_common.cc`).
#[expect(
    clippy::as_conversions,
    reason = "a float clamped to int16, rounded towards zero"
)]
fn cell_range(clip: f32, scale: f32) -> [i16; 2] {
    if clip > 0.0 {
        let largest = f64::from(clip) / f64::from(scale);
        let largest = largest.clamp(-32768.0, 32767.0) as i16;
        [-largest, largest]
    } else {
        [i16::MIN, i16::MAX]
    }
}

/// The power of two nearest to the cell's scale, from 2^-12 on.
#[expect(clippy::as_conversions, reason = "a rounded logarithm of a float32")]
fn cell_bits(cell: QuantParams) -> Checked<i8> {
    let power = (cell.scale.ln() * (1.0 / 2f32.ln())).round() as i32;
    if cell.zero_point != 0 {
        let found = cell.zero_point.to_string();
        return Err(operand("cell state's zero point", "0", found));
    }
    let bits = i8::try_from(power + 12).ok();
    let bits = bits.filter(|bits| (-15..=14).contains(bits));
    bits.ok_or_else(|| operand("cell state's scale", "2^-27 to 2^2", cell.scale.to_string()))
}
