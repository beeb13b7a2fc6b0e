//! How a tensor of the source model lies in an internal value.
//!
//! An internal value is a row of numbers. Its *atoms* factor that row: extents in memory order,
//! the outermost first, without the batch (which is 1 and outermost always). Every axis of the
//! source tensor is a list of atoms, the most significant first. NCHW that lies as NHWC has the
//! atoms `[H, W, C]` and the axes `[[], [2], [0], [1]]`; flattened it is `[[], [2, 0, 1]]`, and
//! no element has moved. So Transpose, Flatten, Reshape, Squeeze and Unsqueeze only rewrite the
//! axes; elements move when an operator needs its operand in a memory order that is not there.

use crate::data::layout::permute;

/// How a source tensor lies in an internal value; see the module's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    atoms: Vec<usize>,
    axes: Vec<Vec<usize>>,
    /// The axis that is the batch, if it has the extent 1 and the tensor has a batch at all.
    batch: usize,
}

impl View {
    /// A view of these atoms and axes. Atoms that no axis holds must have the extent 1 and are
    /// dropped.
    pub(super) fn new(atoms: Vec<usize>, axes: Vec<Vec<usize>>) -> Self {
        let mut position = vec![None; atoms.len()];
        for &atom in axes.iter().flatten() {
            position[atom] = Some(0);
        }
        let mut kept = Vec::with_capacity(atoms.len());
        for (slot, &extent) in position.iter_mut().zip(&atoms) {
            if let Some(position) = slot {
                *position = kept.len();
                kept.push(extent);
            }
        }
        let renumbered = |atom: usize| position[atom].expect("an axis holds it");
        let axes = axes
            .into_iter()
            .map(|axis| axis.into_iter().map(renumbered).collect())
            .collect();
        Self {
            atoms: kept,
            axes,
            batch: 0,
        }
    }

    /// The same with another axis than the first as the batch.
    pub(super) fn with_batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// The axis that is the batch, if it has the extent 1 and the tensor has a batch at all.
    pub(super) fn batch(&self) -> usize {
        self.batch
    }

    /// Extents of the atoms in memory order.
    pub(super) fn atoms(&self) -> &[usize] {
        &self.atoms
    }

    /// The atoms of every axis.
    pub(super) fn axes(&self) -> &[Vec<usize>] {
        &self.axes
    }

    /// Number of axes of the source tensor.
    pub(super) fn rank(&self) -> usize {
        self.axes.len()
    }

    /// Extent of an axis of the source tensor.
    pub(super) fn axis_len(&self, axis: usize) -> usize {
        self.product(&self.axes[axis])
    }

