//! The graph: values, nodes in order, and the ports to the outside.

use super::op::Op;
use std::sync::Arc;

/// Names a value of one graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(u32);

impl ValueId {
    /// The id of the value at this position.
    ///
    /// # Panics
    /// If there cannot be so many values.
    pub fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("a model has fewer than 2^32 values"))
    }

    /// Position among the graph's values.
    pub fn index(self) -> usize {
        usize::try_from(self.0).expect("usize holds 32 bits on every host")
    }
}

/// A tensor: an input, a constant, or what a node computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Unique name, from the source model where it has one.
    pub name: String,
    /// Shape, NHWC; activations have the batch, 1, first.
    pub shape: Vec<usize>,
    /// The elements, row-major, if the value is a constant.
    pub constant: Option<Arc<[f32]>>,
}

/// One operator applied once.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Unique name, from the source model where it has one.
    pub name: String,
    /// The operator.
    pub op: Op,
    /// What it reads; the operator defines the order.
    pub inputs: Vec<ValueId>,
    /// What it computes.
    pub output: ValueId,
}

/// An input or output of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Name in the source model.
    pub name: String,
    /// The value.
    pub value: ValueId,
    /// Axis `i` of the source model is axis `source_axes[i]` of the value.
    pub source_axes: Vec<usize>,
}

/// A float network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Name of the model.
    pub name: String,
    /// What it reads.
    pub inputs: Vec<Port>,
    /// What it computes.
    pub outputs: Vec<Port>,
    /// Nodes; each reads only what is an input, a constant or computed before it.
    pub nodes: Vec<Node>,
    /// Sets of activations that mean the same at different steps of one layer: quantized, each set
    /// gets one scale. They change nothing of what the graph computes; passes may lose members.
    pub alike: Vec<Vec<ValueId>>,
    values: Vec<Value>,
}

impl Graph {
    /// An empty graph.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Adds a value and returns its id.
    pub fn add_value(&mut self, value: Value) -> ValueId {
        let id = ValueId::from_index(self.values.len());
        self.values.push(value);
        id
    }

    /// Adds a constant.
    ///
    /// # Panics
    /// If `data` does not fill `shape`.
    pub fn add_constant(
        &mut self,
        name: impl Into<String>,
        shape: Vec<usize>,
        data: impl Into<Arc<[f32]>>,
    ) -> ValueId {
        let data = data.into();
        assert_eq!(
            shape.iter().product::<usize>(),
            data.len(),
            "constant's length and shape"
        );
        self.add_value(Value {
            name: name.into(),
            shape,
            constant: Some(data),
        })
    }

    /// Adds an activation of this shape.
    pub fn add_activation(&mut self, name: impl Into<String>, shape: Vec<usize>) -> ValueId {
        self.add_value(Value {
            name: name.into(),
            shape,
            constant: None,
        })
    }

    /// The value of this id.
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.index()]
    }

    /// The value of this id, or none if the graph does not have it.
    pub fn get(&self, id: ValueId) -> Option<&Value> {
        self.values.get(id.index())
    }

    /// The value of this id, to be changed.
    pub fn value_mut(&mut self, id: ValueId) -> &mut Value {
        &mut self.values[id.index()]
    }

    /// All values with their ids; some may be unused until [`Graph::compact`].
    pub fn values(&self) -> impl Iterator<Item = (ValueId, &Value)> {
        (0..).map(ValueId).zip(&self.values)
    }

    /// Number of values, used or not.
    pub fn value_count(&self) -> usize {
        self.values.len()
    }

    /// The shape of a value.
    pub fn shape(&self, id: ValueId) -> &[usize] {
        &self.value(id).shape
    }

    /// The elements of a constant, or none for an activation.
    pub fn constant(&self, id: ValueId) -> Option<&Arc<[f32]>> {
        self.value(id).constant.as_ref()
    }

    /// Index of the node that computes a value; none for inputs and constants.
    pub fn producer(&self, id: ValueId) -> Option<usize> {
        self.nodes.iter().position(|node| node.output == id)
    }

    /// Indices of the nodes that read a value, each once.
    pub fn consumers(&self, id: ValueId) -> Vec<usize> {
        (0..self.nodes.len())
            .filter(|&index| self.nodes[index].inputs.contains(&id))
            .collect()
    }

    /// Whether the value is an output of the graph.
    pub fn is_output(&self, id: ValueId) -> bool {
        self.outputs.iter().any(|port| port.value == id)
    }

    /// Makes every reader of `old`, outputs included, read `new`.
    pub fn replace_uses(&mut self, old: ValueId, new: ValueId) {
        let inputs = self.nodes.iter_mut().flat_map(|node| &mut node.inputs);
        let outputs = self.outputs.iter_mut().map(|port| &mut port.value);
        for id in inputs.chain(outputs).filter(|id| **id == old) {
            *id = new;
        }
    }

    /// Drops nodes whose results nobody reads, and values that nobody names. Ids change.
    pub fn compact(&mut self) {
        let mut live = vec![false; self.values.len()];
        for port in self.inputs.iter().chain(&self.outputs) {
            live[port.value.index()] = true;
        }
        let mut kept = Vec::with_capacity(self.nodes.len());
        for node in std::mem::take(&mut self.nodes).into_iter().rev() {
            if live[node.output.index()] {
                for input in &node.inputs {
                    live[input.index()] = true;
                }
                kept.push(node);
            }
        }
        kept.reverse();
        self.nodes = kept;

        let mut renumbered = vec![None; self.values.len()];
        for (index, value) in std::mem::take(&mut self.values).into_iter().enumerate() {
            if live[index] {
                renumbered[index] = Some(self.add_value(value));
            }
        }
        let nodes = self.nodes.iter_mut().flat_map(|node| {
            let Node { inputs, output, .. } = node;
            inputs.iter_mut().chain(std::iter::once(output))
        });
        let ports = self.inputs.iter_mut().chain(&mut self.outputs);
        for id in nodes.chain(ports.map(|port| &mut port.value)) {
            *id = renumbered[id.index()].expect("what is named is live");
        }
        for set in &mut self.alike {
            *set = set.iter().filter_map(|id| renumbered[id.index()]).collect();
        }
        self.alike.retain(|set| set.len() > 1);
    }
}
