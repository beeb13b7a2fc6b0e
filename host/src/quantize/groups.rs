//! Values that must have one scale and zero point.

use crate::ir::ValueId;

/// Disjoint sets of values.
pub(super) struct Groups(Vec<usize>);

impl Groups {
    /// Every value alone.
    pub(super) fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// What names the set of a value: equal for two values of one set.
    pub(super) fn root(&self, id: ValueId) -> usize {
        let mut root = id.index();
        while self.0[root] != root {
            root = self.0[root];
        }
        root
    }

    /// Makes one set of the sets of two values.
    pub(super) fn unite(&mut self, a: ValueId, b: ValueId) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a] = b;
    }
}
