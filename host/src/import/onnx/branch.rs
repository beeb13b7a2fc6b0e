//! `If` whose condition is known: the branch that is taken becomes part of the network.
//!
//! Exporters write it where the rank of a tensor depends on an extent that is fixed after all.

use super::context::Tensor;
use super::importer::Importer;
use super::node::operand_fault;
use super::tensor::Data;
use crate::import::{ImportError, NodeFault};
use rten_onnx::onnx::{GraphProto, NodeProto};
use std::collections::HashSet;

impl<'m> Importer<'m> {
    /// The outputs of the branch that is taken; `name` is the node's.
    pub(super) fn branch(
        &mut self,
        proto: &'m NodeProto,
        name: &str,
    ) -> Result<Vec<Tensor>, ImportError> {
        let failed = |fault| ImportError::Node {
            node: name.into(),
            operator: "If".into(),
            fault: Box::new(fault),
        };
        let condition = proto.input.first().map_or("", String::as_str);
        let holds = match self.tensor(condition, name)? {
            Tensor::Constant(constant) => match &constant.data {
                Data::Bool(truth) if truth.len() == 1 => truth[0],
                data => {
                    let found = format!("{} of shape {:?}", data.type_name(), constant.shape);
                    return Err(failed(operand_fault("condition", "one truth", &found)));
                }
            },
            Tensor::Activation(_) => {
                let expected = "known before the network runs";
                let found = "a tensor that is computed";
                return Err(failed(operand_fault("condition", expected, found)));
            }
        };
        let wanted = if holds { "then_branch" } else { "else_branch" };
        let mut attributes = proto.attribute.iter();
        let graph = attributes
            .find(|attribute| attribute.name.as_deref() == Some(wanted))
            .and_then(|attribute| attribute.g.as_ref())
            .ok_or_else(|| {
                failed(NodeFault::Attribute {
                    attribute: wanted.into(),
                    found: "missing".into(),
                    supported: "a graph".into(),
                })
            })?;
        self.graph(graph)?;
        let outputs = graph.output.iter().map(|info| {
            let output = info.name.as_deref().unwrap_or_default();
            self.tensor(output, name)
        });
        outputs.collect()
    }

    /// Imports the nodes of a sub-graph, in the file's order, as the specification demands it.
    fn graph(&mut self, graph: &'m GraphProto) -> Result<(), ImportError> {
        for tensor in &graph.initializer {
            self.add_initializer(tensor);
        }
        for node in &graph.node {
            self.import(node)?;
        }
        Ok(())
    }
}

/// The names that a node reads: its operands, and what its sub-graphs take from outside.
pub(super) fn reads(node: &NodeProto) -> Vec<&str> {
    let mut names: Vec<&str> = node.input.iter().map(String::as_str).collect();
    for graph in node.attribute.iter().filter_map(|own| own.g.as_ref()) {
        names.extend(captured(graph));
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The names that a sub-graph reads and does not define.
fn captured(graph: &GraphProto) -> Vec<&str> {
    let infos = graph.input.iter().filter_map(|info| info.name.as_deref());
    let tensors = graph
        .initializer
        .iter()
        .filter_map(|own| own.name.as_deref());
    let computed = graph.node.iter().flat_map(|node| &node.output);
    let own: HashSet<&str> = infos
        .chain(tensors)
        .chain(computed.map(String::as_str))
        .collect();
    let outputs = graph.output.iter().filter_map(|info| info.name.as_deref());
    let read = graph.node.iter().flat_map(reads).chain(outputs);
    read.filter(|name| !own.contains(name)).collect()
}
