//! The graph under construction, and the ways to bring a tensor into the layout that an operator
//! needs.

use super::grids::Grids;
use super::node::Node;
use super::tensor::{Constant, elements};
use super::view::View;
use crate::import::{NodeFault, TensorFault};
use crate::ir::{self, Graph, Op, Value, ValueId};
use std::collections::HashMap;
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
        Self {
            value: self.value,
            view,
        }
    }

    /// Another value that lies alike.
    pub(super) fn with_value(&self, value: ValueId) -> Self {
        Self {
            value,
            view: self.view.clone(),
        }
    }
}

impl Tensor {
    /// What a node computed.
    pub(super) fn computed(value: ValueId, view: View) -> Self {
        Self::Activation(Activation { value, view })
    }

    /// Shape in the source model's axis order.
    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Constant(constant) => constant.shape.clone(),
            Self::Activation(activation) => activation.view.shape(),
        }
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

/// Names that are taken, and the next number for each.
#[derive(Default)]
pub(super) struct Names(HashMap<String, usize>);

impl Names {
    /// `name`, or `name` with a number if it was taken.
    pub(super) fn unique(&mut self, name: &str) -> String {
        let mut number = self.0.get(name).copied().unwrap_or(1);
        let mut unique = name.to_owned();
        if number > 1 {
            loop {
                unique = format!("{name}#{number}");
                number += 1;
                if !self.0.contains_key(&unique) {
                    break;
                }
            }
            self.0.insert(unique.clone(), 2);
        } else {
            number = 2;
        }
        self.0.insert(name.to_owned(), number);
        unique
    }
}

/// The graph under construction.
pub(super) struct Context {
    /// The graph.
    pub graph: Graph,
    names: Names,
    constant_elements: usize,
    /// Scales, where the model has them.
    pub grids: Grids,
    /// Reshaped (`false`) and transposed (`true`) values, so that each is made once.
    pub derived: HashMap<(ValueId, bool, Vec<usize>), ValueId>,
    /// What the node at hand computes beside its first output, in the order of its outputs.
    pub side_outputs: Vec<Tensor>,
    /// Whether the first axis of an input is symbolic, so that it may hold several samples: then
    /// no operator may mix them.
    pub open_batch: bool,
}

impl Context {
    /// An empty graph.
    pub(super) fn new(name: &str) -> Self {
        Self {
            graph: Graph::new(name),
            names: Names::default(),
            constant_elements: 0,
            grids: Grids::default(),
            derived: HashMap::new(),
            side_outputs: Vec::new(),
            open_batch: false,
        }
    }

    /// `name`, or `name` with a number if it was taken.
    pub(super) fn unique(&mut self, name: &str) -> String {
        self.names.unique(name)
    }

    /// Adds the operator that computes the node's result; it takes the node's names.
    pub(super) fn emit(
        &mut self,
        node: &Node<'_>,
        op: Op,
        inputs: Vec<ValueId>,
    ) -> Result<ValueId, NodeFault> {
        self.push(&node.name, &node.output, op, inputs)
    }

    /// Adds the operator that computes a result of the node beside the first, which takes that
    /// output's name.
    pub(super) fn emit_output(
        &mut self,
        node: &Node<'_>,
        index: usize,
        op: Op,
        inputs: Vec<ValueId>,
    ) -> Result<ValueId, NodeFault> {
        let output = node.outputs.get(index).filter(|name| !name.is_empty());
        let name = format!("{}/output {index}", node.name);
        self.push(&name, output.unwrap_or(&name), op, inputs)
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

    fn push(
        &mut self,
        node: &str,
        output: &str,
        op: Op,
        inputs: Vec<ValueId>,
    ) -> Result<ValueId, NodeFault> {
        let operands: Vec<&Value> = inputs.iter().map(|&id| self.graph.value(id)).collect();
        let shape = ir::infer(&op, &operands)?;
        check_activation(&shape)?;
        let name = self.unique(output);
        let output = self.graph.add_activation(name, shape);
        let name = format!("node:{node}");
        let name = self.unique(&name).split_off("node:".len());
        self.graph.nodes.push(ir::Node {
            name,
            op,
            inputs,
            output,
        });
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
            None => {
                return Err(NodeFault::Constants {
                    max_elements: MAX_CONSTANT_ELEMENTS,
                });
            }
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
            return Err(TensorFault {
                tensor,
                found,
                remedy,
            }
            .into());
        }
        let name = self.unique(source);
        let id = self.graph.add_constant(name, shape, data);
        self.note_constant(source, id);
        Ok(id)
    }
}

impl Context {
    /// Refuses an operator that mixes samples if there may be several.
    pub(super) fn check_batch(
        &self,
        x: &Activation,
        mixed: impl IntoIterator<Item = usize>,
    ) -> Result<(), NodeFault> {
        let batch = x.view.batch();
        let has_batch = x.view.rank() > batch && x.view.axis_len(batch) == 1;
        if self.open_batch && has_batch && mixed.into_iter().any(|axis| axis == batch) {
            return Err(NodeFault::Operand {
                operand: "axes".into(),
                expected: format!("without the batch, axis {batch}, which is dynamic"),
                found: format!("axis {batch}: export the model with batch 1, or leave it out"),
            });
        }
        Ok(())
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