    /// Shape of the source tensor.
    pub(super) fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| self.product(axis)).collect()
    }

    /// Number of elements.
    pub(super) fn elements(&self) -> usize {
        self.atoms.iter().product()
    }

    fn product(&self, atoms: &[usize]) -> usize {
        atoms.iter().map(|&atom| self.atoms[atom]).product()
    }

    /// The atoms in the order of the source tensor.
    pub(super) fn source_order(&self) -> Vec<usize> {
        self.axes.concat()
    }

    /// Whether the atoms lie in memory in this order, those of extent 1 wherever they are.
    pub(super) fn lies_in(&self, order: &[usize]) -> bool {
        order
            .iter()
            .filter(|&&atom| self.atoms[atom] != 1)
            .is_sorted()
    }

    /// The same tensor with its atoms in this memory order.
    pub(super) fn reordered(&self, order: &[usize]) -> Self {
        let mut position = vec![0; order.len()];
        for (to, &from) in order.iter().enumerate() {
            position[from] = to;
        }
        Self {
            batch: self.batch,
            atoms: order.iter().map(|&atom| self.atoms[atom]).collect(),
            axes: self
                .axes
                .iter()
                .map(|axis| axis.iter().map(|&atom| position[atom]).collect())
                .collect(),
        }
    }

    /// Source axis `i` of the result is axis `perm[i]`.
    pub(super) fn transposed(&self, perm: &[usize]) -> Self {
        Self {
            atoms: self.atoms.clone(),
            axes: perm.iter().map(|&axis| self.axes[axis].clone()).collect(),
            batch: perm
                .iter()
                .position(|&axis| axis == self.batch)
                .unwrap_or(0),
        }
    }

    /// With axes of extent 1 put in front, up to this rank, as broadcasting does.
    pub(super) fn with_rank(&self, rank: usize) -> Self {
        let mut axes = vec![Vec::new(); rank.saturating_sub(self.rank())];
        let batch = axes.len() + self.batch;
        axes.extend(self.axes.iter().cloned());
        Self {
            atoms: self.atoms.clone(),
            axes,
            batch,
        }
    }

    /// The view with another shape of as many elements; none if an atom would have to be cut where
    /// it cannot be.
    pub(super) fn reshaped(&self, shape: &[usize]) -> Option<Self> {
        let order = self.source_order();
        let mut rest = order.into_iter().filter(|&atom| self.atoms[atom] != 1);
        // Pieces in source order: the atom that a piece is of, and its extent.
        let mut pieces: Vec<(usize, usize)> = Vec::new();
        let mut axes = Vec::with_capacity(shape.len());
        let mut open: Option<(usize, usize)> = None;
        for &len in shape {
            let (mut missing, mut axis) = (len, Vec::new());
            while missing > 1 {
                let (atom, extent) = match open.take() {
                    Some(open) => open,
                    None => rest.next().map(|atom| (atom, self.atoms[atom]))?,
                };
                let piece = if missing.is_multiple_of(extent) {
                    extent
                } else if extent.is_multiple_of(missing) {
                    open = Some((atom, extent / missing));
                    missing
                } else {
                    return None;
                };
                missing /= piece;
                axis.push(pieces.len());
                pieces.push((atom, piece));
            }
            axes.push(axis);
        }
        // Pieces of one atom lie in memory as they follow each other.
        let mut order: Vec<usize> = (0..pieces.len()).collect();
        order.sort_by_key(|&piece| pieces[piece].0);
        let view = Self {
            atoms: pieces.iter().map(|&(_, extent)| extent).collect(),
            axes,
            batch: self.batch_in(shape),
        };
        Some(view.reordered(&order))
    }

    /// Where the batch is in another shape of as many elements: behind as many of them as before,
    /// at the same axis if that may be.
    fn batch_in(&self, shape: &[usize]) -> usize {
        let before: usize = (0..self.batch.min(self.rank()))
            .map(|axis| self.axis_len(axis))
            .product();
        let fits = |axis: &usize| {
            shape.get(*axis) == Some(&1) && shape[..*axis].iter().product::<usize>() == before
        };
        let mut candidates = std::iter::once(self.batch).chain(0..shape.len());
        candidates.find(fits).unwrap_or(0)
    }

    /// Cuts the atoms so that each axis is made of these extents, which follow each other from the
    /// most significant on; extents of 1 vanish. None if an atom cannot be cut so.
    pub(super) fn refined(&self, axes: &[Vec<usize>]) -> Option<Self> {
        let shape: Vec<usize> = axes.concat();
        let flat = self.reshaped(&shape)?;
        let mut parts = flat.axes.into_iter();
        let axes = axes
            .iter()
            .map(|axis| parts.by_ref().take(axis.len()).flatten().collect());
        Some(Self {
            atoms: flat.atoms,
            axes: axes.collect(),
            batch: self.batch,
        })
    }

    /// Extents of an axis' atoms, the most significant first, without those of 1.
    pub(super) fn extents(&self, axis: usize) -> Vec<usize> {
        let extents = self.axes[axis].iter().map(|&atom| self.atoms[atom]);
        extents.filter(|&extent| extent != 1).collect()
    }

    /// Rows of numbers, one for each index along an axis of the source tensor, brought into the
    /// order in which that axis' elements lie in memory.
    pub(super) fn absorb<T: Copy>(&self, axis: usize, rows: &[T]) -> Vec<T> {
        let atoms = &self.axes[axis];
        let row_len = self.axis_len(axis);
        let mut shape = vec![rows.len() / row_len];
        shape.extend(atoms.iter().map(|&atom| self.atoms[atom]));
        let mut in_memory: Vec<usize> = (0..atoms.len()).collect();
        in_memory.sort_by_key(|&index| atoms[index]);
        let perm: Vec<usize> = std::iter::once(0)
            .chain(in_memory.iter().map(|&index| index + 1))
            .collect();
        permute(rows, &shape, &perm)
    }

    /// The axes in the order in which they lie in memory (each by its outermost atom), axis 0 left
    /// out if it is the batch. Axes without atoms come first.
    pub(super) fn axis_order(&self) -> Vec<usize> {
        let first = usize::from(self.rank() > 0 && self.axis_len(0) == 1);
        let mut order: Vec<usize> = (first..self.rank()).collect();
        order.sort_by_key(|&axis| {
            let outer = self.axes[axis]
                .iter()
                .filter(|&&atom| self.atoms[atom] != 1)
                .min();
            outer
                .or(self.axes[axis].first())
                .map_or(0, |&atom| atom + 1)
        });
        order
    }
}

