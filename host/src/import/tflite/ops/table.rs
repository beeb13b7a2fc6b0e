//! The supported operators.

use super::super::failure::Checked;
use super::super::importer::Importer;
use super::super::model::Operator;
use super::choice::{self, Order};
use super::elementwise::{self, Binary};
use super::options::kind;
use super::window::{self, Pool};
use super::{
    blocks, convert, index, integer, lstm, moves, product, reduce, state, svdf, unary, weighted,
};
use crate::import::Precision;
use tiivis_runtime::blob::{Function, Which};

/// Appends the nodes of an operator.
type Import = for<'a> fn(&mut Importer<'_, 'a>, &Operator<'a>) -> Checked;

/// How an operator is imported.
pub(in crate::import::tflite) struct Row {
    /// Its name in the schema.
    pub operator: &'static str,
    /// What its activations may be.
    pub precisions: &'static [Precision],
    pub import: Import,
}

const fn row(operator: &'static str, precisions: &'static [Precision], import: Import) -> Row {
    Row {
        operator,
        precisions,
        import,
    }
}

const INT8: &[Precision] = &[Precision::Int8];
/// Of uint8 too: what is in `tests/golden` compared with the reference.
const INT8_UINT8: &[Precision] = &[Precision::Int8, Precision::Uint8];
/// Of int16 too.
const INT: &[Precision] = &[Precision::Int8, Precision::Int16x8];
const ALL_INT: &[Precision] = &[Precision::Int8, Precision::Uint8, Precision::Int16x8];

