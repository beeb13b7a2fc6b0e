//! The range with the smallest expected squared error.
#![expect(
    clippy::as_conversions,
    reason = "counts as f64, and f64 bounds as f32"
)]

use super::histogram::{Bin, Histogram};
use super::range::Range;

/// Candidates for a bound: the extreme value times `2^(-i / 16)`, down to a 1024th.
const CANDIDATES: i32 = 161;
const PER_OCTAVE: f64 = 16.0;

/// The range, among a grid of candidates for both bounds, with the smallest
/// `Σ count · error²`, where a value within the range has the expected squared error of rounding,
/// `step² / 12`, and one beyond it that of clipping, `(x - bound)²`.
///
/// The criterion of Nagel et al., "A White Paper on Neural Network Quantization" (2021), section
/// 3.1, with the rounding error in expectation. The whole range is a candidate.
pub(super) fn range(histogram: &Histogram) -> Range {
    let whole = histogram.range();
    if whole == Range::ZERO {
        return whole;
    }
    let bins: Vec<Bin> = histogram.bins().collect();
    let high = Tail::candidates(f64::from(whole.max()), bins.iter().rev());
    let low = Tail::candidates(f64::from(whole.min()), bins.iter());
    let count: f64 = bins.iter().map(|bin| bin.count as f64).sum();

    let mut best = (f64::INFINITY, 0.0, 0.0);
    for low in &low {
        for high in &high {
            let step = (high.bound - low.bound) / 255.0;
            let inside = count - low.count - high.count;
            let error = inside * step * step / 12.0 + low.error + high.error;
            if error < best.0 {
                best = (error, low.bound, high.bound);
            }
        }
    }
    Range::new(best.1 as f32, best.2 as f32).expect("candidates are finite")
}

/// What a bound clips.
struct Tail {
    bound: f64,
    /// Values beyond the bound.
    count: f64,
    /// Their squared distances from it.
    error: f64,
}

impl Tail {
    /// The candidates for one bound, from the outermost in; `bins` come from there too.
    fn candidates<'a>(extreme: f64, mut bins: impl Iterator<Item = &'a Bin>) -> Vec<Self> {
        if extreme == 0.0 {
            return vec![Self {
                bound: 0.0,
                count: 0.0,
                error: 0.0,
            }];
        }
        // Moments of what is beyond, about the last bound, so that nothing cancels.
        let (mut count, mut first, mut second) = (0.0, 0.0, 0.0);
        let mut next = bins.next();
        let mut last = extreme;
        (0..CANDIDATES)
            .map(|i| {
                let bound = extreme * (f64::from(-i) / PER_OCTAVE).exp2();
                let moved = last - bound;
                second += moved * (2.0 * first + moved * count);
                first += moved * count;
                last = bound;
                while let Some(bin) = next {
                    let distance = f64::midpoint(bin.low, bin.high) - bound;
                    if distance * extreme <= 0.0 {
                        break;
                    }
                    let values = bin.count as f64;
                    count += values;
                    first += values * distance;
                    second += values * distance * distance;
                    next = bins.next();
                }
                Self {
                    bound,
                    count,
                    error: second,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::oracle::Random;
    use crate::quantize::graph::QuantParams;

    /// The true error of quantizing these values.
    fn error(values: &[f32], range: Range) -> f64 {
        let params = QuantParams::from_range(range);
        values
            .iter()
            .map(|&x| {
                let x = f64::from(x);
                (params.dequantize(params.quantize(x)) - x).powi(2)
            })
            .sum()
    }

    #[test]
    fn close_to_the_best_of_an_exhaustive_search() {
        let mut random = Random::new(4);
        for case in 0..6 {
            let power = 1 + case % 3 * 2;
            let values: Vec<f32> = (0..3000)
                .map(|_| random.normal().powi(power) + 0.3)
                .map(|x| if case < 3 { x.max(0.0) } else { x })
                .collect();
            let mut histogram = Histogram::default();
            histogram.add(&values).unwrap();
            let whole = histogram.range();
            let chosen = error(&values, range(&histogram));
            let mut best = f64::INFINITY;
            for i in 1..=60 {
                for j in 1..=60 {
                    let part = |bound: f32, n: i32| bound * n as f32 / 60.0;
                    let candidate = Range::new(part(whole.min(), i), part(whole.max(), j)).unwrap();
                    best = best.min(error(&values, candidate));
                }
            }
            assert!(
                chosen <= 1.05 * best,
                "case {case}: {chosen} against {best}"
            );
        }
    }

    #[test]
    fn a_laplace_distribution_is_clipped_where_theory_says() {
        // Banner et al., "Post training 4-bit quantization" (2019): 9.89 b for 8 bits.
        let mut random = Random::new(7);
        let mut histogram = Histogram::default();
        for _ in 0..400 {
            let mut laplace =
                || (random.unit().max(1e-9)).ln() * if random.unit() < 0.5 { 1.0 } else { -1.0 };
            let values: Vec<f32> = (0..1000).map(|_| laplace()).collect();
            histogram.add(&values).unwrap();
        }
        let range = range(&histogram);
        for bound in [range.max(), -range.min()] {
            assert!((9.0..10.8).contains(&bound), "{range:?}");
        }
        assert!(histogram.range().max() > 11.5);
    }
}
