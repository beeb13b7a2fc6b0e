//! What a classifier's int8 output says: the best classes and how sure it is.
//!
//! Floating point, and so outside the integer path: a firmware calls it after a run, on a handful
//! of values.

use crate::blob::Port;
use heapless::Vec;
use micromath::F32Ext;

/// A class and its probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    /// Place in the output, and among [`crate::Model::labels`].
    pub index: usize,
    /// In `0.0..=1.0`.
    pub probability: f32,
}

/// What the values of an output are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scores {
    /// Probabilities: the model ends in a softmax or a sigmoid.
    Probabilities,
    /// Logits: the softmax is taken here.
    Logits,
}

/// The `N` best classes, best first, equal ones by their place; fewer if there are fewer.
///
/// `values` is an output of the model, `port` its description. Probabilities of logits are
/// `exp((q - q_max) * scale)` over the sum of the same, with micromath's `exp`: within 0.01 of the
/// exact softmax (a test goes through it).
#[must_use]
pub fn top<const N: usize>(values: &[i8], port: &Port<'_>, scores: Scores) -> Vec<Class, N> {
    let mut best: Vec<(usize, i8), N> = Vec::new();
    for (index, &value) in values.iter().enumerate() {
        let place = best
            .iter()
            .position(|&(_, other)| value > other)
            .unwrap_or(best.len());
        if best.is_full() && place < N {
            best.pop();
        }
        // Where the list is full of better ones, there is no place left.
        let _ = best.insert(place, (index, value));
    }
    let highest = best.first().map_or(0, |&(_, value)| value);
    let total = match scores {
        Scores::Probabilities => 1.0,
        Scores::Logits => values
            .iter()
            .map(|&value| share(value, highest, port.scale))
            .sum(),
    };
    let probability = |value: i8| match scores {
        Scores::Probabilities => {
            real(i32::from(value) - port.zero_point, port.scale).clamp(0.0, 1.0)
        }
        Scores::Logits => share(value, highest, port.scale) / total,
    };
    best.iter()
        .map(|&(index, value)| Class {
            index,
            probability: probability(value),
        })
        .collect()
}

/// `exp((q - highest) * scale)`, in `0.0..=1.0`.
fn share(q: i8, highest: i8, scale: f32) -> f32 {
    F32Ext::exp(real(i32::from(q) - i32::from(highest), scale)).clamp(0.0, 1.0)
}

/// `steps * scale`.
#[expect(clippy::as_conversions, reason = "at most nine bits, exact in f32")]
fn real(steps: i32, scale: f32) -> f32 {
    steps as f32 * scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::{DType, Shape, Span};

    fn port(scale: f32, zero_point: i32) -> Port<'static> {
        Port {
            name: "scores",
            span: Span { offset: 0, len: 0 },
            dtype: DType::I8,
            shape: Shape::new(),
            source_axes: Vec::new(),
            scale,
            zero_point,
        }
    }

    fn indices<const N: usize>(values: &[i8]) -> std::vec::Vec<usize> {
        let classes = top::<N>(values, &port(1.0, 0), Scores::Logits);
        classes.iter().map(|class| class.index).collect()
    }

    #[test]
    fn the_best_come_first_and_equal_ones_by_place() {
        assert_eq!(indices::<3>(&[1, 5, -3, 5, 2]), [1, 3, 4]);
        assert_eq!(indices::<3>(&[7]), [0]);
        assert_eq!(indices::<1>(&[-128, -128]), [0]);
        assert_eq!(indices::<2>(&[]), [0; 0]);
        assert_eq!(indices::<0>(&[1, 2]), [0; 0]);
    }

    #[test]
    fn probabilities_are_taken_as_they_are() {
        let classes = top::<2>(
            &[-128, 127, -64],
            &port(1.0 / 256.0, -128),
            Scores::Probabilities,
        );
        assert_eq!(
            classes[0],
            Class {
                index: 1,
                probability: 255.0 / 256.0
            }
        );
        assert_eq!(
            classes[1],
            Class {
                index: 2,
                probability: 0.25
            }
        );
    }

    #[test]
    fn logits_come_within_a_hundredth_of_the_exact_softmax() {
        let mut worst = 0.0_f64;
        for scale in [0.001_f32, 0.01, 0.05, 0.1, 0.3, 1.0, 10.0] {
            for spread in 1..=127_i8 {
                let values: std::vec::Vec<i8> = (0..10)
                    .map(|k| i8::try_from(i32::from(spread) * (k % 4) / 3 - 40).unwrap())
                    .collect();
                let exact = |q: i8| (f64::from(q) * f64::from(scale)).exp();
                let total: f64 = values.iter().map(|&q| exact(q)).sum();
                for class in top::<10>(&values, &port(scale, 3), Scores::Logits) {
                    let expected = exact(values[class.index]) / total;
                    worst = worst.max((f64::from(class.probability) - expected).abs());
                }
            }
        }
        assert!(worst < 0.01, "{worst}");
        assert!(worst > 0.0, "an approximation was compared");
    }
}
