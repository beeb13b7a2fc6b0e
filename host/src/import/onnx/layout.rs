//! Ways to bring a tensor into the layout that an operator needs. Elements are moved only if they
//! do not lie so already, and each move is made once.

use super::context::{Activation, Context};
use super::view::View;
use crate::import::NodeFault;
use crate::ir::{Op, ValueId};

impl Context {
    /// The value with this shape, the batch included; the elements stay where they are.
    pub(super) fn reshape(
        &mut self,
        node: &str,
        value: ValueId,
        shape: Vec<usize>,
    ) -> Result<ValueId, NodeFault> {
        if self.graph.shape(value) == shape {
            return Ok(value);
        }
        let key = (value, false, shape.clone());
        if let Some(&made) = self.derived.get(&key) {
            return Ok(made);
        }
        let made = self.emit_helper(node, "reshape", Op::Reshape { shape }, vec![value])?;
        self.derived.insert(key, made);
        Ok(made)
    }

    /// Moves elements so that the atoms lie in this order. Costs nothing if they do already.
    pub(super) fn reorder(
        &mut self,
        node: &str,
        x: &Activation,
        order: &[usize],
    ) -> Result<Activation, NodeFault> {
        let view = x.view.reordered(order);
        if x.view.lies_in(order) {
            return Ok(x.seen_as(view));
        }
        let (dims, perm) = self.transposition(x, order);
        let input = self.reshape(node, x.value, dims)?;
        let key = (input, true, perm.clone());
        let value = match self.derived.get(&key) {
            Some(&made) => made,
            None => {
                let made =
                    self.emit_helper(node, "transpose", Op::Transpose { perm }, vec![input])?;
                self.derived.insert(key, made);
                made
            }
        };
        Ok(Activation { value, view })
    }

    /// The shape to transpose and the permutation. Atoms that stay neighbours move as one, unless
    /// the value has an axis for each atom already.
    fn transposition(&self, x: &Activation, order: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let atoms = x.view.atoms();
        let shape = self.graph.shape(x.value);
        if shape[1..] == *atoms {
            let perm = std::iter::once(0)
                .chain(order.iter().map(|&atom| atom + 1))
                .collect();
            return (shape.to_vec(), perm);
        }
        // `runs[i]` are the atoms of the result's axis `i + 1`, given by the first and the extent.
        let mut runs: Vec<(usize, usize)> = Vec::new();
        let mut next = None;
        for &atom in order.iter().filter(|&&atom| atoms[atom] != 1) {
            match runs.last_mut().filter(|_| next == Some(atom)) {
                Some((_, extent)) => *extent *= atoms[atom],
                None => runs.push((atom, atoms[atom])),
            }
            next = (atom + 1..atoms.len()).find(|&atom| atoms[atom] != 1);
        }
        let mut memory: Vec<usize> = (0..runs.len()).collect();
        memory.sort_by_key(|&run| runs[run].0);
        let dims = std::iter::once(1)
            .chain(memory.iter().map(|&run| runs[run].1))
            .collect();
        let mut perm = vec![0; runs.len() + 1];
        for (position, &run) in memory.iter().enumerate() {
            perm[run + 1] = position + 1;
        }
        (dims, perm)
    }

    /// The tensor as a value of shape `[1, g0, g1, …]`, where each group is a list of source axes
    /// that lie one within the other. Every axis must be in a group, but for those of extent 1.
    pub(super) fn arrange(
        &mut self,
        node: &str,
        x: &Activation,
        groups: &[&[usize]],
    ) -> Result<ValueId, NodeFault> {
        let mut shape = vec![1];
        shape.extend(groups.iter().map(|group| {
            group
                .iter()
                .map(|&axis| x.view.axis_len(axis))
                .product::<usize>()
        }));
        let wanted: Vec<usize> = groups
            .iter()
            .flat_map(|group| {
                group
                    .iter()
                    .flat_map(|&axis| x.view.axes()[axis].iter().copied())
            })
            .collect();
        let rest = (0..x.view.atoms().len()).filter(|atom| !wanted.contains(atom));
        let order: Vec<usize> = rest.chain(wanted.iter().copied()).collect();
        let x = self.reorder(node, x, &order)?;
        self.reshape(node, x.value, shape)
    }

    /// The tensor in the source model's own order, an axis of the value for each source axis (but
    /// one for the batch, which is axis 0 if that has extent 1, else an axis in front).
    pub(super) fn in_source_order(
        &mut self,
        node: &str,
        x: &Activation,
    ) -> Result<Activation, NodeFault> {
        let x = self.reorder(node, x, &x.view.source_order())?;
        let shape = batch_first(&x.view.shape());
        let skipped = 1 + x.view.rank() - shape.len();
        let value = self.reshape(node, x.value, shape.clone())?;
        let mut axes = vec![Vec::new(); skipped];
        axes.extend((0..shape.len() - 1).map(|atom| vec![atom]));
        Ok(Activation {
            value,
            view: View::new(shape[1..].to_vec(), axes),
        })
    }

    /// The tensor with these source axes innermost, in any order among themselves, as a value
    /// whose last axis holds exactly them; the other axes lie as they did.
    pub(super) fn trailing(
        &mut self,
        node: &str,
        x: &Activation,
        axes: &[usize],
    ) -> Result<Activation, NodeFault> {
        let atoms = x.view.atoms();
        let mut inner: Vec<usize> = axes
            .iter()
            .flat_map(|&axis| x.view.axes()[axis].iter().copied())
            .collect();
        let outer: Vec<usize> = (0..atoms.len())
            .filter(|atom| !inner.contains(atom))
            .collect();
        let mut in_memory = inner.clone();
        in_memory.sort_unstable();
        if x.view.lies_in(&[outer.as_slice(), &in_memory].concat()) {
            inner = in_memory;
        }
        let len: usize = inner.iter().map(|&atom| atoms[atom]).product();
        let rest: usize = outer.iter().map(|&atom| atoms[atom]).product();
        let x = self.reorder(node, x, &[outer, inner].concat())?;
        let value = if self.graph.shape(x.value).last() == Some(&len)
            && self.graph.shape(x.value).len() > 1
        {
            x.value
        } else {
            let shape = if rest == 1 {
                vec![1, len]
            } else {
                vec![1, rest, len]
            };
            self.reshape(node, x.value, shape)?
        };
        Ok(Activation {
            value,
            view: x.view,
        })
    }
}

/// A source shape with the batch in front: as it is if its first axis has extent 1.
pub(super) fn batch_first(shape: &[usize]) -> Vec<usize> {
    if shape.first() == Some(&1) {
        shape.to_vec()
    } else {
        std::iter::once(1).chain(shape.iter().copied()).collect()
    }
}
