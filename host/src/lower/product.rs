//! Transposed convolution and products of two matrices.

use super::LowerError;
use super::accumulator::{self, Order};
use super::node::{divided, equal, symmetric};
use super::shape::{blob_window, count};
use crate::ir::TransposedWindow2d;
use crate::quantize::graph::{DType, QNode, QValue, Weights};
use tiivis_runtime::blob;

/// Most products of two int8 numbers less their zero points, each of which is 255 at most, whose
/// sum fits int32.
const MOST_DEPTH: u32 = i32::MAX.cast_unsigned() / (255 * 255);

/// Sizes of a product of matrices.
pub(crate) struct MatMulShape {
    /// Matrices of `a`, of `b`, and of the product.
    pub(crate) matrices: [u32; 3],
    pub(crate) rows: u32,
    pub(crate) depth: u32,
    pub(crate) columns: u32,
}

/// What must hold of a transposed convolution.
pub(super) fn transpose_conv2d(
    node: &QNode,
    [input, output]: [&QValue; 2],
    geometry: &TransposedWindow2d,
    groups: usize,
    weights: &Weights,
) -> Result<(), LowerError> {
    transposed_window(node, geometry, &input.shape, &output.shape)?;
    let channels = divided(node, "input channels per group", input.shape[3], groups)?;
    divided(node, "output channels per group", output.shape[3], groups)?;
    symmetric(node, weights)?;
    let taps = geometry.kernel[0].saturating_mul(geometry.kernel[1]);
    let taps = taps.saturating_mul(channels);
    accumulator::prove(
        (node, input),
        weights,
        Order::ChannelFirst,
        output.shape[3],
        taps,
    )
}

/// The geometry of a transposed convolution from input `[1, h, w, _]` to output `[1, h, w, _]`.
pub(crate) fn transposed_window(
    node: &QNode,
    window: &TransposedWindow2d,
    input: &[usize],
    output: &[usize],
) -> Result<blob::Window2d, LowerError> {
    let (&[1, in_h, in_w, _], &[1, out_h, out_w, _]) = (input, output) else {
        return Err(LowerError::Mismatch {
            node: node.name.clone(),
            what: "tensors with batch 1 and axes",
            expected: 4,
            found: input.len().min(output.len()),
        });
    };
    equal(node, "output rows", window.output[0], out_h)?;
    equal(node, "output columns", window.output[1], out_w)?;
    let TransposedWindow2d {
        kernel,
        stride,
        dilation,
        pad_before,
        output,
    } = *window;
    let sizes = [[in_h, in_w], output];
    blob_window(node, sizes, [kernel, stride, dilation, pad_before])
}

/// The sizes of a product, if the shapes fit and no sum of products overflows.
pub(crate) fn mat_mul(
    node: &QNode,
    factors: [&QValue; 2],
    output: &QValue,
    transposed: [bool; 2],
) -> Result<MatMulShape, LowerError> {
    let [(a, a_rows, a_columns), (b, b_rows, b_columns)] = [
        matrices(node, factors[0], transposed[0])?,
        matrices(node, factors[1], transposed[1])?,
    ];
    let (of_output, rows, columns) = matrices(node, output, false)?;
    equal(node, "rows", a_rows, rows)?;
    equal(node, "columns", b_columns, columns)?;
    equal(node, "rows of the second factor", a_columns, b_rows)?;
    for matrices in [a, b] {
        if matrices != 1 {
            equal(node, "matrices", of_output, matrices)?;
        }
    }
    let depth = count(node, "the depth", a_columns)?;
    if depth > MOST_DEPTH && output.dtype == DType::I8 {
        return Err(LowerError::TooLarge {
            name: node.name.clone(),
            what: "the number of products in a sum",
        });
    }
    let number = |matrices| count(node, "the number of matrices", matrices);
    Ok(MatMulShape {
        matrices: [number(a)?, number(b)?, number(of_output)?],
        rows: count(node, "the number of rows", rows)?,
        depth,
        columns: count(node, "the number of columns", columns)?,
    })
}

/// A tensor as matrices: their number, rows and columns.
fn matrices(
    node: &QNode,
    value: &QValue,
    transposed: bool,
) -> Result<(usize, usize, usize), LowerError> {
    let [outer @ .., rows, columns] = value.shape.as_slice() else {
        return Err(LowerError::Rank {
            node: node.name.clone(),
            found: value.shape.len(),
        });
    };
    let matrices = outer.iter().copied().fold(1, usize::saturating_mul);
    if transposed {
        Ok((matrices, *columns, *rows))
    } else {
        Ok((matrices, *rows, *columns))
    }
}
