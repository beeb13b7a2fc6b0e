//! The graph under construction, and the ways to bring a tensor into the layout that an operator
//! needs.

use super::node::Node;
use super::tensor::{Constant, elements};
use super::view::View;
use crate::import::{NodeFault, TensorFault};
use crate::ir::{self, Graph, Op, Value, ValueId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Numbers in all constants that the import makes: half a gigabyte. A file can name one initializer
/// often, or broadcast a small one, so that its length bounds nothing.
pub(super) const MAX_CONSTANT_ELEMENTS: usize = 1 << 27;

/// Elements of one activation. No microcontroller holds so many.
pub(super) const MAX_ACTIVATION_ELEMENTS: usize = 1 << 28;

/// What a tensor name of the source model stands for.
#[derive(Clone, Debug)]
pub(super) enum Tensor {
    /// Known at import.
    Constant(Constant),
    /// Computed by the network.
    Activation(Activation),
}

/// A computed tensor.
#[derive(Clone, Debug)]
pub(super) struct Activation {
    /// Where it is.
    pub value: ValueId,
    /// How it lies there.
    pub view: View,
}

impl Activation {
    /// The same value with its axes seen otherwise.
    pub(super) fn seen_as(&self, view: View) -> Self {
        Self { value: self.value, view }
    }
}

impl From<Activation> for Tensor {
    fn from(activation: Activation) -> Self {
        Self::Activation(activation)
    }
}

impl From<Constant> for Tensor {
    fn from(constant: Constant) -> Self {
        Self::Constant(constant)
    }
}

/// The graph under construction.
pub(super) struct Context {
    /// The graph.
    pub graph: Graph,
    names: HashSet<String>,
    constant_elements: usize,
    /// Reshaped (`false`) and transposed (`true`) values, so that each is made once.
    derived: HashMap<(ValueId, bool, Vec<usize>), ValueId>,
}

impl Context {
    /// An empty graph.
    pub(super) fn new(name: &str) -> Self {
        Self {
            graph: Graph::new(name),
            names: HashSet::new(),
            constant_elements: 0,
            derived: HashMap::new(),
        }
    }

    /// `name`, or `name` with a number if it was taken.
    pub(super) fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut number = 2;
        while !self.names.insert(unique.clone()) {
            unique = format!("{name}#{number}");
            number += 1;
        }
        unique
    }

    /// Adds the operator that computes the node's result; it takes the node's names.
    pub(super) fn emit(&mut self, node: &Node<'_>, op: Op, inputs: Vec<ValueId>) -> Result<ValueId, NodeFault> {
        self.push(&node.name, &node.output, op, inputs)
    }

    /// Adds an operator that prepares an operand; its names are made from the node's.
    pub(super) fn emit_helper(
        &mut self,
        node: &str,
        role: &str,
        op: Op,
        inputs: Vec<ValueId>,
    ) -> Result<ValueId, NodeFault> {
        let name = format!("{node}/{role}");
        self.push(&name, &name, op, inputs)
    }

    fn push(&mut self, node: &str, output: &str, op: Op, inputs: Vec<ValueId>) -> Result<ValueId, NodeFault> {
        let operands: Vec<&Value> = inputs.iter().map(|&id| self.graph.value(id)).collect();
        let shape = ir::infer(&op, &operands)?;
        check_activation(&shape)?;
        let name = self.unique(output);
        let output = self.graph.add_activation(name, shape);
        let name = format!("node:{node}");
        let name = self.unique(&name).split_off("node:".len());
        self.graph.nodes.push(ir::Node { name, op, inputs, output });
        Ok(output)
    }

    /// Takes note of constants that are about to be made.
    ///
    /// # Errors
    /// If there are too many numbers; then nothing may be allocated.
    pub(super) fn reserve_constant(&mut self, shape: &[usize]) -> Result<(), NodeFault> {
        let total = elements(shape).and_then(|count| self.constant_elements.checked_add(count));
        match total.filter(|&total| total <= MAX_CONSTANT_ELEMENTS) {
            Some(total) => self.constant_elements = total,
            None => return Err(NodeFault::Constants { max_elements: MAX_CONSTANT_ELEMENTS }),
        }
        Ok(())
    }

    /// Adds a constant of the graph, in the internal order, whose room was reserved. `source` is
    /// its name in the model.
    ///
    /// # Errors
    /// If a number is not finite.
    pub(super) fn add_constant(
        &mut self,
        source: &str,
        shape: Vec<usize>,
        data: impl Into<Arc<[f32]>>,
    ) -> Result<ValueId, NodeFault> {
        let data = data.into();
        if let Some(number) = data.iter().find(|number| !number.is_finite()) {
            let tensor = source.into();
            let found = format!("holds {number}, which is not finite");
            let remedy = "train or export the model again";
            return Err(TensorFault { tensor, found, remedy }.into());
        }
        let name = self.unique(source);
        Ok(self.graph.add_constant(name, shape, data))
    }

    /// The value with this shape, the batch included; the elements stay where they are.
    pub(super) fn reshape(&mut self, node: &str, value: ValueId, shape: Vec<usize>) -> Result<ValueId, NodeFault> {
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
    pub(super) fn reorder(&mut self, node: &str, x: &Activation, order: &[usize]) -> Result<Activation, NodeFault> {
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
                let made = self.emit_helper(node, "transpose", Op::Transpose { perm }, vec![input])?;
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
            let perm = std::iter::once(0).chain(order.iter().map(|&atom| atom + 1)).collect();
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
        let dims = std::iter::once(1).chain(memory.iter().map(|&run| runs[run].1)).collect();
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
        shape.extend(groups.iter().map(|group| group.iter().map(|&axis| x.view.axis_len(axis)).product::<usize>()));
        let wanted: Vec<usize> =
            groups.iter().flat_map(|group| group.iter().flat_map(|&axis| x.view.axes()[axis].iter().copied())).collect();
        let rest = (0..x.view.atoms().len()).filter(|atom| !wanted.contains(atom));
        let order: Vec<usize> = rest.chain(wanted.iter().copied()).collect();
        let x = self.reorder(node, x, &order)?;
        self.reshape(node, x.value, shape)
    }

    /// The tensor in the source model's own order, an axis of the value for each source axis (but
    /// one for the batch, which is axis 0 if that has extent 1, else an axis in front).
    pub(super) fn in_source_order(&mut self, node: &str, x: &Activation) -> Result<Activation, NodeFault> {
        let x = self.reorder(node, x, &x.view.source_order())?;
        let shape = batch_first(&x.view.shape());
        let skipped = 1 + x.view.rank() - shape.len();
        let value = self.reshape(node, x.value, shape.clone())?;
        let mut axes = vec![Vec::new(); skipped];
        axes.extend((0..shape.len() - 1).map(|atom| vec![atom]));
        Ok(Activation { value, view: View::new(shape[1..].to_vec(), axes) })
    }

    /// The tensor with these source axes innermost, in any order among themselves, as a value
    /// whose last axis holds exactly them; the other axes lie as they did.
    pub(super) fn trailing(&mut self, node: &str, x: &Activation, axes: &[usize]) -> Result<Activation, NodeFault> {
        let atoms = x.view.atoms();
        let mut inner: Vec<usize> = axes.iter().flat_map(|&axis| x.view.axes()[axis].iter().copied()).collect();
        let outer: Vec<usize> = (0..atoms.len()).filter(|atom| !inner.contains(atom)).collect();
        let mut in_memory = inner.clone();
        in_memory.sort_unstable();
        if x.view.lies_in(&[outer.as_slice(), &in_memory].concat()) {
            inner = in_memory;
        }
        let len: usize = inner.iter().map(|&atom| atoms[atom]).product();
        let rest: usize = outer.iter().map(|&atom| atoms[atom]).product();
        let x = self.reorder(node, x, &[outer, inner].concat())?;
        let value = if self.graph.shape(x.value).last() == Some(&len) && self.graph.shape(x.value).len() > 1 {
            x.value
        } else {
            let shape = if rest == 1 { vec![1, len] } else { vec![1, rest, len] };
            self.reshape(node, x.value, shape)?
        };
        Ok(Activation { value, view: x.view })
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

fn check_activation(shape: &[usize]) -> Result<(), NodeFault> {
    if elements(shape).is_some_and(|count| (1..=MAX_ACTIVATION_ELEMENTS).contains(&count)) {
        return Ok(());
    }
    Err(NodeFault::Operand {
        operand: "output".into(),
        expected: format!("of 1 to {MAX_ACTIVATION_ELEMENTS} numbers, not empty and not too large"),
        found: format!("shape {shape:?}"),
    })
}
