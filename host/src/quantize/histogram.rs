//! A streaming histogram whose memory does not grow with the data.
#![expect(
    clippy::as_conversions,
    reason = "bin numbers that fit, checked by `fit`"
)]

use super::range::Range;
use thiserror::Error;

/// Number of bins; at least half of them cover the data (and 0).
const BINS: usize = 4096;

/// A value that cannot be counted.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("{value} at position {position} is not a finite number")]
pub struct NonFinite {
    /// The value: infinite or not a number.
    pub value: f32,
    /// Where it is among the values that were to be counted.
    pub position: usize,
}

/// How often which values occurred.
///
/// The bins are `[k · width, (k + 1) · width)` for consecutive integers `k`, the width the smallest
/// power of two with which 4096 of them cover all values and 0. So the histogram of some data
/// does not depend on the order or the portions in which it came, and 0 is always a bin's edge.
/// Exact zeros, which every quantization represents exactly, are counted apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    min: f32,
    max: f32,
    count: u64,
    zeros: u64,
    grid: Option<Grid>,
}

#[derive(Clone, Debug, PartialEq)]
struct Grid {
    width: f64,
    first: i64,
    counts: Vec<u64>,
}

/// Values that were counted together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bin {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Number of values, none of them 0.
    pub count: u64,
}

impl Histogram {
    /// Counts these values too.
    ///
    /// # Errors
    /// If one is not finite; then none is counted.
    pub fn add(&mut self, values: &[f32]) -> Result<(), NonFinite> {
        if let Some(position) = values.iter().position(|value| !value.is_finite()) {
            let value = values[position];
            return Err(NonFinite { value, position });
        }
        if values.is_empty() {
            return Ok(());
        }
        let (mut min, mut max) = (f32::INFINITY, f32::NEG_INFINITY);
        for &value in values {
            min = min.min(value);
            max = max.max(value);
        }
        if self.count > 0 {
            min = min.min(self.min);
            max = max.max(self.max);
        }
        (self.min, self.max) = (min, max);
        self.count += values.len() as u64;
        if min == 0.0 && max == 0.0 {
            self.zeros += values.len() as u64;
            return Ok(());
        }
        self.fit(f64::from(min.min(0.0)), f64::from(max.max(0.0)));
        self.zeros += self.grid.as_mut().map_or(0, |grid| grid.count(values));
        Ok(())
    }

    /// Makes the bins cover `low..=high`.
    fn fit(&mut self, low: f64, high: f64) {
        let grid = self.grid.get_or_insert_with(|| Grid {
            // Powers of two from the span up; the span is that of f32 values, so this is exact.
            width: power_of_two_below((high - low) / BINS as f64),
            first: 0,
            counts: vec![0; BINS],
        });
        while !covers(grid.width, low, high) {
            grid.double();
        }
        grid.shift_to((low / grid.width).floor() as i64);
    }

    /// Number of values, zeros included.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Number of values that are exactly 0.
    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// The range of everything that was counted, and 0; exact.
    pub fn range(&self) -> Range {
        Range::new(self.min, self.max).expect("only finite values are counted")
    }

    /// The bins that hold anything, from low to high; edges beyond the smallest and the largest
    /// value are moved there.
    pub(super) fn bins(&self) -> impl Iterator<Item = Bin> {
        let (min, max) = (f64::from(self.min), f64::from(self.max));
        self.grid.iter().flat_map(move |grid| {
            (grid.first..)
                .zip(&grid.counts)
                .filter(|(_, count)| **count > 0)
                .map(move |(k, &count)| Bin {
                    low: (k as f64 * grid.width).max(min),
                    high: ((k + 1) as f64 * grid.width).min(max),
                    count,
                })
        })
    }
}

impl Grid {
    /// Counts what is not 0 and returns the number of zeros.
    fn count(&mut self, values: &[f32]) -> u64 {
        // A reciprocal of a power of two is exact.
        let per_unit = 1.0 / self.width;
        let mut zeros = 0;
        for &value in values {
            if value == 0.0 {
                zeros += 1;
            } else {
                let k = (f64::from(value) * per_unit).floor() as i64;
                self.counts[(k - self.first) as usize] += 1;
            }
        }
        zeros
    }

