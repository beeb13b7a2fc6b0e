//! The range that loses the least information.
#![expect(clippy::as_conversions, reason = "counts and bin numbers that fit")]

use super::histogram::{Bin, Histogram};
use super::range::Range;

/// Equal parts that the largest magnitude is divided into.
const PARTS: usize = 2048;
/// Distance between thresholds that are tried.
const STEP: usize = 8;
/// Number of quantized values.
const LEVELS: usize = 256;
/// Count that the quantized distribution is given where it has none but the real one does: at an
/// end that is empty but for what was clipped.
const FLOOR: f64 = 1e-4;

/// The range whose quantized distribution diverges least from the real one.
///
/// The calibration of Migacz, "8-bit Inference with TensorRT" (GTC 2017), adapted to asymmetric
/// ranges: a threshold `t` on the magnitude gives the range `-t..t`, less where no values are that
/// far out at one side, and 256 levels are spread over it (there: 128 over the magnitude). The
/// reference distribution is the histogram within the range with what is beyond it added to the
/// bins at the ends; the candidate one is the histogram within the range, each level's mass
/// spread evenly over its non-empty bins. Exact zeros are left out, as they are in no bin.
pub(super) fn range(histogram: &Histogram) -> Range {
    let whole = histogram.range();
    let reach = f64::from(whole.max()).max(-f64::from(whole.min()));
    if reach == 0.0 {
        return whole;
    }
    let counts = resample(histogram, reach);
    // Parts that hold values, on either side of the middle.
    let first = counts.iter().position(|&count| count > 0.0);
    let last = counts.iter().rposition(|&count| count > 0.0);
    let (Some(first), Some(last)) = (first, last) else {
        return whole;
    };
    let (first, end) = (first.min(PARTS), (last + 1).max(PARTS));

    let mut best = (f64::INFINITY, PARTS);
    for threshold in (STEP..=PARTS).rev().step_by(STEP) {
        let low = first.max(PARTS - threshold);
        let high = end.min(PARTS + threshold);
        if high - low < LEVELS {
            break;
        }
        let divergence = divergence(&counts, low, high);
        if divergence < best.0 {
            best = (divergence, threshold);
        }
    }
    let bound = (reach * best.1 as f64 / PARTS as f64) as f32;
    Range::new(whole.min().max(-bound), whole.max().min(bound)).expect("within a finite range")
}

/// The histogram over `-reach..reach` in `2 · PARTS` equal parts.
fn resample(histogram: &Histogram, reach: f64) -> Vec<f64> {
    let mut counts = vec![0.0; 2 * PARTS];
    for Bin { low, high, count } in histogram.bins() {
        let part = (f64::midpoint(low, high) / reach * PARTS as f64).floor() as i64 + PARTS as i64;
        let part = part.clamp(0, 2 * PARTS as i64 - 1) as usize;
        counts[part] += count as f64;
    }
    counts
}

/// Kullback-Leibler divergence of the quantized distribution over parts `low..high` from the real
/// one clipped to them.
fn divergence(counts: &[f64], low: usize, high: usize) -> f64 {
    let inside = &counts[low..high];
    let width = inside.len();
    let below: f64 = counts[..low].iter().sum();
    let above: f64 = counts[high..].iter().sum();
    let total: f64 = below + above + inside.iter().sum::<f64>();
    let kept: f64 = inside.iter().sum();
    if kept == 0.0 {
        return f64::INFINITY;
    }

    let mut sum = 0.0;
    for level in 0..LEVELS {
        let (start, end) = (level * width / LEVELS, (level + 1) * width / LEVELS);
        let members = &inside[start..end];
        let mass: f64 = members.iter().sum();
        let filled = members.iter().filter(|&&count| count > 0.0).count().max(1) as f64;
        for (part, &count) in (start..).zip(members) {
            let mut real = count;
            if part == 0 {
                real += below;
            }
            if part == width - 1 {
                real += above;
            }
            if real > 0.0 {
                let spread = if count > 0.0 { mass / filled } else { FLOOR };
                let (p, q) = (real / total, spread / kept);
                sum += p * (p / q).ln();
            }
        }
    }
    sum
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
    fn a_lone_outlier_is_clipped() {
        let mut random = Random::new(5);
        let mut values: Vec<f32> = (0..100_000).map(|_| random.normal()).collect();
        values.push(40.0);
        let chosen = range(&of(&values));
        assert!(chosen.max() < 10.0 && chosen.max() > 2.5, "{chosen:?}");
        assert!(chosen.min() >= of(&values).range().min() && chosen.min() < -2.5);
    }

    #[test]
    fn a_uniform_distribution_is_kept_whole() {
        let mut random = Random::new(6);
        let values: Vec<f32> = (0..200_000).map(|_| random.within(-1.0, 3.0)).collect();
        let chosen = range(&of(&values));
        assert!(chosen.max() > 2.9 && chosen.min() < -0.99, "{chosen:?}");
    }

    #[test]
    fn divergence_of_an_exactly_representable_distribution_is_zero() {
        // 512 parts in 256 levels, both parts of each level alike.
        let mut counts = vec![0.0; 2 * PARTS];
        for (i, count) in counts[PARTS..PARTS + 512].iter_mut().enumerate() {
            *count = (i / 2 % 7 + 1) as f64;
        }
        assert!(divergence(&counts, PARTS, PARTS + 512).abs() < 1e-12);
        counts[PARTS + 4] += 3.0;
        assert!(divergence(&counts, PARTS, PARTS + 512) > 1e-6);
    }
}
