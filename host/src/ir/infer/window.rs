//! The geometry of sliding windows.

use super::InferError;
use crate::ir::Window2d;

/// Largest kernel, stride, dilation or padding; beyond it, a model file is damaged.
const MAX_WINDOW: usize = 1 << 20;

impl Window2d {
    /// Rows and columns of the output for so many rows and columns of input:
    /// `floor((input + pads - dilation · (kernel - 1) - 1) / stride) + 1`.
    ///
    /// # Errors
    /// [`InferError::Window`] and [`InferError::WindowTooLarge`].
    pub fn output_size(&self, input: [usize; 2]) -> Result<[usize; 2], InferError> {
        let positive = [
            ("kernel", self.kernel),
            ("stride", self.stride),
            ("dilation", self.dilation),
        ];
        let pads = [
            ("padding before", self.pad_before),
            ("padding after", self.pad_after),
        ];
        let zero = positive.iter().find(|(_, sizes)| sizes.contains(&0));
        if let Some(&(parameter, found)) = zero {
            return Err(InferError::Window {
                parameter,
                expected: "at least 1",
                found,
            });
        }
        let large = |sizes: &[usize; 2]| sizes.iter().any(|&size| size > MAX_WINDOW);
        let all = positive.iter().chain(&pads);
        if let Some(&(parameter, found)) = all.clone().find(|(_, sizes)| large(sizes)) {
            return Err(InferError::Window {
                parameter,
                expected: "at most 1048576",
                found,
            });
        }
        let mut output = [0; 2];
        for axis in 0..2 {
            let padded = input[axis]
                .saturating_add(self.pad_before[axis])
                .saturating_add(self.pad_after[axis]);
            let extent = self.extent(axis);
            if extent > padded {
                return Err(InferError::WindowTooLarge {
                    axis: axis + 1,
                    extent,
                    padded,
                });
            }
            output[axis] = (padded - extent) / self.stride[axis] + 1;
        }
        Ok(output)
    }

    /// Elements from the first tap to the last on an axis (0: rows, 1: columns).
    fn extent(&self, axis: usize) -> usize {
        self.dilation[axis]
            .saturating_mul(self.kernel[axis] - 1)
            .saturating_add(1)
    }

    /// Checks that every window covers at least one element of the input: else a pool has nothing
    /// to choose from. Dilated taps can step over a small input.
    pub(super) fn check_covers(
        &self,
        input: [usize; 2],
        output: [usize; 2],
    ) -> Result<(), InferError> {
        for axis in 0..2 {
            let pad = self.pad_before[axis];
            let covers = |index: usize| {
                // In coordinates of the padded input, which start `pad` before the input.
                let start = index * self.stride[axis];
                let skipped = pad.saturating_sub(start).div_ceil(self.dilation[axis]);
                skipped < self.kernel[axis]
                    && start + skipped * self.dilation[axis] < pad + input[axis]
            };
            // A window that starts inside the input covers its first element, so only those that
            // start before it, and the last one, can be empty.
            let before = pad.div_ceil(self.stride[axis]).min(output[axis]);
            let mut doubtful = (0..before).chain(std::iter::once(output[axis] - 1));
            if let Some(window) = doubtful.find(|&index| !covers(index)) {
                return Err(InferError::EmptyWindow {
                    axis: axis + 1,
                    window,
                });
            }
        }
        Ok(())
    }
}
