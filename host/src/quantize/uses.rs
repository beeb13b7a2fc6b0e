//! Who computes and who reads each tensor of the int8 graph to be.

use crate::ir::{Class, Graph, Node, ValueId};

/// Who computes and who reads each value, weights aside.
pub(super) struct Uses {
    producers: Vec<Option<usize>>,
    readers: Vec<Vec<usize>>,
    named: Vec<bool>,
}

impl Uses {
    pub(super) fn of(graph: &Graph) -> Self {
        let mut uses = Self {
            producers: vec![None; graph.value_count()],
            readers: vec![Vec::new(); graph.value_count()],
            named: vec![false; graph.value_count()],
        };
        for port in graph.inputs.iter().chain(&graph.outputs) {
            uses.named[port.value.index()] = true;
        }
        for (index, node) in graph.nodes.iter().enumerate() {
            uses.producers[node.output.index()] = Some(index);
            uses.named[node.output.index()] = true;
            for input in operands(node) {
                uses.named[input.index()] = true;
                let readers = &mut uses.readers[input.index()];
                if readers.last() != Some(&index) {
                    readers.push(index);
                }
            }
        }
        uses
    }

    /// Index of the node that computes the value; none for inputs and constants.
    pub(super) fn producer(&self, id: ValueId) -> Option<usize> {
        self.producers[id.index()]
    }

    /// Nodes that read the value as an operand, each once.
    pub(super) fn readers(&self, id: ValueId) -> &[usize] {
        &self.readers[id.index()]
    }

    /// Values that become int8 tensors.
    pub(super) fn operands<'a>(&'a self, graph: &'a Graph) -> impl Iterator<Item = ValueId> + 'a {
        graph
            .values()
            .map(|(id, _)| id)
            .filter(|id| self.named[id.index()])
    }
}

/// The inputs of a node that are tensors of the int8 graph; the others are weights.
pub(super) fn operands(node: &Node) -> &[ValueId] {
    match node.op.class() {
        Class::Layer => &node.inputs[..1],
        Class::Product
        | Class::Function
        | Class::Combination
        | Class::Move
        | Class::Join
        | Class::Other => &node.inputs,
    }
}
