//! Which indices of an axis are taken, and in which order.

use std::fmt::{Display, Formatter, Result};
use std::sync::Arc;

/// Which indices of an axis are taken, in order: index `i` of the result is index [`Self::at`]`(i)`
/// of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexMap {
    /// `begin`, `begin + step`, `begin + 2 · step`, …
    Range {
        /// First index.
        begin: usize,
        /// From one index to the next; 0 repeats.
        step: isize,
        /// Number of indices.
        count: usize,
    },
    /// Any indices.
    Table(Arc<[usize]>),
}

impl IndexMap {
    /// Every index of an axis, in order.
    pub fn all(extent: usize) -> Self {
        Self::Range {
            begin: 0,
            step: 1,
            count: extent,
        }
    }

    /// `count` indices from `begin` on.
    pub fn run(begin: usize, count: usize) -> Self {
        Self::Range {
            begin,
            step: 1,
            count,
        }
    }

    /// These indices; a range where they are one.
    pub fn of(indices: Vec<usize>) -> Self {
        let step = match indices[..] {
            [first, second, ..] => difference(first, second),
            [] | [_] => Some(1),
        };
        let is_range = |step: isize| {
            let mut pairs = indices.windows(2);
            pairs.all(|pair| difference(pair[0], pair[1]) == Some(step))
        };
        match step.filter(|&step| is_range(step)) {
            Some(step) => Self::Range {
                begin: indices.first().copied().unwrap_or(0),
                step,
                count: indices.len(),
            },
            None => Self::Table(indices.into()),
        }
    }

    /// Number of indices.
    pub fn count(&self) -> usize {
        match self {
            Self::Range { count, .. } => *count,
            Self::Table(indices) => indices.len(),
        }
    }

    /// The source's index that is taken as this one.
    ///
    /// # Panics
    /// For a table, if there are not so many.
    pub fn at(&self, index: usize) -> usize {
        match self {
            Self::Range { begin, step, .. } => {
                let moved = isize::try_from(index).map_or(0, |index| step.wrapping_mul(index));
                begin.wrapping_add_signed(moved)
            }
            Self::Table(indices) => indices[index],
        }
    }

    /// The source's indices, in order.
    pub fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.count()).map(|index| self.at(index))
    }

    /// Whether this is every index of an axis, in order.
    pub fn is_all(&self, extent: usize) -> bool {
        match self {
            Self::Range { begin, step, count } => {
                *begin == 0 && *count == extent && (*step == 1 || *count == 1)
            }
            Self::Table(indices) => indices.iter().copied().eq(0..extent),
        }
    }

    /// Whether there is an index, and each is one of an axis of this extent.
    pub fn fits(&self, extent: usize) -> bool {
        match self {
            Self::Range { begin, step, count } => {
                let last = isize::try_from(count.wrapping_sub(1))
                    .ok()
                    .and_then(|steps| step.checked_mul(steps))
                    .and_then(|moved| begin.checked_add_signed(moved));
                *count > 0 && *begin < extent && last.is_some_and(|last| last < extent)
            }
            Self::Table(indices) => {
                !indices.is_empty() && indices.iter().all(|&index| index < extent)
            }
        }
    }

    /// What `next` takes of what this takes.
    pub fn then(&self, next: &Self) -> Self {
        Self::of(next.indices().map(|index| self.at(index)).collect())
    }
}

/// `to - from`, if it fits.
fn difference(from: usize, to: usize) -> Option<isize> {
    isize::try_from(to)
        .ok()?
        .checked_sub(isize::try_from(from).ok()?)
}

/// `2..5`, `begin:step:count`, or `{1,0,2}`.
impl Display for IndexMap {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Range {
                begin,
                step: 1,
                count,
            } => write!(f, "{begin}..{}", begin.saturating_add(*count)),
            Self::Range { begin, step, count } => write!(f, "{begin}:{step}:{count}"),
            Self::Table(indices) => {
                let indices: Vec<String> = indices.iter().map(ToString::to_string).collect();
                write!(f, "{{{}}}", indices.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_recognized_and_written() {
        for (indices, text) in [
            (vec![2, 3, 4], "2..5"),
            (vec![7], "7..8"),
            (vec![4, 2, 0], "4:-2:3"),
            (vec![1, 1], "1:0:2"),
            (vec![0, 2, 1], "{0,2,1}"),
        ] {
            let map = IndexMap::of(indices.clone());
            assert_eq!(map.to_string(), text);
            assert_eq!(map.indices().collect::<Vec<_>>(), indices);
            assert!(map.fits(8) && !map.fits(indices.iter().copied().max().unwrap()));
        }
        assert!(!IndexMap::run(0, 0).fits(4) && !IndexMap::run(4, 1).fits(4));
        assert!(!IndexMap::run(usize::MAX, usize::MAX).fits(4));
        let back = IndexMap::of(vec![3, 2, 1, 0]);
        assert!(!back.is_all(4) && back.then(&back).is_all(4));
        assert!(!back.then(&back).is_all(5));
    }
}
