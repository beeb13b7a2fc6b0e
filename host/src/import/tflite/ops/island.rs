//! Functions of one number that a file of int8 computes in float32, between DEQUANTIZE and QUANTIZE:
//! tables of the 256 results, each computed as TFLM's float kernels compute it.
//!
//! Only what is exact wherever float32 is: products, bounds and square roots. Functions that the
//! target's mathematical library computes (EXP, LOGISTIC, …) are not the same bits everywhere.

use super::super::dilation::Links;
use super::super::failure::Checked;
use super::super::importer::Importer;
use super::super::model::{Model, Operator};
use super::super::schema::Type;
use super::super::tables;
use super::options::{kind, options, shaped};
use crate::quantize::graph::QOp;

/// The functions.
const FUNCTIONS: &[&str] = &[
    "ABS",
    "LEAKY_RELU",
    "NEG",
    "RELU",
    "RELU6",
    "RELU_0_TO_1",
    "RELU_N1_TO_1",
    "RSQRT",
    "SQRT",
];

/// Makes one operator of int8 of each DEQUANTIZE, function and QUANTIZE, where nothing else reads
/// what is between.
pub(in super::super) fn fuse(model: &mut Model<'_>) {
    let links = Links::of(model);
    for index in 0..model.operators.len() {
        if let Some([function, quantize]) = island(model, &links, index) {
            let input = model.operators[index].inputs.clone();
            let outputs = model.operators[quantize].outputs.clone();
            model.operators[index].absorbed = true;
            model.operators[quantize].absorbed = true;
            let function = &mut model.operators[function];
            function.inputs = input;
            function.outputs = outputs;
            function.is_island = true;
        }
    }
}

/// The function and the QUANTIZE behind this DEQUANTIZE, if it is one.
fn island(model: &Model<'_>, links: &Links, index: usize) -> Option<[usize; 2]> {
    let operator = |index: usize| &model.operators[index];
    let is_int8 = |tensor: usize| {
        let tensor = &model.tensors[tensor];
        tensor.element == Type::INT8 && tensor.data.is_none()
    };
    let is_one = |index: usize| {
        let operator = operator(index);
        operator.inputs.len() == 1 && operator.outputs.len() == 1 && !operator.absorbed
    };
    if operator(index).name != "DEQUANTIZE" || !is_one(index) {
        return None;
    }
    let function = links.next(model, index)?;
    if !FUNCTIONS.contains(&&*operator(function).name) || !is_one(function) {
        return None;
    }
    let quantize = links.next(model, function)?;
    let middle = operator(function).outputs[0];
    let fits = operator(quantize).name == "QUANTIZE"
        && is_one(quantize)
        && is_int8(operator(index).inputs[0]?)
        && model.tensors[middle].element == Type::FLOAT32
        && is_int8(operator(quantize).outputs[0]);
    fits.then_some([function, quantize])
}

/// Appends the node of such a function.
pub(super) fn import<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let alpha = match &*operator.name {
        "LEAKY_RELU" => {
            options(operator, kind::LEAKY_RELU)?.map_or(Ok(0.0), |table| table.f32(0))?
        }
        _ => 0.0,
    };
    // `reference/leaky_relu.h`, `micro/kernels/activations.cc` and `elementwise.cc`.
    let function = |x: f32| match &*operator.name {
        "ABS" => x.abs(),
        "LEAKY_RELU" if x > 0.0 => x,
        "LEAKY_RELU" => x * alpha,
        "NEG" => -x,
        "RELU" => x.max(0.0),
        "RELU6" => x.clamp(0.0, 6.0),
        "RELU_0_TO_1" => x.clamp(0.0, 1.0),
        "RELU_N1_TO_1" => x.clamp(-1.0, 1.0),
        "RSQRT" => 1.0 / x.sqrt(),
        "SQRT" => x.sqrt(),
        other => unreachable!("`{other}` is no function of an island"),
    };
    let input = importer.activation(operator, 0, "input")?;
    let result = importer.result(operator)?;
    let source = importer.value(input);
    shaped(&result, &source.shape)?;
    let table = tables::in_float(source.params, result.params, function);
    importer.push(operator, QOp::Lut { table }, vec![input], result)
}
