//! The order of packed weights, which is the order in which kernels widen what they multiply with.

use crate::blob::{Finish, PackedConv2d, PackedDense, Window2d};
use crate::index;

/// Output channels of a block of a convolution.
pub const CONV_BLOCK: u32 = 4;
/// Output channels of a block of a fully connected layer.
pub const DENSE_BLOCK: u32 = 8;
/// Where the four values of a word of int8 go, when its even and odd bytes are widened to a word each.
const ORDER: [usize; 4] = [0, 2, 1, 3];
/// int8 values of a word.
const LANES: u32 = 4;

/// What a filter sees of the input at one output pixel: `runs` runs of `run_len` neighbouring int8 each.
///
/// Its columns, in packed order: of every run its whole words, whose four values are in the order 0, 2,
/// 1, 3; then what is left of every run, in order; then, if their number is odd, one that is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Number of runs, at least 1.
    pub runs: u32,
    /// Values of a run, at least 1.
    pub run_len: u32,
}

impl Columns {
    /// Those of a convolution of one group: a run for each row of the kernel, or, if it is dilated, for
    /// each tap. None if they are more than fit.
    #[must_use]
    pub fn of_window(window: &Window2d, in_c: u32) -> Option<Self> {
        let columns = if window.dilation_w == 1 {
            Self {
                runs: window.kernel_h,
                run_len: window.kernel_w.checked_mul(in_c)?,
            }
        } else {
            Self {
                runs: window.kernel_h.checked_mul(window.kernel_w)?,
                run_len: in_c,
            }
        };
        // All that follows is at most 8 times this.
        let len = columns.runs.checked_mul(columns.run_len)?;
        (len <= u32::MAX / 64).then_some(columns)
    }

    /// Those of a fully connected layer. None if they are more than fit.
    #[must_use]
    pub fn of_features(features: u32) -> Option<Self> {
        (features <= u32::MAX / 64).then_some(Self {
            runs: 1,
            run_len: features,
        })
    }

    /// Values of all runs.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.runs * self.run_len
    }

    /// Whether there is none: never.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Columns, an even number.
    #[must_use]
    pub const fn packed_len(&self) -> u32 {
        self.len().next_multiple_of(2)
    }

    /// Whole words of a run.
    #[must_use]
    pub const fn run_words(&self) -> u32 {
        self.run_len / LANES
    }

    /// The column of the value `at` of run `run`.
    #[inline]
    #[must_use]
    pub const fn column(&self, run: usize, at: usize) -> usize {
        let words_len = index(self.run_words() * LANES);
        if at < words_len {
            run * words_len + (at & !3) + ORDER[at & 3]
        } else {
            let rest = index(self.run_len) - words_len;
            index(self.runs) * words_len + run * rest + at - words_len
        }
    }

    /// Words of a block of channels in the stream.
    #[must_use]
    pub const fn block_words(&self, channels: u32, finish: Finish) -> u32 {
        channels + self.packed_len() / 2 * (channels / 2) + channels * finish.numbers()
    }

    /// Bytes of the stream of a layer. None if they are more than fit.
    #[must_use]
    pub fn stream_bytes(&self, block: u32, channels: u32, finish: Finish) -> Option<u32> {
        let blocks = channels.div_ceil(block);
        blocks
            .checked_mul(self.block_words(block, finish))?
            .checked_mul(LANES)
    }

    /// Scratch of a convolution: the int16 of two pixels, or the int8 filters of one block; and, if taps of
    /// some pixel lie outside of the input, the int8 of one pixel.
    #[must_use]
    pub const fn conv_scratch_bytes(&self, window: &Window2d) -> u32 {
        let patch = if reaches_outside(window) {
            self.len().next_multiple_of(LANES)
        } else {
            0
        };
        4 * self.packed_len() + patch
    }

    /// Scratch of a fully connected layer: its input in int16.
    #[must_use]
    pub const fn dense_scratch_bytes(&self) -> u32 {
        2 * self.packed_len()
    }
}

/// Whether taps of some output pixel lie outside of the input.
const fn reaches_outside(window: &Window2d) -> bool {
    const fn reaches(
        input: u32,
        output: u32,
        [kernel, stride, dilation, before]: [u32; 4],
    ) -> bool {
        before > 0 || (output - 1) * stride + (kernel - 1) * dilation >= input
    }
    let Window2d {
        kernel_h,
        kernel_w,
        stride_h,
        stride_w,
        dilation_h,
        dilation_w,
        pad_top,
        pad_left,
        ..
    } = *window;
    let rows = [kernel_h, stride_h, dilation_h, pad_top];
    let columns = [kernel_w, stride_w, dilation_w, pad_left];
    reaches(window.in_h, window.out_h, rows) || reaches(window.in_w, window.out_w, columns)
}

impl PackedConv2d {
    /// See [`Columns`]. None if they are more than fit.
    #[must_use]
    pub fn columns(&self) -> Option<Columns> {
        Columns::of_window(&self.window, self.in_c)
    }
}

impl PackedDense {
    /// See [`Columns`]. None if they are more than fit.
    #[must_use]
    pub fn columns(&self) -> Option<Columns> {
        Columns::of_features(self.in_features)
    }
}
