//! Transposed convolution and products of two matrices.

use super::checks::{check_clamp, four};
use super::{InferError, broadcast, filters};
use crate::ir::{ConvTranspose2d, Value};

/// Largest number of any part of a geometry, so that sums of products of two fit 64 bits.
const MAX_EXTENT: usize = 1 << 28;

pub(super) fn conv_transpose2d(
    conv: &ConvTranspose2d,
    inputs: &[&Value],
) -> Result<Vec<usize>, InferError> {
    check_clamp(conv.clamp)?;
    let [batch, _, _, channels] = four("x", &inputs[0].shape)?;
    let window = &conv.window;
    let filters = filters(inputs, channels, conv.groups, window.kernel)?;
    let positive = [window.kernel, window.stride, window.dilation, window.output];
    let extents = positive.iter().flatten();
    if extents.clone().any(|&extent| extent == 0)
        || extents
            .chain(&window.pad_before)
            .any(|&extent| extent > MAX_EXTENT)
    {
        return Err(InferError::TransposedWindow {
            window: Box::new(window.clone()),
        });
    }
    Ok(vec![batch, window.output[0], window.output[1], filters])
}

pub(super) fn mat_mul(
    transpose_a: bool,
    transpose_b: bool,
    a: &[usize],
    b: &[usize],
) -> Result<Vec<usize>, InferError> {
    mat_mul_shape([transpose_a, transpose_b], a, b).ok_or_else(|| InferError::MatMul {
        a: a.to_vec(),
        b: b.to_vec(),
    })
}

/// The shape of a product of matrices whose last two axes may be stored swapped; none if the
/// shapes are no factors.
pub(crate) fn mat_mul_shape(transposed: [bool; 2], a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let matrix = |shape: &[usize], swapped: bool| match *shape {
        [.., rows, columns] if swapped => Some([columns, rows]),
        [.., rows, columns] => Some([rows, columns]),
        _ => None,
    };
    let [rows, depth] = matrix(a, transposed[0])?;
    let [other_depth, columns] = matrix(b, transposed[1])?;
    let outer = |shape: &[usize]| shape[..shape.len() - 2].to_vec();
    let mut shape = broadcast(&outer(a), &outer(b))?;
    shape.extend([rows, columns]);
    (depth == other_depth).then_some(shape)
}
