//! How far two computations of the same numbers are apart.

use super::form::Values;
use serde::Serialize;

/// How far a layer of one form is from that of another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Numbers that were compared, over all samples.
    pub elements: usize,
    /// `10 · log10(Σ a² / Σ (a - b)²)`, in decibel; none where nothing differs.
    pub sqnr_db: Option<f64>,
    /// Whether all numbers are the same: bit for bit where both forms have integers of one scale and
    /// zero point, as real numbers otherwise.
    pub is_equal: bool,
    /// Whether both forms have integers of one scale and zero point.
    pub is_bitwise: bool,
    /// Largest `|a - b|`, as real numbers.
    pub max_difference: f64,
    /// The same in steps of the integers; of the second form's where both have some. None if neither
    /// has.
    pub max_difference_lsb: Option<f64>,
}

/// [`Difference`] under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    elements: usize,
    signal: f64,
    noise: f64,
    largest: f64,
    step: Option<f64>,
    is_bitwise: bool,
    differs: bool,
}

impl Sum {
    /// Takes a sample of both forms, as many numbers.
    pub(super) fn add(&mut self, a: &Values, b: &Values) {
        self.elements += a.reals.len();
        self.is_bitwise = a.params.is_some() && a.params == b.params;
        self.step = b.params.or(a.params).map(|(scale, _)| f64::from(scale));
        // Numbers that one form has and the other does not.
        self.differs |= a.reals.len() != b.reals.len();
        for (&a, &b) in a.reals.iter().zip(&b.reals) {
            let difference = (a - b).abs();
            self.signal += a * a;
            self.noise += difference * difference;
            // A NaN on either side is a difference.
            self.differs |= difference != 0.0;
            self.largest = if difference.is_nan() {
                f64::INFINITY
            } else {
                self.largest.max(difference)
            };
        }
    }

    pub(super) fn difference(&self) -> Difference {
        let ratio = 10.0 * (self.signal / self.noise).log10();
        Difference {
            elements: self.elements,
            sqnr_db: self.differs.then_some(if ratio.is_nan() {
                f64::NEG_INFINITY
            } else {
                ratio
            }),
            is_equal: !self.differs,
            is_bitwise: self.is_bitwise,
            max_difference: self.largest,
            max_difference_lsb: self.step.map(|step| self.largest / step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(reals: &[f64], params: Option<(f32, i32)>) -> Values {
        Values {
            name: "x".to_owned(),
            reals: reals.to_vec(),
            params,
        }
    }

    #[test]
    fn the_ratio_is_that_of_the_powers() {
        let mut sum = Sum::default();
        let (a, b) = (
            values(&[3.0, 4.0], None),
            values(&[3.0, 4.5], Some((0.25, 0))),
        );
        sum.add(&a, &b);
        let found = sum.difference();
        // 25 over 0.25.
        assert_eq!(found.sqnr_db, Some(20.0));
        assert_eq!(found.max_difference, 0.5);
        assert_eq!(found.max_difference_lsb, Some(2.0));
        assert!(!found.is_equal && !found.is_bitwise);
        sum.add(&a, &a);
        assert_eq!(sum.difference().elements, 4);
        assert!((sum.difference().sqnr_db.unwrap() - 23.010_299).abs() < 1e-5);
    }

    #[test]
    fn what_is_equal_has_no_noise_and_silence_with_noise_has_no_signal() {
        let mut sum = Sum::default();
        let silent = values(&[0.0; 3], Some((1.0, 0)));
        sum.add(&silent, &silent);
        let found = sum.difference();
        assert_eq!(
            (found.sqnr_db, found.is_equal, found.is_bitwise),
            (None, true, true)
        );
        sum.add(&silent, &values(&[0.0, 1.0, 0.0], Some((1.0, 0))));
        assert_eq!(sum.difference().sqnr_db, Some(f64::NEG_INFINITY));
        sum.add(&silent, &values(&[f64::NAN; 3], None));
        assert_eq!(sum.difference().sqnr_db, Some(f64::NEG_INFINITY));
        assert_eq!(sum.difference().max_difference, f64::INFINITY);
    }
}
