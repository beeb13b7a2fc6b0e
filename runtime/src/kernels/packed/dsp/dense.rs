//! Fully connected layer.
#![expect(unsafe_code, reason = "calls assembly")]

use super::super::columns::{Columns, DENSE_BLOCK};
use super::rows::{self, Kernel, Rows, STEPS};
use super::widen::widen_row;
use crate::blob::{Finish, Packed, PackedDense, Pairing};
use crate::element::elements_mut;
use crate::index;

/// Channels of a block.
const BLOCK: usize = 8;
/// Columns of a step.
const STEP: usize = 2;

/// The kernel of a format, and its shift; none if there is no such kernel.
fn kernel(packed: &Packed) -> Option<(Kernel, usize)> {
    match (packed.pairing, packed.finish) {
        (Pairing::Sum, Finish::Twin { shift }) => Some((rows::sum_twin, shift.into())),
        (Pairing::Sum, Finish::Rounded) => Some((rows::sum_rounded, 0)),
        (Pairing::Bytes, Finish::Rounded) => Some((rows::bytes_rounded, 0)),
        (Pairing::Bytes, Finish::Twin { .. }) => None,
    }
}

/// As [`super::super::packed_dense_portable`]. False if there is no kernel for the layer's format.
#[inline(never)]
pub(in super::super) fn dense(
    params: &PackedDense,
    columns: Columns,
    input: &[i8],
    stream: &[i32],
    scratch: &mut [i8],
    output: &mut [i8],
) -> bool {
    let Some((kernel, shift)) = kernel(&params.packed) else {
        return false;
    };
    let x = &mut elements_mut::<i16>(scratch)[..index(columns.packed_len())];
    widened(columns, input, x);
    let block_words = index(columns.block_words(DENSE_BLOCK, params.packed.finish));
    let (outputs, rest) = output.split_at_mut(output.len() / BLOCK * BLOCK);
    let (whole, last) = stream.split_at(outputs.len() / BLOCK * block_words);
    if !whole.is_empty() {
        // SAFETY: the outputs are `BLOCK` for each block.
        unsafe { blocks(x, whole, outputs.as_mut_ptr(), kernel, shift) };
    }
    if !last.is_empty() {
        let mut block = [0i8; BLOCK];
        // SAFETY: one block has as many outputs.
        unsafe { blocks(x, last, block.as_mut_ptr(), kernel, shift) };
        for (output, value) in rest.iter_mut().zip(block) {
            *output = value;
        }
    }
    params.packed.clamp(output);
    true
}

/// Widens the input into its columns.
fn widened(columns: Columns, input: &[i8], x: &mut [i16]) {
    let (words, behind) = input.as_chunks::<4>();
    if !words.is_empty() {
        let values = &mut x[..4 * words.len()];
        // SAFETY: as many words are there, and as many int16; scratch is 4-byte aligned.
        unsafe { widen_row(words.as_ptr().cast(), values.as_mut_ptr(), words.len()) };
    }
    for (at, &value) in behind.iter().enumerate() {
        x[columns.column(0, 4 * words.len() + at)] = value.into();
    }
}

/// # Safety
///
/// The outputs can be written, [`BLOCK`] for each block of the stream, which has at least one.
unsafe fn blocks(x: &[i16], stream: &[i32], output: *mut i8, kernel: Kernel, shift: usize) {
    let steps = x.len() / STEP;
    let skipped = steps.next_multiple_of(STEPS) - steps;
    let rows = Rows {
        x: x.as_ptr().wrapping_sub(skipped * STEP),
        x_end: x.as_ptr().wrapping_add(x.len()),
        stream: stream.as_ptr(),
        stream_end: stream.as_ptr().wrapping_add(stream.len()),
        output,
        skipped,
        shift,
    };
    // SAFETY: with those that are skipped the steps of `x`, of which there is one at least, are whole passes;
    // `check` has proven that the stream is whole blocks of as many steps; the caller answers for the
    // outputs, which lie apart from scratch and stream.
    unsafe { kernel(&rows) };
}