    /// Doubles the width: bin `k` becomes part of bin `floor(k / 2)`.
    fn double(&mut self) {
        let first = self.first >> 1;
        let mut counts = vec![0; BINS];
        for (k, count) in (self.first..).zip(&self.counts) {
            counts[((k >> 1) - first) as usize] += count;
        }
        *self = Self {
            width: self.width * 2.0,
            first,
            counts,
        };
    }

    /// Lets the bins begin at number `first`; what is left out is empty.
    fn shift_to(&mut self, first: i64) {
        if first == self.first {
            return;
        }
        let mut counts = vec![0; BINS];
        for (k, &count) in (self.first..).zip(&self.counts) {
            if count > 0 {
                counts[(k - first) as usize] = count;
            }
        }
        self.first = first;
        self.counts = counts;
    }
}

/// Whether bins of this width cover `low..=high`.
fn covers(width: f64, low: f64, high: f64) -> bool {
    (high / width).floor() - (low / width).floor() < BINS as f64
}

/// The largest power of two that is at most `x`, which is positive and normal.
fn power_of_two_below(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & (0x7ff << 52))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::oracle::Random;

    fn of(values: &[f32]) -> Histogram {
        let mut histogram = Histogram::default();
        histogram.add(values).unwrap();
        histogram
    }

    #[test]
    fn order_and_portions_do_not_matter() {
        let mut random = Random::new(1);
        for case in 0..50 {
            let spread = random.within(0.0, 30.0);
            let mut values: Vec<f32> = (0..300)
                .map(|_| random.normal() * (random.unit() * spread - spread / 2.0).exp())
                .collect();
            values.push(0.0);
            let whole = of(&values);
            let mut streamed = Histogram::default();
            values.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
            for chunk in values.chunks(7) {
                streamed.add(chunk).unwrap();
            }
            assert_eq!(whole, streamed, "case {case}");
        }
    }

    #[test]
    fn every_value_lies_in_its_bin() {
        let mut random = Random::new(2);
        let values: Vec<f32> = (0..5000).map(|_| random.normal() * 3.0).collect();
        let histogram = of(&values);
        let max = f64::from(histogram.max);
        let bins: Vec<Bin> = histogram.bins().collect();
        for bin in &bins {
            let within = |x: &&f32| {
                let x = f64::from(**x);
                x >= bin.low && (x < bin.high || x == bin.high && bin.high == max)
            };
            let expected = values.iter().filter(within).count() as u64;
            assert_eq!(bin.count, expected);
        }
        assert_eq!(bins.iter().map(|bin| bin.count).sum::<u64>(), 5000);
        // Fine enough: at least half of the bins are spread over the range.
        let range = histogram.range();
        let width = histogram.grid.as_ref().unwrap().width;
        assert!(f64::from(range.max() - range.min()) / width > BINS as f64 / 2.0 - 2.0);
    }

    #[test]
    fn zeros_are_counted_apart() {
        let mut histogram = of(&[0.0, -0.0]);
        assert_eq!((histogram.zeros(), histogram.range()), (2, Range::ZERO));
        assert_eq!(histogram.bins().count(), 0);
        histogram.add(&[0.0, 1e-30]).unwrap();
        assert_eq!((histogram.count(), histogram.zeros()), (4, 3));
        assert_eq!(histogram.range().max(), 1e-30);
    }

    #[test]
    fn extremes_fit() {
        let tiny = f32::from_bits(1);
        let mut histogram = of(&[tiny, -tiny]);
        histogram.add(&[f32::MAX, -f32::MAX]).unwrap();
        assert_eq!(histogram.bins().map(|bin| bin.count).sum::<u64>(), 4);
        assert_eq!(histogram.range().min(), -f32::MAX);
    }

    #[test]
    fn what_is_not_finite_is_refused_and_not_counted() {
        let mut histogram = of(&[1.0]);
        let before = histogram.clone();
        let nan = histogram.add(&[2.0, f32::NAN]).unwrap_err();
        assert!(nan.value.is_nan() && nan.position == 1);
        let infinite = histogram.add(&[f32::INFINITY]).unwrap_err();
        assert_eq!(infinite.value, f32::INFINITY);
        assert_eq!(histogram, before);
    }
}
