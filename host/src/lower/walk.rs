//! Moves as the runtime makes them: runs of bytes, one after the other, from where an outer product
//! of offsets leads.
//!
//! Axes that are one run together are joined, and tables that two strides make are replaced by
//! them, so that few axes are left and runs are long. What is left without an axis is one range of
//! the input's bytes: nothing has to move.

use crate::ir::IndexMap;
use crate::quantize::graph::{QNode, QOp, QValue};

/// Runs of `run_bytes`, in row-major order of the axes' indices, each from `first_byte` and the sum
/// of the indices' offsets on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Walk {
    pub(crate) first_byte: i64,
    pub(crate) run_bytes: i64,
    pub(crate) axes: Vec<WalkAxis>,
}

/// An axis of a [`Walk`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WalkAxis {
    pub(crate) count: i64,
    pub(crate) offsets: Steps,
}

/// Bytes that an index moves the start of a run by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Steps {
    Stride(i64),
    Table(Vec<i64>),
}

impl Walk {
    /// How a node that moves its input's elements does it; none if it does not fit the input, or
    /// is no such node.
    pub(crate) fn of(node: &QNode, input: &QValue) -> Option<Self> {
        match &node.op {
            QOp::Take { maps } => Self::take(&input.shape, maps, 1),
            QOp::Transpose { perm } => Self::transpose(&input.shape, perm, 1),
            _ => None,
        }
    }

    /// What `maps` take of a tensor; none if they do not fit it.
    pub(crate) fn take(shape: &[usize], maps: &[IndexMap], element_bytes: i64) -> Option<Self> {
        let strides = strides(shape, element_bytes)?;
        if maps.len() != shape.len() {
            return None;
        }
        let mut walk = Self::new(element_bytes);
        for ((map, &extent), stride) in maps.iter().zip(shape).zip(strides) {
            if !map.fits(extent) {
                return None;
            }
            walk.push(map, stride)?;
        }
        Some(walk.simplified())
    }

    /// A permutation of axes; none if it is not one of the shape's.
    pub(crate) fn transpose(shape: &[usize], perm: &[usize], element_bytes: i64) -> Option<Self> {
        let strides = strides(shape, element_bytes)?;
        if perm.len() != shape.len() || !(0..shape.len()).all(|axis| perm.contains(&axis)) {
            return None;
        }
        let mut walk = Self::new(element_bytes);
        for &axis in perm {
            walk.push(&IndexMap::all(shape[axis]), strides[axis])?;
        }
        Some(walk.simplified())
    }

    fn new(element_bytes: i64) -> Self {
        Self {
            first_byte: 0,
            run_bytes: element_bytes,
            axes: Vec::new(),
        }
    }

    fn push(&mut self, map: &IndexMap, stride: i64) -> Option<()> {
        let at = |index: usize| i64::try_from(index).ok()?.checked_mul(stride);
        let count = i64::try_from(map.count()).ok()?;
        let offsets = match map {
            IndexMap::Range { begin, step, .. } => {
                self.first_byte = self.first_byte.checked_add(at(*begin)?)?;
                Steps::Stride(i64::try_from(*step).ok()?.checked_mul(stride)?)
            }
            IndexMap::Table(indices) => {
                let offsets: Option<Vec<i64>> = indices.iter().map(|&index| at(index)).collect();
                Steps::Table(offsets?)
            }
        };
        self.axes.push(WalkAxis { count, offsets });
        Some(())
    }

    fn simplified(mut self) -> Self {
        let mut axes: Vec<WalkAxis> = Vec::new();
        for axis in std::mem::take(&mut self.axes) {
            let (first_byte, factors) = factors(axis);
            self.first_byte += first_byte;
            for axis in factors.into_iter().filter(|axis| axis.count != 1) {
                join(&mut axes, axis);
            }
        }
        while let Some(axis) = axes.pop_if(|axis| axis.offsets == Steps::Stride(self.run_bytes)) {
            self.run_bytes *= axis.count;
        }
        self.axes = axes;
        self
    }
}

/// Bytes between neighbours along each axis.
fn strides(shape: &[usize], element_bytes: i64) -> Option<Vec<i64>> {
    let mut stride = element_bytes;
    let mut strides = Vec::with_capacity(shape.len());
    for &extent in shape.iter().rev() {
        strides.push(stride);
        stride = stride.checked_mul(i64::try_from(extent).ok()?)?;
    }
    strides.reverse();
    Some(strides)
}

/// Appends an axis, to the last one where the two are one.
fn join(axes: &mut Vec<WalkAxis>, axis: WalkAxis) {
    if let (Some(outer), Steps::Stride(stride)) = (axes.last_mut(), &axis.offsets)
        && outer.offsets == Steps::Stride(stride * axis.count)
    {
        outer.count *= axis.count;
        outer.offsets = axis.offsets;
    } else {
        axes.push(axis);
    }
}

