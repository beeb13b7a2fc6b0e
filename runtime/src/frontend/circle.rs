//! Sines and cosines of an FFT's points, from a quarter of the circle.

use core::ops::Neg;

/// `sin(2 pi k / n)` for `k` from 0 to `n / 4`, none negative; `n` is a power of two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circle<'a, T> {
    quarter: &'a [T],
    /// `n / 4` is two to the power of this.
    quarter_log2: u32,
}

impl<'a, T: Copy + Neg<Output = T>> Circle<'a, T> {
    /// `quarter` has `n / 4 + 1` entries.
    pub(crate) fn new(quarter: &'a [T]) -> Self {
        Self {
            quarter,
            quarter_log2: quarter.len().ilog2(),
        }
    }

    /// Cosine and sine of `2 pi k / n`, for `k` below `n`.
    #[inline]
    pub(crate) fn at(self, k: usize) -> (T, T) {
        let quarter = 1 << self.quarter_log2;
        let within = k & (quarter - 1);
        let (sin, cos) = (self.quarter[within], self.quarter[quarter - within]);
        match (k >> self.quarter_log2) & 3 {
            0 => (cos, sin),
            1 => (-sin, cos),
            2 => (-cos, -sin),
            _ => (sin, -cos),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::f64::consts::TAU;

    #[test]
    fn every_point_of_the_circle_comes_from_the_quarter() {
        let quarter: std::vec::Vec<f64> = (0..=16_u8)
            .map(|k| (TAU * f64::from(k) / 64.0).sin())
            .collect();
        let circle = Circle::new(&quarter);
        for k in 0..64_u8 {
            let angle = TAU * f64::from(k) / 64.0;
            let (cos, sin) = circle.at(k.into());
            assert!((cos - angle.cos()).abs() < 1e-12, "{k}");
            assert!((sin - angle.sin()).abs() < 1e-12, "{k}");
        }
    }
}
