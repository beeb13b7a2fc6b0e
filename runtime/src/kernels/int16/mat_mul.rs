//! Products of two matrices of int16.

use super::super::{Matrices, narrow, requantize_wide};
use crate::blob::MatMul;
use crate::index;

/// `output[m, i, j] = clamp(requantize(sum over k of a[m, i, k] * b[m, k, j]), min, max)`, the sums
/// of int64 and rounded once.
///
/// TFLite's `BATCH_MATMUL` of int16 (`reference/batch_matmul.h`). Values of the full int16 range.
#[inline(never)]
pub fn mat_mul_int16(
    params: &MatMul,
    a: Matrices<'_, i16>,
    b: Matrices<'_, i16>,
    output: &mut [i16],
) {
    let (rows, depth) = (index(params.rows), index(params.depth));
    let scale = params.output_scale;
    for (at, row) in output.chunks_exact_mut(index(params.columns)).enumerate() {
        let (matrix, i) = (at / rows, at % rows);
        for (j, out) in row.iter_mut().enumerate() {
            let pairs = a.line(matrix, i, 0).zip(b.line(matrix, j, 0)).take(depth);
            let sum = pairs.fold(0, |sum: i64, (x, y)| {
                sum + i64::from(i32::from(x) * i32::from(y))
            });
            let scaled = requantize_wide(sum, scale.multiplier, scale.shift);
            *out = narrow(scaled, params.min, params.max);
        }
    }
}