/// What a table starts with, and the strides that make it where two do: repeated indices, repeated
/// axes.
fn factors(axis: WalkAxis) -> (i64, Vec<WalkAxis>) {
    let Steps::Table(table) = &axis.offsets else {
        return (0, vec![axis]);
    };
    let first = table.first().copied().unwrap_or(0);
    let step = table.get(1).map_or(0, |second| second - first);
    let mut pairs = table.windows(2);
    let inner = pairs
        .position(|pair| pair[1] - pair[0] != step)
        .map_or(table.len(), |last| last + 1);
    let outer_step = table.get(inner).map_or(0, |next| next - first);
    let is_made = table
        .chunks(inner.max(1))
        .zip(0..)
        .all(|(row, at): (_, i64)| {
            let made = (0..).map(|index: i64| first + at * outer_step + index * step);
            row.len() == inner && row.iter().copied().eq(made.take(inner))
        });
    let Ok(count) = i64::try_from(inner) else {
        return (0, vec![axis]);
    };
    if !is_made || count == 0 {
        return (0, vec![axis]);
    }
    let part = |count, stride| WalkAxis {
        count,
        offsets: Steps::Stride(stride),
    };
    (
        first,
        vec![part(axis.count / count, outer_step), part(count, step)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::Random;

    /// The input bytes that a walk copies, in order.
    fn bytes(walk: &Walk) -> Vec<i64> {
        let mut starts = vec![walk.first_byte];
        for axis in &walk.axes {
            let at = |index: i64| match &axis.offsets {
                Steps::Stride(stride) => stride * index,
                Steps::Table(table) => table[usize::try_from(index).unwrap()],
            };
            starts = starts
                .iter()
                .flat_map(|start| (0..axis.count).map(move |index| start + at(index)))
                .collect();
        }
        let run = |start| (0..walk.run_bytes).map(move |byte| start + byte);
        starts.into_iter().flat_map(run).collect()
    }

    /// Elements from the definition.
    fn taken(shape: &[usize], maps: &[IndexMap]) -> Vec<usize> {
        let mut elements = vec![0];
        for (map, extent) in maps.iter().zip(shape) {
            let axis = |&element: &usize| map.indices().map(move |index| element * extent + index);
            elements = elements.iter().flat_map(axis).collect();
        }
        elements
    }

    fn map(random: &mut Random, extent: usize) -> IndexMap {
        match random.below(6) {
            0 | 1 => IndexMap::all(extent),
            2 => IndexMap::of((0..extent).rev().collect()),
            3 => IndexMap::of((0..2 * extent).map(|index| index / 2).collect()),
            4 => IndexMap::of((0..2 * extent).map(|index| index % extent).collect()),
            _ => IndexMap::of((0..4).map(|_| random.below(extent)).collect()),
        }
    }

    #[test]
    fn walks_visit_what_the_definition_does() {
        let mut random = Random::new(1);
        for _ in 0..500 {
            let shape: Vec<usize> = (0..1 + random.below(5))
                .map(|_| 1 + random.below(4))
                .collect();
            let maps: Vec<IndexMap> = shape.iter().map(|&axis| map(&mut random, axis)).collect();
            let walk = Walk::take(&shape, &maps, 2).unwrap();
            let expected: Vec<i64> = taken(&shape, &maps)
                .into_iter()
                .map(|element| i64::try_from(element).unwrap())
                .flat_map(|element| [2 * element, 2 * element + 1])
                .collect();
            assert_eq!(bytes(&walk), expected, "{shape:?} {maps:?} {walk:?}");
            let tables = |axis: &WalkAxis| matches!(axis.offsets, Steps::Table(_));
            let affine = maps.iter().all(|map| matches!(map, IndexMap::Range { .. }));
            assert!(!affine || !walk.axes.iter().any(tables));
        }
    }

    #[test]
    fn axes_are_joined_into_runs() {
        let all = IndexMap::all;
        let walk = |shape: &[usize], maps: &[IndexMap]| Walk::take(shape, maps, 1).unwrap();
        // The second half of the rows: one range.
        let half = walk(
            &[1, 4, 3, 2],
            &[all(1), IndexMap::run(2, 2), all(3), all(2)],
        );
        assert_eq!(
            (half.first_byte, half.run_bytes, half.axes.len()),
            (12, 12, 0)
        );
        // Every row twice, and the whole twice: strides, no table.
        let twice = IndexMap::of(vec![0, 0, 1, 1]);
        let repeated = walk(&[2, 3], &[twice, all(3)]);
        assert_eq!((repeated.run_bytes, repeated.axes.len()), (3, 2));
        let tiled = walk(&[2, 3], &[IndexMap::of(vec![0, 1, 0, 1]), all(3)]);
        assert_eq!((tiled.run_bytes, tiled.axes.len()), (6, 1));
        // Only axes of one element move.
        let still = Walk::transpose(&[1, 4, 1, 3], &[0, 2, 1, 3], 1).unwrap();
        assert!(still.axes.is_empty());
        assert_eq!(Walk::transpose(&[2, 2], &[0, 0], 1), None);
        assert_eq!(Walk::take(&[2], &[IndexMap::run(1, 2)], 1), None);
    }
}
