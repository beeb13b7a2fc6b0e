//! The supported operators.

use super::super::failure::Checked;
use super::super::importer::Importer;
use super::super::model::Operator;
use super::elementwise::{self, Binary};
use super::window::{self, Pool};
use super::{moves, product, state, unary, weighted};
use crate::import::Precision;

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

/// Every supported operator, by name.
pub(in crate::import::tflite) const ROWS: &[Row] = &[
    row("ABS", INT8, unary::abs),
    row("ADD", INT8, |importer, operator| {
        elementwise::binary(importer, operator, Binary::Add)
    }),
    row("ASSIGN_VARIABLE", INT8, state::assign),
    row("AVERAGE_POOL_2D", INT8, |importer, operator| {
        window::pool(importer, operator, Pool::Average)
    }),
    row("BATCH_MATMUL", INT8, product::batch_mat_mul),
    row("CALL_ONCE", INT8, state::call_once),
    row("CONCATENATION", INT8, moves::concatenation),
    row("CONV_2D", INT8, weighted::conv2d),
    row("DEPTHWISE_CONV_2D", INT8, weighted::depthwise),
    row("DEQUANTIZE", INT8, unary::dequantize),
    row("ELU", INT8, unary::elu),
    row("EXPAND_DIMS", INT8, moves::reshape),
    row("FULLY_CONNECTED", INT8, weighted::dense),
    row("HARD_SWISH", INT8, unary::hard_swish),
    row("LEAKY_RELU", INT8, unary::leaky_relu),
    row("LOGISTIC", INT8, unary::logistic),
    row("MAX_POOL_2D", INT8, |importer, operator| {
        window::pool(importer, operator, Pool::Max)
    }),
    row("MUL", INT8, |importer, operator| {
        elementwise::binary(importer, operator, Binary::Mul)
    }),
    row("PAD", INT8, moves::pad),
    row("PADV2", INT8, moves::pad),
    row("QUANTIZE", INT8, unary::quantize),
    row("READ_VARIABLE", INT8, state::read),
    row("RELU", INT8, unary::relu),
    row("RELU6", INT8, unary::relu6),
    row("RESHAPE", INT8, moves::reshape),
    row("SOFTMAX", INT8, unary::softmax),
    row("SQUEEZE", INT8, moves::reshape),
    row("SUB", INT8, |importer, operator| {
        elementwise::binary(importer, operator, Binary::Sub)
    }),
    row("TANH", INT8, unary::tanh),
    row("TRANSPOSE", INT8, moves::transpose),
    row("TRANSPOSE_CONV", INT8, product::transpose_conv),
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
