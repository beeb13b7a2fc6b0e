//! The ways to choose a range from a histogram.
#![expect(
    clippy::as_conversions,
    reason = "counts as f64, and f64 bounds as f32"
)]

use super::entropy;
use super::histogram::Histogram;
use super::mse;
use super::range::Range;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// How the range of a tensor is chosen from what it was in calibration.
///
/// Named `minmax`, `percentile:99.99`, `mse` and `entropy`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Everything that occurred.
    MinMax,
    /// The smallest range that leaves out at most half of the rest at either end: `Percentile(p)`
    /// cuts `(100 - p) / 2` percent of the values below and as many above, as ONNX Runtime does
    /// for asymmetric ranges. `p` is in `0..=100`, exclusive of 0.
    Percentile(f64),
    /// The range with the smallest expected squared error of rounding and clipping.
    Mse,
    /// The range whose quantized distribution has the smallest Kullback-Leibler divergence from
    /// the real one.
    Entropy,
}

impl Method {
    /// The range that the method chooses; within the range of the histogram.
    pub fn range(self, histogram: &Histogram) -> Range {
        match self {
            Self::MinMax => histogram.range(),
            Self::Percentile(percent) => percentile(histogram, percent),
            Self::Mse => mse::range(histogram),
            Self::Entropy => entropy::range(histogram),
        }
    }
}

/// Bounds are bin edges, so that the cut is at most what was asked, and less by at most a bin.
fn percentile(histogram: &Histogram, percent: f64) -> Range {
    let cut = histogram.count() as f64 * (100.0 - percent) / 200.0;
    let whole = histogram.range();
    let bins: Vec<_> = histogram.bins().collect();
    // A bound never passes 0, so that the zeros of the histogram need no place among the bins.
    let mut below = 0.0;
    let min = bins.iter().take_while(|bin| bin.low < 0.0).find(|bin| {
        below += bin.count as f64;
        below > cut
    });
    let mut above = 0.0;
    let max = bins
        .iter()
        .rev()
        .take_while(|bin| bin.high > 0.0)
        .find(|bin| {
            above += bin.count as f64;
            above > cut
        });
    let min = min.map_or(0.0, |bin| bin.low as f32).max(whole.min());
    let max = max.map_or(0.0, |bin| bin.high as f32).min(whole.max());
    Range::new(min, max).expect("bin edges are finite")
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MinMax => f.write_str("minmax"),
            Self::Percentile(percent) => write!(f, "percentile:{percent}"),
            Self::Mse => f.write_str("mse"),
            Self::Entropy => f.write_str("entropy"),
        }
    }
}

/// A name that is no calibration method.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "unknown calibration method `{0}`: choose minmax, percentile:P with P above 0 and at most 100 \
     (as in percentile:99.99), mse or entropy"
)]
pub struct ParseMethodError(String);

impl FromStr for Method {
    type Err = ParseMethodError;

    fn from_str(name: &str) -> Result<Self, ParseMethodError> {
        let unknown = || ParseMethodError(name.to_owned());
        match name {
            "minmax" => Ok(Self::MinMax),
            "mse" => Ok(Self::Mse),
            "entropy" => Ok(Self::Entropy),
            _ => {
                let percent = name.strip_prefix("percentile:").ok_or_else(unknown)?;
                let percent: f64 = percent.parse().map_err(|_| unknown())?;
                let valid = percent > 0.0 && percent <= 100.0;
                valid
                    .then_some(Self::Percentile(percent))
                    .ok_or_else(unknown)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::oracle::Random;

    const ALL: [Method; 4] = [
        Method::MinMax,
        Method::Percentile(99.9),
        Method::Mse,
        Method::Entropy,
    ];

    fn of(values: &[f32]) -> Histogram {
        let mut histogram = Histogram::default();
        histogram.add(values).unwrap();
        histogram
    }

    #[test]
    fn names_round_trip() {
        for method in ALL {
            assert_eq!(method.to_string().parse(), Ok(method));
        }
        assert_eq!("percentile:99.99".parse(), Ok(Method::Percentile(99.99)));
        for wrong in [
            "",
            "kl",
            "percentile",
            "percentile:0",
            "percentile:101",
            "percentile:NaN",
        ] {
            let error = wrong.parse::<Method>().unwrap_err();
            assert!(error.to_string().contains("percentile:99.99"), "{wrong}");
        }
    }

    #[test]
    fn chosen_ranges_lie_within_what_occurred() {
        let mut random = Random::new(3);
        for case in 0..40 {
            let shift = random.within(-5.0, 5.0);
            let relu = case % 2 == 0;
            let values: Vec<f32> = (0..2000)
                .map(|_| random.normal().powi(3) + shift)
                .map(|x| if relu { x.max(0.0) } else { x })
                .collect();
            let histogram = of(&values);
            let whole = histogram.range();
            for method in ALL {
                let range = method.range(&histogram);
                let inside = range.min() >= whole.min() && range.max() <= whole.max();
                assert!(
                    inside && range != Range::ZERO,
                    "{method}: {range:?} {whole:?}"
                );
            }
        }
    }

    #[test]
    fn few_or_only_zero_values() {
        for method in ALL {
            assert_eq!(method.range(&of(&[0.0; 5])), Range::ZERO, "{method}");
            assert_eq!(
                method.range(&of(&[2.0])),
                Range::new(0.0, 2.0).unwrap(),
                "{method}"
            );
            assert_eq!(
                method.range(&of(&[-2.0])),
                Range::new(-2.0, 0.0).unwrap(),
                "{method}"
            );
        }
    }

    #[test]
    fn percentile_cuts_what_it_says() {
        // 0.5, 1.5, … 999.5, and as many negative ones.
        let values: Vec<f32> = (0..2000).map(|i| i as f32 - 999.5).collect();
        let range = Method::Percentile(98.0).range(&of(&values));
        // 1 % of 2000 values at either end, up to a bin of half a unit.
        assert!((range.max() - 979.5).abs() <= 1.0, "{range:?}");
        assert!((range.min() + 979.5).abs() <= 1.0, "{range:?}");
        assert_eq!(
            Method::Percentile(100.0).range(&of(&values)),
            of(&values).range()
        );
        // Zeros count: 10 outliers of 2010 are more than 0.25 %, of 200010 they are less.
        let mut sparse = vec![1.0; 2000];
        sparse.extend([100.0; 10]);
        let method = Method::Percentile(99.5);
        assert_eq!(method.range(&of(&sparse)).max(), 100.0);
        sparse.extend(vec![0.0; 198_000]);
        assert!(method.range(&of(&sparse)).max() < 1.1);
    }
}
