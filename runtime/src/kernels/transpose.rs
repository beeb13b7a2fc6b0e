//! Permutation of axes.

use crate::blob::Transpose;
use crate::index;

/// Output axis `i` is input axis `perm[i]`; `input` has shape `shape`, `perm` is a permutation of
/// `0..4`.
pub fn transpose(params: &Transpose, input: &[i8], output: &mut [i8]) {
    let [_, h, w, c] = params.shape.map(index);
    let strides = [h * w * c, w * c, c, 1];
    let [extents, steps] = [params.shape.map(index), strides]
        .map(|of_input| params.perm.map(|axis| of_input[usize::from(axis)]));
    let mut rows = output.chunks_exact_mut(extents[3]);
    for i in 0..extents[0] {
        for j in 0..extents[1] {
            for (k, row) in (0..extents[2]).zip(&mut rows) {
                let from = &input[i * steps[0] + j * steps[1] + k * steps[2]..];
                for (out, &value) in row.iter_mut().zip(from.iter().step_by(steps[3])) {
                    *out = value;
                }
            }
        }
    }
}