/// Every supported operator, by name.
pub(in crate::import::tflite) const ROWS: &[Row] = &[
    row("ABS", INT, unary::abs),
    row("ADD", ALL_INT, |importer, operator| {
        elementwise::binary(importer, operator, Binary::Add)
    }),
    row("ARG_MAX", INT8, |importer, operator| {
        index::arg_extreme(importer, operator, true)
    }),
    row("ARG_MIN", INT8, |importer, operator| {
        index::arg_extreme(importer, operator, false)
    }),
    row("ASSIGN_VARIABLE", INT8, state::assign),
    row("AVERAGE_POOL_2D", ALL_INT, |importer, operator| {
        window::pool(importer, operator, Pool::Average)
    }),
    row("BATCH_MATMUL", INT, product::batch_mat_mul),
    row("BATCH_TO_SPACE_ND", INT8, blocks::batch_to_space),
    row("BROADCAST_TO", INT, moves::take),
    row("CALL_ONCE", INT8, state::call_once),
    row("CAST", INT, convert::cast),
    row("CONCATENATION", ALL_INT, moves::concatenation),
    row("CONV_2D", ALL_INT, weighted::conv2d),
    row("CUMSUM", INT8, reduce::cum_sum),
    row("DEPTHWISE_CONV_2D", ALL_INT, weighted::depthwise),
    row("DEPTH_TO_SPACE", INT8_UINT8, blocks::depth_to_space),
    row("DEQUANTIZE", ALL_INT, convert::dequantize),
    row("DIV", INT8, |importer, operator| {
        elementwise::binary(importer, operator, Binary::Div)
    }),
    row("ELU", INT8, unary::elu),
    row("EMBEDDING_LOOKUP", INT8, index::embedding),
    row("EQUAL", INT8, |importer, operator| {
        choice::compare(importer, operator, Order::Equal)
    }),
    row("EXP", INT8, unary::exp),
    row("EXPAND_DIMS", ALL_INT, moves::reshape),
    row("FLOOR_DIV", INT8, |importer, operator| {
        integer::arithmetic(
            importer,
            operator,
            Function::FloorDiv,
            (kind::FLOOR_DIV, false),
        )
    }),
    row("FLOOR_MOD", INT8, |importer, operator| {
        integer::arithmetic(
            importer,
            operator,
            Function::FloorMod,
            (kind::FLOOR_MOD, false),
        )
    }),
    row("FULLY_CONNECTED", ALL_INT, weighted::dense),
    row("GATHER", ALL_INT, index::gather),
    row("GATHER_ND", INT, index::gather_nd),
    row("GELU", INT8, unary::gelu),
    row("GREATER", INT8, |importer, operator| {
        choice::compare(importer, operator, Order::Greater)
    }),
    row("GREATER_EQUAL", INT8, |importer, operator| {
        choice::compare(importer, operator, Order::GreaterEqual)
    }),
    row("HARD_SWISH", INT8, unary::hard_swish),
    row("L2_NORMALIZATION", INT8, reduce::l2_normalization),
    row("LEAKY_RELU", ALL_INT, unary::leaky_relu),
    row("LESS", INT8, |importer, operator| {
        choice::compare(importer, operator, Order::Less)
    }),
    row("LESS_EQUAL", INT8, |importer, operator| {
        choice::compare(importer, operator, Order::LessEqual)
    }),
    row("LOG", INT8, unary::log),
    row("LOGICAL_AND", INT8, |importer, operator| {
        choice::logical(importer, operator, Which::Smallest)
    }),
    row("LOGICAL_NOT", INT8, choice::not),
    row("LOGICAL_OR", INT8, |importer, operator| {
        choice::logical(importer, operator, Which::Largest)
    }),
    row("LOGISTIC", ALL_INT, unary::logistic),
    row("LOG_SOFTMAX", INT8, reduce::log_softmax),
    row("MAXIMUM", ALL_INT, |importer, operator| {
        elementwise::extreme(importer, operator, Which::Largest)
    }),
    row("MAX_POOL_2D", ALL_INT, |importer, operator| {
        window::pool(importer, operator, Pool::Max)
    }),
    row("MEAN", INT, reduce::mean),
    row("MINIMUM", ALL_INT, |importer, operator| {
        elementwise::extreme(importer, operator, Which::Smallest)
    }),
    row("MIRROR_PAD", INT, moves::take),
    row("MUL", ALL_INT, |importer, operator| {
        elementwise::binary(importer, operator, Binary::Mul)
    }),
    row("NEG", INT8, unary::neg),
    row("NOT_EQUAL", INT8, |importer, operator| {
        choice::compare(importer, operator, Order::NotEqual)
    }),
    row("ONE_HOT", INT8, index::one_hot),
    row("PACK", INT, blocks::pack),
    row("PAD", ALL_INT, moves::pad),
    row("PADV2", ALL_INT, moves::pad),
    row("PRELU", INT8, |importer, operator| {
        elementwise::binary(importer, operator, Binary::Prelu)
    }),
    row("QUANTIZE", ALL_INT, convert::quantize),
    row("READ_VARIABLE", INT8, state::read),
    row("REDUCE_ALL", INT8, reduce::all),
    row("REDUCE_ANY", INT8, reduce::any),
    row("REDUCE_MAX", INT, reduce::max),
    row("REDUCE_MIN", INT, reduce::min),
    row("RELU", ALL_INT, unary::relu),
    row("RELU6", ALL_INT, unary::relu6),
    row("RELU_0_TO_1", INT8, |importer, operator| {
        unary::relu_between(importer, operator, 0.0)
    }),
    row("RELU_N1_TO_1", INT8, |importer, operator| {
        unary::relu_between(importer, operator, -1.0)
    }),
    row("RESHAPE", ALL_INT, moves::reshape),
    row("RESIZE_BILINEAR", INT8, reduce::resize_bilinear),
    row("RESIZE_NEAREST_NEIGHBOR", ALL_INT, moves::take),
    row("REVERSE_V2", INT, moves::take),
    row("RSQRT", INT8, unary::rsqrt),
    row("SELECT", INT, |importer, operator| {
        choice::select(importer, operator, true)
    }),
    row("SELECT_V2", INT, |importer, operator| {
        choice::select(importer, operator, false)
    }),
    row("SLICE", ALL_INT, moves::take),
    row("SOFTMAX", ALL_INT, unary::softmax),
    row("SPACE_TO_BATCH_ND", INT8, blocks::space_to_batch),
    row("SPACE_TO_DEPTH", INT8_UINT8, blocks::space_to_depth),
    row("SPLIT", ALL_INT, moves::take),
    row("SPLIT_V", INT, moves::take),
    row("SQRT", INT8, unary::sqrt),
    row("SQUARED_DIFFERENCE", INT, |importer, operator| {
        elementwise::binary(importer, operator, Binary::SquaredDifference)
    }),
    row("SQUEEZE", ALL_INT, moves::reshape),
    row("STRIDED_SLICE", ALL_INT, moves::take),
    row("SUB", ALL_INT, |importer, operator| {
        elementwise::binary(importer, operator, Binary::Sub)
    }),
    row("SUM", INT, reduce::sum),
    row("SVDF", INT8, svdf::svdf),
    row("TANH", ALL_INT, unary::tanh),
    row("TILE", INT, moves::take),
    row("TRANSPOSE", ALL_INT, moves::transpose),
    row("TRANSPOSE_CONV", INT, product::transpose_conv),
    row("UNIDIRECTIONAL_SEQUENCE_LSTM", INT, lstm::lstm),
    row("UNPACK", INT, moves::take),
    row("VAR_HANDLE", INT8, state::handle),
];

/// The row of an operator.
pub(in crate::import::tflite) fn row_of(operator: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.operator == operator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted() {
        assert!(
            ROWS.windows(2)
                .all(|pair| pair[0].operator < pair[1].operator)
        );
    }
}
