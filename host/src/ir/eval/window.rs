//! Which taps of a sliding window meet the input.

use crate::ir::Window2d;
use candle_core::{Error, Result};
use std::ops::Range;

/// All windows over an input.
pub(super) struct Windows {
    rows: Vec<Taps>,
    columns: Vec<Taps>,
}

impl Windows {
    /// The windows over so many rows and columns.
    pub(super) fn new(window: &Window2d, input: [usize; 2]) -> Result<Self> {
        let [rows, columns] = window.output_size(input).map_err(Error::wrap)?;
        let taps = |axis: usize, count: usize| {
            (0..count)
                .map(|index| Taps::new(window, axis, index, input[axis]))
                .collect()
        };
        Ok(Self {
            rows: taps(0, rows),
            columns: taps(1, columns),
        })
    }

    /// Rows and columns of the output.
    pub(super) fn output_size(&self) -> [usize; 2] {
        [self.rows.len(), self.columns.len()]
    }

    /// The taps down and across of every output, row-major.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Taps, &Taps)> {
        let rows = self.rows.iter();
        rows.flat_map(|down| self.columns.iter().map(move |across| (down, across)))
    }
}

/// The taps of one window on one axis that lie in the input.
pub(super) struct Taps {
    /// The taps; empty if the window lies in the padding alone.
    pub(super) inside: Range<usize>,
    /// Position of tap 0 in the padded input.
    start: usize,
    pad: usize,
    dilation: usize,
}

impl Taps {
    /// `axis`: 0 for rows, 1 for columns.
    fn new(window: &Window2d, axis: usize, index: usize, size: usize) -> Self {
        let start = index * window.stride[axis];
        let pad = window.pad_before[axis];
        let dilation = window.dilation[axis];
        let kernel = window.kernel[axis];
        // The input is `pad..pad + size` of the padded input.
        let first = pad.saturating_sub(start).div_ceil(dilation).min(kernel);
        let end = (pad + size).saturating_sub(start).div_ceil(dilation);
        Self {
            inside: first..end.clamp(first, kernel),
            start,
            pad,
            dilation,
        }
    }

    /// Input position of a tap inside.
    pub(super) fn position(&self, tap: usize) -> usize {
        self.start + tap * self.dilation - self.pad
    }
}
