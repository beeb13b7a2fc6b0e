//! What filters see at an output pixel, widened into the columns of one of two pixels.
#![expect(unsafe_code, reason = "calls assembly")]

use super::super::super::{Axis, Taps};
use super::super::columns::Columns;
use super::widen::widen;
use crate::blob::{PackedConv2d, Window2d};
use crate::index;

/// int8 values of a word.
const LANES: usize = 4;
/// int16 from two columns of a pixel to the next two.
const PITCH: usize = 4;

/// How the runs of a pixel lie in an input.
pub(super) struct Gather<'a> {
    input: &'a [i8],
    columns: Columns,
    axes: [Axis; 2],
    zero_point: i8,
    is_pointwise: bool,
    in_w: usize,
    in_c: usize,
    /// Kernel rows, and runs of a row: one, or one for each tap where they are apart.
    kernel_h: usize,
    row_runs: usize,
    kernel_w: usize,
    /// Bytes from one row of a kernel to the next, and from one run of a row to the next.
    between_rows: usize,
    between_runs: usize,
}

impl<'a> Gather<'a> {
    pub(super) fn new(params: &PackedConv2d, columns: Columns, input: &'a [i8]) -> Self {
        let window = &params.window;
        let (in_w, in_c) = (index(window.in_w), index(params.in_c));
        Self {
            input,
            columns,
            axes: [Axis::rows(window), Axis::columns(window)],
            zero_point: narrow(params.input_zero_point),
            is_pointwise: is_pointwise(window),
            in_w,
            in_c,
            kernel_h: index(window.kernel_h),
            row_runs: index(columns.runs / window.kernel_h),
            kernel_w: index(window.kernel_w),
            between_rows: index(window.dilation_h) * in_w * in_c,
            between_runs: index(window.dilation_w) * in_c,
        }
    }

    pub(super) fn rows(&self, y: usize) -> Taps {
        self.axes[0].taps(y)
    }

    /// Whether every output pixel sees the one input pixel that lies where it does.
    pub(super) fn is_pointwise(&self) -> bool {
        self.is_pointwise
    }

    /// Fills the columns of an output pixel that sees one input pixel, `x` from its first one on.
    #[inline]
    pub(super) fn point(&self, pixel: usize, x: &mut [i16]) {
        self.runs(0, 1, pixel * self.in_c, 0, x);
    }

    /// Fills the columns of the pixel of this column of the output.
    #[inline]
    pub(super) fn pixel(&self, rows: Taps, column: usize, x: &mut [i16]) {
        let columns = self.axes[1].taps(column);
        let corner = (rows.input * self.in_w + columns.input) * self.in_c;
        if rows.count < self.kernel_h || columns.count < self.kernel_w {
            return self.border(rows, columns, corner, x);
        }
        if self.row_runs == 1 {
            return self.runs(0, self.kernel_h, corner, self.between_rows, x);
        }
        for row in 0..self.kernel_h {
            let first = row * self.row_runs;
            let at = corner + row * self.between_rows;
            self.runs(first, self.row_runs, at, self.between_runs, x);
        }
    }

    /// Whole runs from the `first` on, the first of them at `at` of the input.
    #[inline]
    fn runs(&self, first: usize, runs: usize, at: usize, stride: usize, x: &mut [i16]) {
        let (words, run_len) = (index(self.columns.run_words()), index(self.columns.run_len));
        let values = &self.input[at..][..(runs - 1) * stride + run_len];
        if words > 0 {
            let columns = &mut x[first * words * 2 * PITCH..][..runs * words * 2 * PITCH - 2];
            // SAFETY: `words` and `runs` are not 0. `values` are all bytes from the first run's first to the
            // last run's last, of which the words are a part. `columns` are 8 int16 for each word,
            // but for those of the other pixel behind the last pair; an activation's scratch is 4-byte
            // aligned, and a pixel starts at an even int16 of it.
            unsafe {
                widen(values.as_ptr(), columns.as_mut_ptr(), words, runs, stride);
            }
        }
        for at in words * LANES..run_len {
            for (run, &value) in values[at..]
                .iter()
                .step_by(stride.max(1))
                .take(runs)
                .enumerate()
            {
                self.set(first + run, at, value, x);
            }
        }
    }

