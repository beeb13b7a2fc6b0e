//! Classification accuracy.

use crate::data::{Array, Elements};
use serde::Serialize;

/// An output that does not tell classes.
#[derive(Debug, thiserror::Error)]
#[error(
    "accuracy needs one vector of class scores for each sample, the output has shape {shape:?}"
)]
pub struct NotScores {
    /// Shape of the output.
    shape: Vec<usize>,
}

/// The class with the highest score of each sample; the first of equals.
pub fn classes(scores: &Array) -> Result<Vec<usize>, NotScores> {
    let wrong = || NotScores {
        shape: scores.shape.clone(),
    };
    let (&samples, rest) = scores.shape.split_first().ok_or_else(wrong)?;
    let classes = rest.iter().product::<usize>();
    // Class scores may keep axes of one, as convolutional heads leave them.
    if classes < 2 || !rest.contains(&classes) {
        return Err(wrong());
    }
    let Elements::F32(values) = &scores.elements else {
        return Err(wrong());
    };
    let best = |scores: &[f32]| {
        let mut best = 0;
        for (class, score) in scores.iter().enumerate() {
            if *score > scores[best] {
                best = class;
            }
        }
        best
    };
    let found: Vec<_> = values.chunks_exact(classes).map(best).collect();
    assert_eq!(found.len(), samples, "an array's elements fill its shape");
    Ok(found)
}

/// How often a model is right.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Accuracy {
    /// The arithmetic that was used.
    pub arithmetic: &'static str,
    /// Right answers.
    pub correct: usize,
    /// Samples.
    pub samples: usize,
    /// Right answers in percent.
    pub percent: f64,
    /// 95 % interval of the percentage, Wilson's score interval.
    pub interval_percent: [f64; 2],
}

impl Accuracy {
    /// Compares answers with labels.
    #[expect(clippy::as_conversions, reason = "counts of samples are exact in f64")]
    pub fn of(arithmetic: &'static str, found: &[usize], labels: &[usize]) -> Self {
        let correct = found
            .iter()
            .zip(labels)
            .filter(|(found, label)| found == label)
            .count();
        let samples = labels.len();
        let (right, n) = (correct as f64, samples as f64);
        let share = right / n;
        // Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
        let z = 1.959_964;
        let center = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let half =
            z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        Self {
            arithmetic,
            correct,
            samples,
            percent: 100.0 * share,
            interval_percent: [100.0 * (center - half), 100.0 * (center + half)],
        }
    }
}

impl std::fmt::Display for Accuracy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [low, high] = self.interval_percent;
        write!(
            f,
            "accuracy {:.2} % ({} of {}, 95 % interval {low:.2} … {high:.2} %), {}",
            self.percent, self.correct, self.samples, self.arithmetic
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // Newcombe, Statistics in Medicine 1998, table I: 81 of 263.
        let accuracy = Accuracy::of("x", &[0; 263], &[[0; 81].as_slice(), &[1; 182]].concat());
        let [low, high] = accuracy.interval_percent;
        assert!(
            (low - 25.53).abs() < 0.01 && (high - 36.62).abs() < 0.01,
            "{low} {high}"
        );
    }

    #[test]
    fn classes_may_keep_axes_of_one() {
        let scores = Array::f32(vec![2, 3, 1, 1], vec![0.0, 2.0, 2.0, 5.0, 1.0, 2.0]);
        assert_eq!(classes(&scores).expect("scores"), [1, 0]);
        assert!(classes(&Array::f32(vec![1, 2, 2], vec![0.0; 4])).is_err());
        assert!(classes(&Array::f32(vec![4, 1], vec![0.0; 4])).is_err());
    }
}
