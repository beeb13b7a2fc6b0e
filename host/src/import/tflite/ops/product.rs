//! Transposed convolution and products of two matrices.

use super::super::failure::{Checked, operand};
use super::super::flatbuffer::Table;
use super::super::importer::{INT, Importer, symmetric};
use super::super::model::Operator;
use super::super::schema::Type;
use super::options::{fused, kind, options, positive, required, shaped};
use super::weighted::{LayerOperands, weights};
use super::window::{is_same, map};
use crate::ir::TransposedWindow2d;
use crate::quantize::graph::{QClamp, QOp};

/// `TRANSPOSE_CONV`; filters `[out, rows, columns, in]`. The output's shape is the tensor's, not
/// what the first operand says it is to be.
pub(super) fn transpose_conv<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let options = required(operator, kind::TRANSPOSE_CONV)?;
    let input = importer.integers(operator, 2, "input")?;
    let result = importer.integer_result(operator, importer.value(input).dtype)?;
    let (_, channels) = map(&importer.value(input).shape, "input")?;
    let (output, out) = map(&result.shape, "output")?;
    let (_, filter) = importer.tensor(operator, 1, "filter")?;
    if filter.shape.len() != 4 || (filter.shape[0], filter.shape[3]) != (out, channels) {
        let expected = format!("of shape [{out}, rows, columns, {channels}]");
        return Err(operand(
            "filter",
            expected,
            format!("shape {:?}", filter.shape),
        ));
    }
    let kernel = [filter.shape[1], filter.shape[2]];
    let window = transposed_window(options, kernel, output)?;
    let clamp = fused(Some(options), 3, &result)?;
    let operands = LayerOperands {
        filter: 1,
        bias: 3,
        channels: out,
        axis: 0,
        is_symmetric: true,
        bias_of_int16: &[Type::INT16, Type::INT64],
    };
    let weights = weights(importer, operator, input, &result, operands)?;
    let op = QOp::TransposeConv2d {
        window,
        groups: 1,
        weights,
        clamp,
    };
    importer.push(operator, op, vec![input], result)
}

/// The window of a `TRANSPOSE_CONV` to an output of so many rows and columns.
pub(super) fn transposed_window(
    options: Table<'_>,
    kernel: [usize; 2],
    output: [usize; 2],
) -> Checked<TransposedWindow2d> {
    let stride = [
        positive(options, 2, 0, "stride_h")?,
        positive(options, 1, 0, "stride_w")?,
    ];
    let is_same = is_same(options)?;
    Ok(TransposedWindow2d {
        kernel,
        stride,
        dilation: [1; 2],
        pad_before: [0, 1].map(|axis| padding(is_same, output[axis], kernel[axis], stride[axis])),
        output,
    })
}

/// Rows or columns that are dropped in front: the padding in front of the convolution whose input
/// is this output (TFLite's `ComputePaddingHeightWidth`, `kernels/padding.h`).
fn padding(is_same: bool, output: usize, kernel: usize, stride: usize) -> usize {
    let results = if is_same {
        output.div_ceil(stride)
    } else {
        (output + stride).saturating_sub(kernel) / stride
    };
    let needed = (results.saturating_sub(1) * stride).saturating_add(kernel);
    needed.saturating_sub(output) / 2
}

/// `BATCH_MATMUL` of two tensors, either of which may be constant.
pub(super) fn batch_mat_mul<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let options = options(operator, kind::BATCH_MATMUL)?;
    let flag = |id| {
        options
            .map_or(Ok(0), |table| table.i8(id))
            .map(|flag| flag != 0)
    };
    let (transpose_a, transpose_b) = (flag(0)?, flag(1)?);
    let a = importer.activation_or_constant_of(operator, 0, "first factor", &INT)?;
    let dtype = importer.value(a).dtype;
    let b = importer.activation_or_constant_of(operator, 1, "second factor", &[dtype])?;
    let result = importer.integer_result(operator, dtype)?;
    symmetric(importer.value(a), "first factor")?;
    symmetric(importer.value(b), "second factor")?;
    let shape = crate::ir::mat_mul_shape(
        [transpose_a, transpose_b],
        &importer.value(a).shape,
        &importer.value(b).shape,
    );
    let Some(shape) = shape else {
        let shapes = (&importer.value(a).shape, &importer.value(b).shape);
        let found = format!("shapes {:?} and {:?}", shapes.0, shapes.1);
        return Err(operand("factors", "[.., m, k] and [.., k, n]", found));
    };
    shaped(&result, &shape)?;
    let op = QOp::MatMul {
        transpose_a,
        transpose_b,
        clamp: QClamp::open(dtype),
    };
    importer.push(operator, op, vec![a, b], result)
}