/// A common refinement of two factorizations of one number, both from the most significant factor
/// on; none if one would have to be cut within a factor.
pub(super) fn common_factors(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let (mut a, mut b) = (a.iter().copied(), b.iter().copied());
    let mut factors = Vec::new();
    let (mut left, mut right) = (a.next(), b.next());
    while let (Some(l), Some(r)) = (left, right) {
        let factor = l.min(r);
        if !l.is_multiple_of(factor) || !r.is_multiple_of(factor) {
            return None;
        }
        factors.push(factor);
        left = if l == factor {
            a.next()
        } else {
            Some(l / factor)
        };
        right = if r == factor {
            b.next()
        } else {
            Some(r / factor)
        };
    }
    Some(factors)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1, 4, 2, 3 (N, C, H, W) that lies as H, W, C.
    fn nchw() -> View {
        View::new(vec![2, 3, 4], vec![vec![], vec![2], vec![0], vec![1]])
    }

    #[test]
    fn reshapes_only_rewrite_the_axes() {
        let flat = nchw().reshaped(&[1, 24]).unwrap();
        assert_eq!(flat.atoms(), [2, 3, 4]);
        assert_eq!(flat.axes(), [vec![], vec![2, 0, 1]]);
        assert_eq!(flat.reshaped(&[1, 4, 2, 3]).unwrap(), nchw());
        // A channel is cut in two groups.
        let groups = nchw().reshaped(&[1, 2, 2, 2, 3]).unwrap();
        assert_eq!(groups.atoms(), [2, 3, 2, 2]);
        assert_eq!(groups.axes(), [vec![], vec![2], vec![3], vec![0], vec![1]]);
        // Rows of 8 would cut across C and H.
        assert!(nchw().reshaped(&[1, 3, 8]).is_none());
    }

    #[test]
    fn memory_order_is_judged_without_atoms_of_one() {
        let view = View::new(
            vec![1, 5, 1, 6],
            vec![vec![], vec![3], vec![0], vec![1], vec![2]],
        );
        assert!(view.lies_in(&[2, 1, 3, 0]));
        assert!(!view.lies_in(&[3, 0, 1, 2]));
        assert_eq!(view.axis_order(), [2, 3, 4, 1]);
    }

    #[test]
    fn the_batch_is_followed() {
        // Steps, batch, features.
        let steps = View::new(vec![5, 3], vec![vec![0], vec![], vec![1]]).with_batch(1);
        assert_eq!(steps.transposed(&[1, 0, 2]).batch(), 0);
        assert_eq!(steps.reshaped(&[5, 1, 1, 3]).unwrap().batch(), 1);
        assert_eq!(steps.with_rank(4).batch(), 2);
        let directions = View::new(vec![5, 3], vec![vec![0], vec![], vec![], vec![1]]);
        let directions = directions.with_batch(2);
        assert_eq!(directions.reshaped(&[5, 1, 3]).unwrap().batch(), 1);
        assert_eq!(directions.reshaped(&[15]).unwrap().batch(), 0);
    }

    #[test]
    fn factorizations_meet_or_do_not() {
        assert_eq!(common_factors(&[24], &[4, 6]), Some(vec![4, 6]));
        assert_eq!(common_factors(&[2, 12], &[4, 6]), Some(vec![2, 2, 6]));
        assert_eq!(common_factors(&[3, 4], &[2, 6]), None);
        assert_eq!(common_factors(&[], &[]), Some(vec![]));
    }
}
