//! Which taps of a sliding window lie inside the input.
#![expect(
    clippy::as_conversions,
    reason = "coordinates are under 2^30, which `Axis::LIMIT` guarantees"
)]

use crate::blob::Window2d;

/// One axis of a sliding window.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    input: i32,
    kernel: i32,
    stride: i32,
    dilation: i32,
    padding: i32,
}

/// The taps of one output coordinate that fall on input values: `count` taps from `tap` on, the
/// first of which reads input coordinate `input`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taps {
    /// First tap.
    pub tap: usize,
    /// Number of taps, which may be 0.
    pub count: usize,
    /// Input coordinate of the first tap; the next is `dilation` further. 0 if there is none.
    pub input: usize,
}

impl Axis {
    /// Largest extent, padding, `(output - 1) * stride` and `(kernel - 1) * dilation`: sums of
    /// any two fit int32. A gigabyte of arena has no use for more.
    pub const LIMIT: u32 = 1 << 28;

    /// The rows. Every value is at most [`Axis::LIMIT`].
    #[must_use]
    pub const fn rows(window: &Window2d) -> Self {
        Self {
            input: window.in_h as i32,
            kernel: window.kernel_h as i32,
            stride: window.stride_h as i32,
            dilation: window.dilation_h as i32,
            padding: window.pad_top as i32,
        }
    }

    /// The columns. Every value is at most [`Axis::LIMIT`].
    #[must_use]
    pub const fn columns(window: &Window2d) -> Self {
        Self {
            input: window.in_w as i32,
            kernel: window.kernel_w as i32,
            stride: window.stride_w as i32,
            dilation: window.dilation_w as i32,
            padding: window.pad_left as i32,
        }
    }

    /// The taps of output coordinate `output`: those `k < kernel` for which
    /// `0 <= output * stride - padding + k * dilation < input`.
    #[inline]
    #[must_use]
    pub const fn taps(&self, output: usize) -> Taps {
        let start = output as i32 * self.stride - self.padding;
        let first = if start < 0 { self.steps(-start) } else { 0 };
        let last = if start < self.input {
            let last = self.steps(self.input - start);
            if last < self.kernel {
                last
            } else {
                self.kernel
            }
        } else {
            0
        };
        if first < last {
            Taps {
                tap: first as usize,
                count: (last - first) as usize,
                input: (start + first * self.dilation) as usize,
            }
        } else {
            Taps {
                tap: 0,
                count: 0,
                input: 0,
            }
        }
    }

    /// `distance / dilation`, rounded up; `distance` is not negative. Cores without a divider take
    /// the first way, which is nearly always theirs.
    #[inline]
    const fn steps(&self, distance: i32) -> i32 {
        if self.dilation == 1 {
            distance
        } else {
            (distance + self.dilation - 1) / self.dilation
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn equals_trying_every_tap() {
        for input in 1..6 {
            for kernel in 1..5 {
                for (stride, dilation) in [(1, 1), (2, 1), (1, 2), (3, 3), (2, 5)] {
                    for padding in 0..7 {
                        let axis = Axis {
                            input,
                            kernel,
                            stride,
                            dilation,
                            padding,
                        };
                        for output in 0..9 {
                            let coordinate = |k: i32| output * stride - padding + k * dilation;
                            let inside: Vec<i32> = (0..kernel)
                                .filter(|&k| (0..input).contains(&coordinate(k)))
                                .collect();
                            let taps = axis.taps(output as usize);
                            assert_eq!(taps.count, inside.len(), "{axis:?} at {output}");
                            if let Some(&first) = inside.first() {
                                assert_eq!(taps.tap, first as usize);
                                assert_eq!(taps.input, coordinate(first) as usize);
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_limit_does_not_overflow() {
        let limit = Axis::LIMIT as i32;
        let axis = Axis {
            input: limit,
            kernel: 2,
            stride: limit,
            dilation: limit,
            padding: limit,
        };
        assert_eq!(axis.taps(0).count, 1);
        assert_eq!(axis.taps(1).count, 1);
    }
}
