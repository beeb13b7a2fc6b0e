//! A border of one value.

use crate::blob::Pad;
use crate::{Element, index};

/// Copies `input`, of shape `shape`, into the middle of `output`, whose axis `i` is
/// `before[i] + shape[i] + after[i]` long; everything else becomes `value`.
///
/// TFLite's `PAD` and `PADV2` (`reference/pad.h`).
pub fn pad<T: Element>(params: &Pad, input: &[T], output: &mut [T]) {
    let [n, h, w, c] = params.shape.map(index);
    let before = params.before.map(index);
    let after = params.after.map(index);
    let [_, out_h, out_w, out_c] =
        core::array::from_fn(|axis| before[axis] + index(params.shape[axis]) + after[axis]);
    output.fill(T::from_low(params.value.into()));
    let mut rows = input.chunks_exact(c);
    for image in before[0]..before[0] + n {
        for y in before[1]..before[1] + h {
            for (x, row) in (before[2]..before[2] + w).zip(&mut rows) {
                let at = ((image * out_h + y) * out_w + x) * out_c + before[3];
                output[at..][..c].copy_from_slice(row);
            }
        }
    }
}
