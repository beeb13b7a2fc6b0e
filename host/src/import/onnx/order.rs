//! The nodes in the order in which they can be computed, and who reads what.

use super::branch::reads;
use crate::import::ImportError;
use rten_onnx::onnx::{GraphProto, NodeProto};
use std::collections::{HashMap, HashSet};

/// The graph as a network of names.
pub(super) struct Network<'m> {
    nodes: &'m [NodeProto],
    readers: HashMap<&'m str, Vec<usize>>,
    outputs: HashSet<&'m str>,
    /// Indices of the nodes that the outputs need, each behind those that it reads.
    order: Vec<usize>,
}

/// A node's name, or, where it has none, that of its first output.
pub(super) fn node_name(node: &NodeProto) -> String {
    let own = node.name.as_deref().filter(|name| !name.is_empty());
    own.or(node.output.first().map(String::as_str))
        .unwrap_or("unnamed")
        .into()
}

impl<'m> Network<'m> {
    /// Reads the names of a graph.
    ///
    /// # Errors
    /// If a name is defined twice, read but not defined, or defined by itself; or if there is no
    /// output.
    pub(super) fn new(graph: &'m GraphProto) -> Result<Self, ImportError> {
        if graph.output.is_empty() {
            return Err(ImportError::Model {
                found: "has no output".into(),
                remedy: "name what the network computes as an output of the graph",
            });
        }
        let producers = producers(graph)?;
        let mut readers: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, node) in graph.node.iter().enumerate() {
            for name in reads(node) {
                readers.entry(name).or_default().push(index);
            }
        }
        let outputs = graph
            .output
            .iter()
            .map(|info| info.name.as_deref().unwrap_or_default())
            .collect();
        let order = order(graph, &producers)?;
        let live = live(graph, &producers);
        let order = order.into_iter().filter(|&index| live[index]).collect();
        Ok(Self {
            nodes: &graph.node,
            readers,
            outputs,
            order,
        })
    }

    /// Indices of the nodes to import, in order.
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    /// A node.
    pub(super) fn node(&self, index: usize) -> &'m NodeProto {
        &self.nodes[index]
    }

    /// The nodes that read a tensor.
    pub(super) fn readers(&self, tensor: &str) -> impl Iterator<Item = &'m NodeProto> {
        self.readers
            .get(tensor)
            .into_iter()
            .flatten()
            .map(|&index| &self.nodes[index])
    }

    /// An output of the node behind the first so many that something reads.
    pub(super) fn used_side_output(
        &self,
        node: &'m NodeProto,
        known: usize,
    ) -> Option<(usize, &'m str)> {
        let side = node.output.iter().map(String::as_str).enumerate();
        let side = side.skip(known);
        side.filter(|(_, name)| !name.is_empty())
            .find(|(_, name)| self.readers.contains_key(name) || self.outputs.contains(name))
    }
}

/// Which node computes a tensor; none for inputs and initializers.
fn producers(graph: &GraphProto) -> Result<HashMap<&str, Option<usize>>, ImportError> {
    let mut producers = HashMap::new();
    let duplicate = |name: &str| ImportError::DuplicateTensor {
        tensor: name.into(),
    };
    for tensor in &graph.initializer {
        let name = tensor.name.as_deref().unwrap_or_default();
        if producers.insert(name, None).is_some() {
            return Err(duplicate(name));
        }
    }
    // Inputs may repeat the names of initializers, but not each other's.
    let mut inputs = HashSet::new();
    for info in &graph.input {
        let name = info.name.as_deref().unwrap_or_default();
        if !inputs.insert(name) {
            return Err(duplicate(name));
        }
        producers.insert(name, None);
    }
    let mut outputs = HashSet::new();
    for info in &graph.output {
        let name = info.name.as_deref().unwrap_or_default();
        if !outputs.insert(name) {
            return Err(duplicate(name));
        }
    }
    for (index, node) in graph.node.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            if producers.insert(name, Some(index)).is_some() {
                return Err(duplicate(name));
            }
        }
    }
    Ok(producers)
}

/// Kahn's algorithm over all nodes, in the file's order where that is free.
fn order(
    graph: &GraphProto,
    producers: &HashMap<&str, Option<usize>>,
) -> Result<Vec<usize>, ImportError> {
    let mut waiting = vec![0usize; graph.node.len()];
    let mut followers = vec![Vec::new(); graph.node.len()];
    for (index, node) in graph.node.iter().enumerate() {
        for name in reads(node) {
            match producers.get(name) {
                Some(Some(producer)) => {
                    followers[*producer].push(index);
                    waiting[index] += 1;
                }
                Some(None) => {}
                None => {
                    let reader = format!("node `{}`", node_name(node));
                    return Err(ImportError::MissingTensor {
                        reader,
                        tensor: name.into(),
                    });
                }
            }
        }
    }
    let mut ready: std::collections::BTreeSet<usize> = (0..waiting.len())
        .filter(|&index| waiting[index] == 0)
        .collect();
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(index) = ready.pop_first() {
        order.push(index);
        for &follower in &followers[index] {
            waiting[follower] -= 1;
            if waiting[follower] == 0 {
                ready.insert(follower);
            }
        }
    }
    match waiting.iter().position(|&count| count > 0) {
        Some(index) => Err(ImportError::Cycle {
            node: node_name(&graph.node[index]),
        }),
        None => Ok(order),
    }
}

/// Which nodes the outputs need.
fn live(graph: &GraphProto, producers: &HashMap<&str, Option<usize>>) -> Vec<bool> {
    let mut live = vec![false; graph.node.len()];
    let mut pending: Vec<&str> = graph
        .output
        .iter()
        .map(|info| info.name.as_deref().unwrap_or_default())
        .collect();
    while let Some(name) = pending.pop() {
        if let Some(Some(index)) = producers.get(name)
            && !std::mem::replace(&mut live[*index], true)
        {
            pending.extend(reads(&graph.node[*index]));
        }
    }
    live
}
