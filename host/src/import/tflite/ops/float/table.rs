//! The operators that are imported of float32.

use super::super::super::failure::Checked;
use super::super::super::model::Operator;
use super::super::options::kind;
use super::importer::Importer;
use super::unary::function;
use super::{blocks, choice, elementwise, moves, product, reduce, unary, weighted, window};
use crate::ir::{Activation, Binary, Clamp, Op, Reduction, Unary};

/// Appends the nodes of an operator.
type Import = for<'a> fn(&mut Importer<'_, 'a>, &Operator<'a>) -> Checked;

/// How an operator is imported.
pub(in super::super::super) struct Row {
    /// Its name in the schema.
    pub operator: &'static str,
    pub(super) import: Import,
}

const fn row(operator: &'static str, import: Import) -> Row {
    Row { operator, import }
}

/// Every supported operator, by name.
pub(in super::super::super) const ROWS: &[Row] = &[
    row("ABS", |i, o| function(i, o, Activation::Unary(Unary::Abs))),
    row("ADD", |i, o| {
        elementwise::clamped(i, o, kind::ADD, |clamp| Op::Add { clamp })
    }),
    row("ARG_MAX", |i, o| reduce::arg_extreme(i, o, true)),
    row("ARG_MIN", |i, o| reduce::arg_extreme(i, o, false)),
    row("AVERAGE_POOL_2D", window::average_pool),
    row("BATCH_MATMUL", product::batch_mat_mul),
    row("BATCH_TO_SPACE_ND", blocks::batch_to_space),
    row("BROADCAST_TO", moves::take),
    row("CAST", choice::cast),
    row("CEIL", |i, o| {
        function(i, o, Activation::Unary(Unary::Ceil))
    }),
    row("CONCATENATION", moves::concatenation),
    row("CONV_2D", weighted::conv2d),
    row("COS", |i, o| function(i, o, Activation::Unary(Unary::Cos))),
    row(
        "CUSTOM Convolution2DTransposeBias",
        product::transpose_conv_bias,
    ),
    row("DEPTHWISE_CONV_2D", weighted::depthwise),
    row("DEPTH_TO_SPACE", blocks::depth_to_space),
    row("DIV", |i, o| elementwise::binary(i, o, Binary::Div)),
    row("ELU", |i, o| function(i, o, Activation::Elu { alpha: 1.0 })),
    row("EQUAL", |i, o| choice::compare(i, o, Binary::Equal, false)),
    row("EXP", |i, o| function(i, o, Activation::Unary(Unary::Exp))),
    row("EXPAND_DIMS", moves::reshape),
    row("FLOOR", |i, o| {
        function(i, o, Activation::Unary(Unary::Floor))
    }),
    row("FULLY_CONNECTED", weighted::dense),
    row("GATHER", moves::take),
    row("GELU", unary::gelu),
    row("GREATER", |i, o| {
        choice::compare(i, o, Binary::Greater, false)
    }),
    row("GREATER_EQUAL", |i, o| {
        choice::compare(i, o, Binary::GreaterEqual, false)
    }),
    row("HARD_SWISH", |i, o| function(i, o, Activation::HardSwish)),
    row("L2_NORMALIZATION", reduce::l2_normalization),
    row("LEAKY_RELU", unary::leaky_relu),
    row("LESS", |i, o| choice::compare(i, o, Binary::Greater, true)),
    row("LESS_EQUAL", |i, o| {
        choice::compare(i, o, Binary::GreaterEqual, true)
    }),
    row("LOG", |i, o| function(i, o, Activation::Unary(Unary::Log))),
    row("LOGICAL_AND", |i, o| choice::logical(i, o, Binary::Minimum)),
    row("LOGICAL_NOT", choice::not),
    row("LOGICAL_OR", |i, o| choice::logical(i, o, Binary::Maximum)),
    row("LOGISTIC", |i, o| function(i, o, Activation::Sigmoid)),
    row("LOG_SOFTMAX", |i, o| unary::vectors(i, o, Op::LogSoftmax)),
    row("MAXIMUM", |i, o| elementwise::binary(i, o, Binary::Maximum)),
    row("MAX_POOL_2D", window::max_pool),
    row("MEAN", |i, o| reduce::reduce(i, o, Reduction::Mean)),
    row("MINIMUM", |i, o| elementwise::binary(i, o, Binary::Minimum)),
    row("MIRROR_PAD", moves::take),
    row("MUL", |i, o| {
        elementwise::clamped(i, o, kind::MUL, |clamp| Op::Mul { clamp })
    }),
    row("NEG", |i, o| function(i, o, Activation::Unary(Unary::Neg))),
    row("NOT_EQUAL", |i, o| {
        choice::compare(i, o, Binary::NotEqual, false)
    }),
    row("PACK", blocks::pack),
    row("PAD", moves::pad),
    row("PADV2", moves::pad),
    row("POW", unary::pow),
    row("PRELU", |i, o| elementwise::binary(i, o, Binary::Prelu)),
    row("REDUCE_MAX", |i, o| reduce::reduce(i, o, Reduction::Max)),
    row("REDUCE_MIN", |i, o| reduce::reduce(i, o, Reduction::Min)),
    row("RELU", |i, o| clamp(i, o, 0.0, f32::INFINITY)),
    row("RELU6", |i, o| clamp(i, o, 0.0, 6.0)),
    row("RELU_0_TO_1", |i, o| clamp(i, o, 0.0, 1.0)),
    row("RELU_N1_TO_1", |i, o| clamp(i, o, -1.0, 1.0)),
    row("RESHAPE", moves::reshape),
    row("RESIZE_BILINEAR", reduce::resize_bilinear),
    row("RESIZE_NEAREST_NEIGHBOR", moves::take),
    row("REVERSE_V2", moves::take),
    row("ROUND", |i, o| {
        function(i, o, Activation::Unary(Unary::Round))
    }),
    row("RSQRT", |i, o| {
        function(i, o, Activation::Unary(Unary::Rsqrt))
    }),
    row("SELECT", |i, o| choice::select(i, o, true)),
    row("SELECT_V2", |i, o| choice::select(i, o, false)),
    row("SIGN", |i, o| {
        function(i, o, Activation::Unary(Unary::Sign))
    }),
    row("SIN", |i, o| function(i, o, Activation::Unary(Unary::Sin))),
    row("SLICE", moves::take),
    row("SOFTMAX", unary::softmax),
    row("SPACE_TO_BATCH_ND", blocks::space_to_batch),
    row("SPACE_TO_DEPTH", blocks::space_to_depth),
    row("SPLIT", moves::take),
    row("SPLIT_V", moves::take),
    row("SQRT", |i, o| {
        function(i, o, Activation::Unary(Unary::Sqrt))
    }),
    row("SQUARE", |i, o| {
        function(i, o, Activation::Unary(Unary::Square))
    }),
    row("SQUARED_DIFFERENCE", |i, o| {
        elementwise::binary(i, o, Binary::SquaredDifference)
    }),
    row("SQUEEZE", moves::reshape),
    row("STRIDED_SLICE", moves::take),
    row("SUB", |i, o| {
        elementwise::clamped(i, o, kind::SUB, |clamp| Op::Sub { clamp })
    }),
    row("SUM", |i, o| reduce::reduce(i, o, Reduction::Sum)),
    row("TANH", |i, o| function(i, o, Activation::Tanh)),
    row("TILE", moves::take),
    row("TRANSPOSE", moves::transpose),
    row("TRANSPOSE_CONV", product::transpose_conv),
    row("UNPACK", moves::take),
];

fn clamp<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    min: f32,
    max: f32,
) -> Checked {
    function(importer, operator, Activation::Clamp(Clamp { min, max }))
}

/// The row of an operator.
pub(super) fn row_of(operator: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.operator == operator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted() {
        let mut pairs = ROWS.windows(2);
        let unsorted = pairs.find(|pair| pair[0].operator >= pair[1].operator);
        assert_eq!(unsorted.map(|pair| pair[1].operator), None);
    }
}
