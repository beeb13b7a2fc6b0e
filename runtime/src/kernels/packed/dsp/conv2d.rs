//! Convolution.
#![expect(unsafe_code, reason = "calls assembly")]

use super::super::columns::{CONV_BLOCK, Columns};
use super::gather::{Gather, widen_pixels};
use super::product::{self, Blocks, Kernel, STEPS};
use crate::blob::{Finish, Packed, PackedConv2d, Pairing, Window2d};
use crate::element::elements_mut;
use crate::index;

/// Channels of a block.
const BLOCK: usize = 4;
/// Bytes of a step: the int16 of two columns of two pixels.
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
    let steps = index(columns.packed_len()) / 2;
    let (x, patch) = scratch.split_at_mut(steps * STEP_BYTES);
    let mut product = Product::new(params, (kernel, shift), stream, block_words, steps);
    let x = elements_mut::<i16>(x);
    if is_pointwise(&params.window) {
        let in_c = index(params.in_c);
        let mut pixels = input.chunks_exact(2 * in_c);
        for (pair, outputs) in (&mut pixels).zip(output.chunks_exact_mut(2 * product.channels)) {
            let (first, second) = pair.split_at(in_c);
            widen_pixels(columns, [first, second], x);
            product.run(x, outputs, product.channels);
        }
        let last = pixels.remainder();
        if !last.is_empty() {
            widen_pixels(columns, [last, last], x);
            let at = output.len() - product.channels;
            product.run(x, &mut output[at..], 0);
        }
    } else {
        let gather = Gather::new(params, columns, input, patch);
        windows(params, gather, &mut product, x, output);
    }
    params.packed.clamp(output);
    true
}

/// The outputs of all windows, pair by pair.
fn windows(
    params: &PackedConv2d,
    mut gather: Gather<'_>,
    product: &mut Product<'_>,
    x: &mut [i16],
    output: &mut [i8],
) {
    let out_w = index(params.window.out_w);
    let (mut y, mut column, mut rows) = (0, 0, gather.rows(0));
    for outputs in output.chunks_mut(2 * product.channels) {
        let count = outputs.len() / product.channels;
        for pixel in 0..2 {
            // A last one that is alone is computed twice.
            if pixel < count {
                if column == out_w {
                    (y, column) = (y + 1, 0);
                    rows = gather.rows(y);
                }
                column += 1;
            }
            gather.pixel(rows, column - 1, &mut x[2 * pixel..]);
        }
        product.run(x, outputs, (count - 1) * product.channels);
    }
}

/// Whether every output pixel sees the one input pixel that lies where it does.
fn is_pointwise(window: &Window2d) -> bool {
    let Window2d {
        kernel_h,
        kernel_w,
        stride_h,
        stride_w,
        ..
    } = *window;
    [kernel_h, kernel_w, stride_h, stride_w] == [1; 4]
        && [window.pad_top, window.pad_left] == [0; 2]
        && [window.in_h, window.in_w] == [window.out_h, window.out_w]
}

/// The product of the columns of two pixels with all channels.
struct Product<'a> {
    kernel: Kernel,
    /// The whole blocks of channels, and what changes from pair to pair.
    blocks: Blocks,
    /// The stream of a last block that is not whole.
    rest: &'a [i32],
    channels: usize,
}

impl<'a> Product<'a> {
    fn new(
        params: &PackedConv2d,
        (kernel, shift): (Kernel, usize),
        stream: &'a [i32],
        block_words: usize,
        steps: usize,
    ) -> Self {
        let channels = index(params.out_c);
        let (whole, rest) = stream.split_at(channels / BLOCK * block_words);
        let mut blocks = Blocks {
            x: core::ptr::null(),
            x_end: core::ptr::null(),
            stream: core::ptr::null(),
            stream_end: core::ptr::null(),
            first: core::ptr::null_mut(),
            second: core::ptr::null_mut(),
            skipped: (steps.next_multiple_of(STEPS) - steps) * STEP_BYTES,
            shift,
        };
        blocks.read(whole);
        Self {
            kernel,
            blocks,
            rest,
            channels,
        }
    }

    /// The outputs of two pixels from the first's first on, of which the second's are `apart` behind: of one
    /// pixel twice if that is 0.
    #[inline]
    fn run(&mut self, x: &[i16], outputs: &mut [i8], apart: usize) {
        let outputs = &mut outputs[..apart + self.channels];
        self.blocks.x = x.as_ptr().wrapping_byte_sub(self.blocks.skipped);
        self.blocks.x_end = x.as_ptr().wrapping_add(x.len());
        if self.channels >= BLOCK {
            self.blocks.first = outputs.as_mut_ptr();
            self.blocks.second = self.blocks.first.wrapping_add(apart);
            // SAFETY: with those that are skipped the steps of `x`, of which there is one at least, are
            // whole passes; `check` has proven that the stream is whole blocks of as many steps, of which
            // there is one; both pixels have their channels in `outputs`, which lie apart from scratch
            // and stream.
            unsafe { (self.kernel)(&self.blocks) };
        }
        if !self.rest.is_empty() {
            self.run_rest(outputs, apart);
        }
    }

    /// The outputs of the block that is not whole.
    #[inline(never)]
    fn run_rest(&self, outputs: &mut [i8], apart: usize) {
        let mut block = [[0i8; BLOCK]; 2];
        let [first, second] = &mut block;
        let mut blocks = Blocks {
            first: first.as_mut_ptr(),
            second: second.as_mut_ptr(),
            ..self.blocks
        };
        blocks.read(self.rest);
        // SAFETY: as in `run`, and one block has as many outputs.
        unsafe { (self.kernel)(&blocks) };
        let len = self.channels % BLOCK;
        for (start, block) in [0, apart].into_iter().zip(&block) {
            let behind = &mut outputs[start + self.channels - len..][..len];
            for (output, &value) in behind.iter_mut().zip(block) {
                *output = value;
            }
        }
    }
}

impl Blocks {
    /// Of this stream.
    fn read(&mut self, stream: &[i32]) {
        self.stream = stream.as_ptr().wrapping_sub(1);
        self.stream_end = self.stream.wrapping_add(stream.len());
    }
}
