//! Ranges of real values.

use crate::ir::{Clamp, ValueId};

/// The interval of real values that a quantized tensor represents. It is finite and holds 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    min: f32,
    max: f32,
}

impl Range {
    /// Only 0.
    pub const ZERO: Self = Self { min: 0.0, max: 0.0 };

    /// From `min` to `max`, widened to hold 0; none if a bound is infinite or not a number.
    pub fn new(min: f32, max: f32) -> Option<Self> {
        (min.is_finite() && max.is_finite()).then(|| Self {
            min: min.min(0.0),
            max: max.max(0.0),
        })
    }

    /// The smallest range that holds all the values; none if one is infinite or not a number.
    pub fn of(values: &[f32]) -> Option<Self> {
        values.iter().try_fold(Self::ZERO, |range, &value| {
            Self::new(value, value).map(|point| range.union(point))
        })
    }

    /// Smallest value, at most 0.
    pub fn min(self) -> f32 {
        self.min
    }

    /// Largest value, at least 0.
    pub fn max(self) -> f32 {
        self.max
    }

    /// The smallest range that holds both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// What is left of the range after the clamp, and 0.
    #[must_use]
    pub fn clamped(self, clamp: Clamp) -> Self {
        let bound = |value: f32| value.max(clamp.min).min(clamp.max);
        Self {
            min: bound(self.min).min(0.0),
            max: bound(self.max).max(0.0),
        }
    }
}

/// The ranges of a graph's activations. Belongs to the graph that it was made for: ids of another,
/// or of the same one after a pass, name other values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranges(Vec<Option<Range>>);

impl Ranges {
    /// The range of a value, if there is one.
    pub fn get(&self, id: ValueId) -> Option<Range> {
        self.0.get(id.index()).copied().flatten()
    }

    /// Sets or overrides the range of a value.
    pub fn set(&mut self, id: ValueId, range: Range) {
        if self.0.len() <= id.index() {
            self.0.resize(id.index() + 1, None);
        }
        self.0[id.index()] = Some(range);
    }
}

impl FromIterator<(ValueId, Range)> for Ranges {
    fn from_iter<I: IntoIterator<Item = (ValueId, Range)>>(ranges: I) -> Self {
        let mut all = Self::default();
        for (id, range) in ranges {
            all.set(id, range);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(min: f32, max: f32) -> Range {
        Range::new(min, max).unwrap()
    }

    #[test]
    fn always_holds_zero() {
        assert_eq!(range(1.0, 2.0), range(0.0, 2.0));
        assert_eq!(range(-3.0, -1.0), range(-3.0, 0.0));
        assert_eq!(Range::of(&[0.5, -2.0]), Some(range(-2.0, 0.5)));
        assert_eq!(Range::of(&[]), Some(Range::ZERO));
        let clip = Clamp { min: 1.0, max: 6.0 };
        assert_eq!(range(-1.0, 9.0).clamped(clip), range(0.0, 6.0));
        let below = Clamp {
            min: -4.0,
            max: -2.0,
        };
        assert_eq!(range(-8.0, 8.0).clamped(below), range(-4.0, 0.0));
    }

    #[test]
    fn refuses_what_is_not_finite() {
        assert_eq!(Range::new(f32::NEG_INFINITY, 0.0), None);
        assert_eq!(Range::of(&[1.0, f32::NAN]), None);
    }

    #[test]
    fn ranges_are_kept_per_value() {
        let [a, b] = [3, 1].map(ValueId::from_index);
        let mut ranges = Ranges::from_iter([(a, range(0.0, 1.0))]);
        assert_eq!(ranges.get(b), None);
        ranges.set(b, range(-1.0, 0.0));
        ranges.set(a, range(0.0, 2.0));
        assert_eq!(ranges.get(a), Some(range(0.0, 2.0)));
        assert_eq!(ranges.get(b), Some(range(-1.0, 0.0)));
        assert_eq!(ranges.get(ValueId::from_index(9)), None);
    }
}
