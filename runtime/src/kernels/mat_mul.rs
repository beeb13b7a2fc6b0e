//! Products of two matrices of activations.

use super::channels::BLOCK;
use super::dot::{PATCH, center};
use super::{narrow, requantize};
use crate::blob::{Factor, MatMul};
use crate::{Element, index};

/// A factor's values, and how to step through them.
#[derive(Clone, Copy, Debug)]
pub struct Matrices<'a, T> {
    values: &'a [T],
    between_matrices: usize,
    /// From one row of the first factor, or column of the second, to the next.
    between_lines: usize,
    /// Along the axis that is summed over.
    step: usize,
}

impl<'a, T: Element> Matrices<'a, T> {
    /// The values of `factor`, whose matrices hold `lines` lines of `depth` values; the lines of
    /// the second factor of a product are its columns, so that it is stored by lines if it is
    /// transposed, and the first one if it is not.
    #[must_use]
    pub fn new(factor: &Factor, values: &'a [T], by_lines: bool, lines: u32, depth: u32) -> Self {
        let (lines, depth) = (index(lines), index(depth));
        let (between_lines, step) = if by_lines { (depth, 1) } else { (1, lines) };
        Self {
            values,
            between_matrices: if factor.matrices == 1 {
                0
            } else {
                lines * depth
            },
            between_lines,
            step,
        }
    }

    /// `depth` values of a line from the one at `from` on, or those that are left.
    #[inline]
    pub(super) fn line(
        &self,
        matrix: usize,
        line: usize,
        from: usize,
    ) -> impl Iterator<Item = T> + 'a {
        let start = matrix * self.between_matrices + line * self.between_lines + from * self.step;
        self.values[start..].iter().step_by(self.step).copied()
    }
}

/// `output[m, i, j] = clamp(requantize(sum over k of (a[m, i, k] - za) * (b[m, k, j] - zb)) +
/// output_zero_point, min, max)`.
///
/// TFLite's `BATCH_MATMUL` (`reference/batch_matmul.h`). Values of the full int8 range.
#[inline(never)]
pub fn mat_mul(params: &MatMul, a: Matrices<'_, i8>, b: Matrices<'_, i8>, output: &mut [i8]) {
    let (rows, depth) = (index(params.rows), index(params.depth));
    let zero_point = params.b.zero_point;
    let mut line = [0; PATCH];
    let mut piece = [0; PATCH];
    for (at, row) in output.chunks_exact_mut(index(params.columns)).enumerate() {
        let (matrix, i) = (at / rows, at % rows);
        for (block, outputs) in row.chunks_mut(BLOCK).enumerate() {
            let mut sums = [0i32; BLOCK];
            for from in (0..depth).step_by(PATCH) {
                let len = PATCH.min(depth - from);
                for (to, x) in line[..len].iter_mut().zip(a.line(matrix, i, from)) {
                    *to = x;
                }
                center(&line[..len], params.a.zero_point, &mut piece);
                for (j, sum) in (block * BLOCK..).zip(&mut sums[..outputs.len()]) {
                    let products = piece[..len].iter().zip(b.line(matrix, j, from));
                    *sum = products.fold(*sum, |sum, (&x, y)| {
                        sum.wrapping_add(i32::from(x) * (i32::from(y) - zero_point))
                    });
                }
            }
            finish(params, &sums, outputs);
        }
    }
}

fn finish(params: &MatMul, sums: &[i32; BLOCK], outputs: &mut [i8]) {
    let scale = params.output_scale;
    for (out, &sum) in outputs.iter_mut().zip(sums) {
        let scaled = requantize(sum, scale.multiplier, scale.shift);
        *out = narrow(
            scaled.wrapping_add(params.output_zero_point),
            params.min,
            params.max,
        );
    }
}
