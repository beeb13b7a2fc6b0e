//! Convolution.
#![expect(unsafe_code, reason = "calls assembly")]

use super::super::columns::{CONV_BLOCK, Columns};
use super::gather::Gather;
use super::product::{self, Blocks, Kernel, STEPS};
use crate::blob::{Finish, Packed, PackedConv2d, Pairing};
use crate::element::elements_mut;
use crate::index;

/// Channels of a block.
const BLOCK: usize = 4;
/// int16 of a step: two columns of two pixels.
const STEP: usize = 4;
/// Their bytes.
const STEP_BYTES: usize = 8;

/// The kernel of a format, and its shift; none if there is no such kernel.
fn kernel(packed: &Packed) -> Option<(Kernel, usize)> {
    match (packed.pairing, packed.finish) {
        (Pairing::Sum, Finish::Twin { shift: 5 }) => Some((product::sum_twin_5, 5)),
        (Pairing::Sum, Finish::Twin { shift }) => Some((product::sum_twin, shift.into())),
        (Pairing::Sum, Finish::Rounded) => Some((product::sum_rounded, 0)),
        (Pairing::Bytes, Finish::Rounded) => Some((product::bytes_rounded, 0)),
        (Pairing::Bytes, Finish::Twin { .. }) => None,
    }
}

/// As [`super::super::packed_conv2d_portable`]. False if there is no kernel for the layer's format.
#[inline(never)]
pub(in super::super) fn conv2d(
    params: &PackedConv2d,
    columns: Columns,
    input: &[i8],
    stream: &[i32],
    scratch: &mut [i8],
    output: &mut [i8],
) -> bool {
    let Some((kernel, shift)) = kernel(&params.packed) else {
        return false;
    };
    let block_words = index(columns.block_words(CONV_BLOCK, params.packed.finish));
    let channels = index(params.out_c);
    let steps = index(columns.packed_len()) / 2;
    let x = &mut elements_mut::<i16>(scratch)[..STEP * steps];
    let product = Product {
        kernel,
        shift,
        streams: stream.split_at(channels / BLOCK * block_words),
        channels,
    };
    let gather = Gather::new(params, columns, input);
    let out_w = index(params.window.out_w);
    let pixels = index(params.window.out_h) * out_w;
    if gather.is_pointwise() {
        for first in (0..pixels).step_by(2) {
            let second = (first + 1).min(pixels - 1);
            gather.point(first, x);
            gather.point(second, &mut x[2..]);
            product.run(x, output, [first, second]);
        }
    } else {
        let (mut y, mut column, mut rows) = (0, 0, gather.rows(0));
        for first in (0..pixels).step_by(2) {
            gather.pixel(rows, column, x);
            let second = (first + 1).min(pixels - 1);
            if second > first {
                (y, column) = following(y, column, out_w);
                if column == 0 {
                    rows = gather.rows(y);
                }
            }
            gather.pixel(rows, column, &mut x[2..]);
            product.run(x, output, [first, second]);
            (y, column) = following(y, column, out_w);
            if column == 0 {
                rows = gather.rows(y);
            }
        }
    }
    params.packed.clamp(output);
    true
}

/// The next pixel, row by row.
const fn following(y: usize, column: usize, out_w: usize) -> (usize, usize) {
    if column + 1 < out_w {
        (y, column + 1)
    } else {
        (y + 1, 0)
    }
}

/// The product of the columns of two pixels with all channels.
struct Product<'a> {
    kernel: Kernel,
    shift: usize,
    /// Whole blocks of channels, and a last one that is not whole.
    streams: (&'a [i32], &'a [i32]),
    channels: usize,
}

impl Product<'_> {
    /// The outputs of two pixels, or of one twice.
    #[inline]
    fn run(&self, x: &[i16], output: &mut [i8], pixels: [usize; 2]) {
        let (whole, rest) = self.streams;
        let starts = pixels.map(|pixel| pixel * self.channels);
        if !whole.is_empty() {
            let len = self.channels / BLOCK * BLOCK;
            let room = output.len().saturating_sub(len);
            if starts.iter().all(|&start| start <= room) {
                let base = output.as_mut_ptr();
                let outputs = starts.map(|start| base.wrapping_add(start));
                // SAFETY: `len` bytes from each start on lie in the output.
                unsafe { self.blocks(x, whole, outputs) };
            }
        }
        if !rest.is_empty() {
            let mut block = [[0i8; BLOCK]; 2];
            let outputs = block.each_mut().map(|outputs| outputs.as_mut_ptr());
            // SAFETY: one block has as many outputs.
            unsafe { self.blocks(x, rest, outputs) };
            let len = self.channels % BLOCK;
            for (start, outputs) in starts.into_iter().zip(&block) {
                let behind = &mut output[start + self.channels - len..][..len];
                behind.copy_from_slice(&outputs[..len]);
            }
        }
    }

    /// # Safety
    ///
    /// The outputs can be written, [`BLOCK`] for each block of the stream, which has at least one.
    #[inline]
    unsafe fn blocks(&self, x: &[i16], stream: &[i32], outputs: [*mut i8; 2]) {
        let steps = x.len() / STEP;
        let skipped = steps.next_multiple_of(STEPS) - steps;
        let before = stream.as_ptr().wrapping_sub(1);
        let blocks = Blocks {
            x: x.as_ptr().wrapping_sub(skipped * STEP),
            x_end: x.as_ptr().wrapping_add(x.len()),
            stream: before,
            stream_end: before.wrapping_add(stream.len()),
            first: outputs[0],
            second: outputs[1],
            skipped: skipped * STEP_BYTES,
            shift: self.shift,
        };
        // SAFETY: with those that are skipped the steps of `x`, of which there is one at least, are whole
        // passes; `check` has proven that the stream is whole blocks of as many steps; the caller
        // answers for the outputs, which lie apart from scratch and stream.
        unsafe { (self.kernel)(&blocks) };
    }
}
