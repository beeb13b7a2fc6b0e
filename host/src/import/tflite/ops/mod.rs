//! The operators.

mod elementwise;
mod moves;
mod options;
mod unary;
mod weighted;
mod window;

use super::failure::Checked;
use super::importer::Importer;
use super::model::Operator;
use crate::import::NodeFault;

/// What is imported, for messages.
const SUPPORTED: &str = "supported: CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, AVERAGE_POOL_2D, \
    MAX_POOL_2D, ADD, SUB, MUL, CONCATENATION, PAD, PADV2, RESHAPE, SQUEEZE, EXPAND_DIMS, \
    TRANSPOSE, SOFTMAX, LOGISTIC, TANH, RELU, RELU6, LEAKY_RELU, ELU, HARD_SWISH, ABS, QUANTIZE, \
    DEQUANTIZE";

/// Appends the nodes of an operator.
pub(super) fn import<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    match &*operator.name {
        "CONV_2D" => weighted::conv2d(importer, operator),
        "DEPTHWISE_CONV_2D" => weighted::depthwise(importer, operator),
        "FULLY_CONNECTED" => weighted::dense(importer, operator),
        "AVERAGE_POOL_2D" => window::pool(importer, operator, window::Pool::Average),
        "MAX_POOL_2D" => window::pool(importer, operator, window::Pool::Max),
        "ADD" => elementwise::binary(importer, operator, elementwise::Binary::Add),
        "SUB" => elementwise::binary(importer, operator, elementwise::Binary::Sub),
        "MUL" => elementwise::binary(importer, operator, elementwise::Binary::Mul),
        "CONCATENATION" => moves::concatenation(importer, operator),
        "PAD" | "PADV2" => moves::pad(importer, operator),
        "RESHAPE" | "SQUEEZE" | "EXPAND_DIMS" => moves::reshape(importer, operator),
        "TRANSPOSE" => moves::transpose(importer, operator),
        "SOFTMAX" => unary::softmax(importer, operator),
        "LOGISTIC" => unary::logistic(importer, operator),
        "TANH" => unary::tanh(importer, operator),
        "RELU" => unary::relu(importer, operator),
        "RELU6" => unary::relu6(importer, operator),
        "LEAKY_RELU" => unary::leaky_relu(importer, operator),
        "ELU" => unary::elu(importer, operator),
        "HARD_SWISH" => unary::hard_swish(importer, operator),
        "ABS" => unary::abs(importer, operator),
        "QUANTIZE" => unary::quantize(importer, operator),
        "DEQUANTIZE" => unary::dequantize(importer, operator),
        _ => Err(NodeFault::Operator {
            nearest: SUPPORTED.to_owned(),
        }
        .into()),
    }
}
