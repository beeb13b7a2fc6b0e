//! What filters see at an output pixel, widened into the columns of one of two pixels.
#![expect(unsafe_code, reason = "calls assembly")]

use super::super::super::{Axis, Taps};
use super::super::columns::Columns;
use super::widen::{NINE, widen, widen_nines, widen_pair, widen_words};
use crate::blob::PackedConv2d;
use crate::index;

/// int8 values of a word.
const LANES: usize = 4;
/// int16 from two columns of a pixel to the next two.
const PITCH: usize = 4;

/// int16 of the columns of a pixel of three runs of [`NINE`], but for the other pixel's behind the last
/// pair.
const NINE_LEN: usize = 28 * 2 - 2;

/// How the runs of a pixel lie in an input.
pub(super) struct Gather<'a> {
    input: &'a [i8],
    /// Room for the values of one pixel, where taps of some lie outside of the input.
    patch: &'a mut [i8],
    columns: Columns,
    axes: [Axis; 2],
    zero_point: i8,
    in_w: usize,
    in_c: usize,
    /// Rows and columns of the kernel.
    kernel: [usize; 2],
    /// Runs of a row: one, or one for each tap where they are apart.
    row_runs: usize,
    /// Bytes from one row of a kernel to the next, and from one tap of a row to the next.
    between_rows: usize,
    between_taps: usize,
}

impl<'a> Gather<'a> {
    pub(super) fn new(
        params: &PackedConv2d,
        columns: Columns,
        input: &'a [i8],
        patch: &'a mut [i8],
    ) -> Self {
        let window = &params.window;
        let (in_w, in_c) = (index(window.in_w), index(params.in_c));
        Self {
            input,
            patch,
            columns,
            axes: [Axis::rows(window), Axis::columns(window)],
            zero_point: narrow(params.input_zero_point),
            in_w,
            in_c,
            kernel: [index(window.kernel_h), index(window.kernel_w)],
            row_runs: index(columns.runs / window.kernel_h),
            between_rows: index(window.dilation_h) * in_w * in_c,
            between_taps: index(window.dilation_w) * in_c,
        }
    }

    pub(super) fn rows(&self, y: usize) -> Taps {
        self.axes[0].taps(y)
    }

    /// Fills the columns of the pixel of this column of the output, `x` from its first one on.
    #[inline]
    pub(super) fn pixel(&mut self, rows: Taps, column: usize, x: &mut [i16]) {
        let columns = self.axes[1].taps(column);
        let corner = (rows.input * self.in_w + columns.input) * self.in_c;
        if [rows.count, columns.count] != self.kernel {
            self.fill_patch(rows, columns, corner);
            let (runs, stride) = (index(self.columns.runs), index(self.columns.run_len));
            return widen_runs(self.columns, 0, runs, self.patch, stride, x);
        }
        let input = &self.input[corner..];
        if self.row_runs == 1 {
            let rows = self.kernel[0];
            return widen_runs(self.columns, 0, rows, input, self.between_rows, x);
        }
        for row in 0..self.kernel[0] {
            let first = row * self.row_runs;
            let input = &input[row * self.between_rows..];
            widen_runs(
                self.columns,
                first,
                self.row_runs,
                input,
                self.between_taps,
                x,
            );
        }
    }

    /// The values of a pixel some of whose taps lie outside of the input.
    #[inline(never)]
    fn fill_patch(&mut self, rows: Taps, columns: Taps, corner: usize) {
        self.patch.fill(self.zero_point);
        // Where taps lie side by side, those of a row are one piece.
        let (pieces, len) = match self.row_runs {
            1 => (1, columns.count * self.in_c),
            _ => (columns.count, self.in_c),
        };
        if len == 0 {
            return;
        }
        for row in 0..rows.count {
            let from = corner + row * self.between_rows;
            let to = ((rows.tap + row) * self.kernel[1] + columns.tap) * self.in_c;
            for piece in 0..pieces {
                let values = &self.input[from + piece * self.between_taps..][..len];
                let into = &mut self.patch[to + piece * self.in_c..][..len];
                for (into, &value) in into.iter_mut().zip(values) {
                    *into = value;
                }
            }
        }
    }
}

/// Widens runs from the `first` on, which begin with `values` and are `stride` apart, into the columns of a
/// pixel, `x` from its first one on.
#[inline]
fn widen_runs(
    columns: Columns,
    first: usize,
    runs: usize,
    values: &[i8],
    stride: usize,
    x: &mut [i16],
) {
    let (words, run_len) = (index(columns.run_words()), index(columns.run_len));
    let values = &values[..(runs - 1) * stride + run_len];
    if (columns.runs, runs, run_len) == (3, 3, NINE) {
        let x = &mut x[..NINE_LEN];
        // SAFETY: three runs of as many values; `x` is all columns of a pixel, aligned as below.
        return unsafe { widen_nines(values.as_ptr(), x.as_mut_ptr(), stride) };
    }
    if words > 0 {
        let x = &mut x[first * words * 2 * PITCH..][..runs * words * 2 * PITCH - 2];
        let (from, to) = (values.as_ptr(), x.as_mut_ptr());
        // SAFETY: `words` and `runs` are not 0. `values` are all bytes from the first run's first to the last
        // run's last, of which the words are a part. `x` is 8 int16 for each word, but for those of the
        // other pixel behind the last pair; a scratch is 4-byte aligned, and a pixel starts at an even
        // int16 of it.
        unsafe {
            match words {
                1 => widen_words(from, to, runs, stride),
                _ => widen(from, to, words, runs, stride),
            }
        }
    }
    if words * LANES < run_len {
        widen_rests(columns, first, values, stride, x);
    }
}

/// What is left of runs behind their whole words.
#[inline]
fn widen_rests(columns: Columns, first: usize, values: &[i8], stride: usize, x: &mut [i16]) {
    let (words_len, run_len) = (index(columns.run_words()) * LANES, index(columns.run_len));
    // They lie one after the other behind the words of all runs.
    let mut column = columns.column(first, words_len);
    for run in values.chunks(stride.max(run_len)) {
        for &value in &run[words_len..run_len] {
            if let Some(x) = x.get_mut(column / 2 * PITCH + column % 2) {
                *x = value.into();
            }
            column += 1;
        }
    }
}

/// Widens input pixels side by side, which are what an output pixel of a kernel of one tap sees.
///
/// `values` are the pixel's or the two pixels', and `x` all columns.
#[inline]
pub(super) fn widen_pixels(columns: Columns, [first, second]: [&[i8]; 2], x: &mut [i16]) {
    let words = index(columns.run_words());
    if words > 0 {
        let x = &mut x[..words * 2 * PITCH];
        // SAFETY: `words` is not 0, each pixel has as many words, and `x` 8 int16 for each.
        unsafe { widen_pair(first.as_ptr(), second.as_ptr(), x.as_mut_ptr(), words) };
    }
    if words * LANES < index(columns.run_len) {
        widen_rests(columns, 0, first, 0, x);
        widen_rests(columns, 0, second, 0, &mut x[2..]);
    }
}

/// A zero point, which `parse` has proven to be an int8.
#[expect(clippy::as_conversions, reason = "of int8 range")]
const fn narrow(zero_point: i32) -> i8 {
    zero_point as i8
}
