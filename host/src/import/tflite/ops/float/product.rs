//! Transposed convolution and products of two matrices.

use super::super::super::failure::{Checked, operand};
use super::super::super::model::Operator;
use super::super::super::schema::Type;
use super::super::options::{kind, options, required};
use super::super::product::transposed_window;
use super::super::weighted::filter_shape;
use super::super::window::map;
use super::importer::{Importer, fused};
use super::weighted::{bias, weights};
use crate::ir::{ConvTranspose2d, Op, TransposedWindow2d, ValueId};

/// `TRANSPOSE_CONV`; filters `[out, rows, columns, in]`. The output's shape is the tensor's.
pub(super) fn transpose_conv<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let options = required(operator, kind::TRANSPOSE_CONV)?;
    let input = importer.activation(operator, 2, "input")?;
    map(importer.shape_of(operator, 2)?, "input")?;
    let result = importer.result(operator)?;
    let (output, _) = map(&result.shape, "output")?;
    let (_, filter) = importer.tensor(operator, 1, "filter")?;
    let &[_, kernel_h, kernel_w, _] = filter.shape.as_slice() else {
        return Err(filter_shape("[out, rows, columns, in]", filter));
    };
    let window = transposed_window(options, [kernel_h, kernel_w], output)?;
    let mut inputs = vec![input, weights(importer, operator, 1)?];
    inputs.extend(bias(importer, operator, 3)?);
    let op = Op::ConvTranspose2d(ConvTranspose2d {
        window,
        groups: 1,
        clamp: fused(Some(options), 3)?,
    });
    importer.push(operator, op, inputs)
}

/// mediapipe's `Convolution2DTransposeBias`: `TRANSPOSE_CONV` of input, filters
/// `[out, rows, columns, in]` and bias. Its options are a `TfLiteTransposeConvParams`: padding, and
/// strides along columns and rows, int32 each
/// (`mediapipe/util/tflite/operations/transpose_conv_bias.cc`).
pub(super) fn transpose_conv_bias<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
) -> Checked {
    let words: Vec<usize> = operator
        .custom
        .as_chunks()
        .0
        .iter()
        .map(|&word| usize::try_from(u32::from_le_bytes(word)).unwrap_or(usize::MAX))
        .collect();
    let stride = match words[..] {
        [_, columns, rows, ..] if columns > 0 && rows > 0 => [rows, columns],
        _ => {
            let found = format!("{} bytes", operator.custom.len());
            let expected = "12 bytes at least: padding and two strides";
            return Err(operand("options", expected, found));
        }
    };
    let (_, filter) = importer.tensor(operator, 1, "filter")?;
    let &[_, kernel_h, kernel_w, _] = filter.shape.as_slice() else {
        return Err(filter_shape("[out, rows, columns, in]", filter));
    };
    let kernel = [kernel_h, kernel_w];
    let input = importer.activation(operator, 0, "input")?;
    let (size, _) = map(importer.shape_of(operator, 0)?, "input")?;
    let result = importer.result(operator)?;
    let (output, _) = map(&result.shape, "output")?;
    let whole = [0, 1].map(|axis| {
        let steps = size[axis].saturating_sub(1).saturating_mul(stride[axis]);
        steps.saturating_add(kernel[axis])
    });
    if output != whole {
        // Where the padding goes is nowhere written down.
        let found = format!("{output:?}");
        return Err(operand(
            "output",
            format!("of {whole:?} rows and columns, without padding"),
            found,
        ));
    }
    let mut inputs = vec![input, weights(importer, operator, 1)?];
    inputs.extend(bias(importer, operator, 2)?);
    let op = Op::ConvTranspose2d(ConvTranspose2d {
        window: TransposedWindow2d {
            kernel,
            stride,
            dilation: [1; 2],
            pad_before: [0; 2],
            output,
        },
        groups: 1,
        clamp: None,
    });
    importer.push(operator, op, inputs)
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
    let op = Op::MatMul {
        transpose_a: flag(0)?,
        transpose_b: flag(1)?,
    };
    let shapes = [
        importer.shape_of(operator, 0)?,
        importer.shape_of(operator, 1)?,
    ];
    if shapes.iter().any(|shape| shape.len() < 2) {
        let found = format!("shapes {:?} and {:?}", shapes[0], shapes[1]);
        return Err(operand("factors", "[.., m, k] and [.., k, n]", found));
    }
    // The batch is the first axis where the larger rank has one of extent 1 beside the matrix.
    let rank = shapes[0].len().max(shapes[1].len());
    let has_batch = rank > 2
        && shapes
            .iter()
            .all(|shape| shape.len() < rank || shape[0] == 1);
    let rank = if has_batch { rank } else { rank + 1 };
    let name = importer.name_of(operator);
    let mut factors: Vec<ValueId> = Vec::new();
    for (place, what) in ["first factor", "second factor"].into_iter().enumerate() {
        let value = importer.operand(operator, place, what, Type::FLOAT32)?;
        let mut shape = vec![1; rank - shapes[place].len()];
        shape.extend_from_slice(shapes[place]);
        factors.push(importer.reshaped(value, shape, &name)?);
    }
    importer.push(operator, op, factors)
}
