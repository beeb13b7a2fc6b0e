//! Which taps of a sliding window meet the input.

use crate::ir::Window2d;
use std::ops::Range;

/// Taps of the window of output `index` on an axis (0: rows, 1: columns) that lie in an input of
/// `size` elements, and the input position of tap 0, which may be before the input.
pub(super) fn taps(window: &Window2d, axis: usize, index: usize, size: usize) -> Taps {
    let start = index * window.stride[axis];
    let pad = window.pad_before[axis];
    let dilation = window.dilation[axis];
    let kernel = window.kernel[axis];
    // Positions in the padded input are at least 0; the input is `pad..pad + size` of them.
    let first = pad.saturating_sub(start).div_ceil(dilation).min(kernel);
    let last = (pad + size).saturating_sub(start).div_ceil(dilation);
    Taps {
        taps: first..last.clamp(first, kernel),
        start,
        pad,
        dilation,
    }
}

/// The taps of one window on one axis that lie in the input.
pub(super) struct Taps {
    /// The taps; empty if the window lies in the padding alone.
    pub(super) taps: Range<usize>,
    start: usize,
    pad: usize,
    dilation: usize,
}

impl Taps {
    /// Input position of one of [`Taps::taps`].
    pub(super) fn position(&self, tap: usize) -> usize {
        self.start + tap * self.dilation - self.pad
    }
}
