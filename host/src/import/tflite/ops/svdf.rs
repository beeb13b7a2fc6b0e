//! Filters with a memory.

use super::super::failure::{Checked, operand};
use super::super::importer::{INT, Importer, element_type};
use super::super::model::{Operator, Tensor};
use super::memory::variable;
use super::options::{kind, positive, required, shaped};
use super::weighted::bias;
use crate::quantize::graph::{QOp, SvdfLayer};
use crate::quantize::quantize_multiplier;
use tiivis_runtime::blob::Scale;

/// SVDF of an int8 input; what it remembers is int8 or int16.
///
/// TFLM's kernel (`svdf_common.cc`) does not look at the fused activation, nor at the zero points of
/// its weights, and needs a bias.
pub(super) fn svdf<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = required(operator, kind::SVDF)?;
    let rank = positive(options, 0, 0, "rank")?;
    let input = importer.activation(operator, 0, "input")?;
    let result = importer.result(operator)?;
    let &[batch, features] = importer.value(input).shape.as_slice() else {
        let found = format!("shape {:?}", importer.value(input).shape);
        return Err(operand("input", "of shape [batch, features]", found));
    };
    let (_, filter) = importer.tensor(operator, 1, "weights")?;
    let filters = match *filter.shape.as_slice() {
        [filters, depth] if depth == features && filters > 0 && filters % rank == 0 => filters,
        _ => {
            let expected = format!("of shape [a multiple of rank {rank}, {features}]");
            let found = format!("shape {:?}", filter.shape);
            return Err(operand("weights", expected, found));
        }
    };
    let (_, over_time) = importer.tensor(operator, 2, "weights over time")?;
    let memory = match *over_time.shape.as_slice() {
        [rows, memory] if rows == filters && memory > 0 => memory,
        _ => {
            let expected = format!("of shape [{filters}, memory]");
            let found = format!("shape {:?}", over_time.shape);
            return Err(operand("weights over time", expected, found));
        }
    };
    let units = filters / rank;
    shaped(&result, &[batch, units])?;
    let numbers = batch.saturating_mul(filters).saturating_mul(memory);
    let state = variable(importer, operator, (4, "state"), numbers, &INT)?;
    let params = importer.value(state).params;
    let weights = importer.int8_data(filter, "weights")?;
    // TFLM reads weights over time as what the state is, whatever they are.
    let dtype = importer.value(state).dtype;
    element_type(over_time, "weights over time", &[dtype])?;
    let time_weights = importer.data(over_time, "weights over time", dtype)?;
    importer.tensor(operator, 3, "bias")?;
    let bias = bias(importer, operator, 3, units)?;
    let from = importer.value(input).params.scale;
    let layer = SvdfLayer {
        weights,
        time_weights,
        bias,
        rank,
        state_scale: scale(from, filter, params.scale, "weights")?,
        output_scale: scale(
            params.scale,
            over_time,
            result.params.scale,
            "weights over time",
        )?,
    };
    importer.push(operator, QOp::Svdf(layer), vec![input, state], result)
}

/// `input * weights / output` in double precision, of symmetric weights of one scale.
pub(super) fn scale(input: f32, weights: &Tensor<'_>, output: f32, what: &str) -> Checked<Scale> {
    let mut zero_points = weights.quantization.zero_points();
    if let Some(other) = zero_points.find(|&zero_point| zero_point != 0) {
        let found = other.to_string();
        return Err(operand(format!("zero point of {what}"), "0", found));
    }
    let scales = &weights.quantization.scales;
    let found = scales.len();
    let mut scales = scales.elements().map(f32::from_le_bytes);
    let (Some(weight), None) = (scales.next(), scales.next()) else {
        let found = format!("{found} scales");
        return Err(operand(what, "quantized with one scale", found));
    };
    let real = f64::from(input) * f64::from(weight) / f64::from(output);
    let scale = quantize_multiplier(real).ok().filter(|_| weight > 0.0);
    scale.ok_or_else(|| {
        let expected = "positive, and input * weight / output below 2^30";
        operand(
            format!("scale of {what}"),
            expected,
            format!("{weight} ({real})"),
        )
    })
}