    /// A pixel some of whose taps lie outside of the input.
    #[inline(never)]
    fn border(&self, rows: Taps, columns: Taps, corner: usize, x: &mut [i16]) {
        let run_len = index(self.columns.run_len);
        for run in 0..index(self.columns.runs) {
            let (row, tap) = (run / self.row_runs, run % self.row_runs);
            let is_row = (rows.tap..rows.tap + rows.count).contains(&row);
            // The part of the run that lies inside, and where it is found.
            let (from, len, at) = match (is_row, self.row_runs) {
                (false, _) => (0, 0, 0),
                (true, 1) => (columns.tap * self.in_c, columns.count * self.in_c, 0),
                (true, _) => match tap.checked_sub(columns.tap) {
                    Some(by) if by < columns.count => (0, run_len, by * self.between_runs),
                    Some(_) | None => (0, 0, 0),
                },
            };
            let row = row.saturating_sub(rows.tap) * self.between_rows;
            let inside = if len > 0 {
                &self.input[corner + row + at..][..len]
            } else {
                &[]
            };
            self.partial(run, from, inside, x);
        }
    }

    /// One run, of which `inside` is what lies inside, from its `from`th value on.
    fn partial(&self, run: usize, from: usize, inside: &[i8], x: &mut [i16]) {
        let run_len = index(self.columns.run_len);
        let words_len = index(self.columns.run_words()) * LANES;
        let to = from + inside.len();
        let is_whole = self.in_c.is_multiple_of(LANES);
        if is_whole && words_len > 0 {
            let columns = &mut x[run * words_len * 2..][..words_len * 2 - 2];
            let zero_point = i16::from(self.zero_point);
            fill(&mut columns[..from * 2], zero_point);
            fill(columns.get_mut(to * 2..).unwrap_or_default(), zero_point);
            if !inside.is_empty() {
                let columns = &mut columns[from * 2..][..inside.len() * 2 - 2];
                // SAFETY: `inside` is whole words, at least one, and `columns` 8 int16 for each but for
                // those of the other pixel behind the last pair, aligned as in `runs`.
                unsafe {
                    widen(
                        inside.as_ptr(),
                        columns.as_mut_ptr(),
                        inside.len() / LANES,
                        1,
                        0,
                    );
                }
            }
            return;
        }
        for at in 0..run_len {
            let value = match at.checked_sub(from) {
                Some(at) => inside.get(at).copied().unwrap_or(self.zero_point),
                None => self.zero_point,
            };
            self.set(run, at, value, x);
        }
    }

    /// One value.
    #[inline]
    fn set(&self, run: usize, at: usize, value: i8, x: &mut [i16]) {
        let column = self.columns.column(run, at);
        x[column / 2 * PITCH + column % 2] = value.into();
    }
}

fn is_pointwise(window: &Window2d) -> bool {
    [
        window.kernel_h,
        window.kernel_w,
        window.stride_h,
        window.stride_w,
    ] == [1; 4]
        && [window.pad_top, window.pad_left] == [0; 2]
        && [window.in_h, window.in_w] == [window.out_h, window.out_w]
}

/// Columns of one of two pixels.
fn fill(columns: &mut [i16], value: i16) {
    for pitch in columns.chunks_mut(PITCH) {
        if let Some(pair) = pitch.first_chunk_mut() {
            *pair = [value; 2];
        }
    }
}

/// A zero point, which `parse` has proven to be an int8.
#[expect(clippy::as_conversions, reason = "of int8 range")]
const fn narrow(zero_point: i32) -> i8 {
    zero_point as i8
}
