//! The verifier: what every pass may rely on and must leave behind.

mod error;
#[cfg(test)]
mod tests;

pub use error::VerifyError;

use super::infer::{element_count, is_permutation};
use super::{Graph, Node, Op, Port, Value, ValueId, infer};
use std::collections::HashSet;

/// Checks that a graph is what [`Graph`] and [`Op`] say: nodes in topological order, every value
/// written once and as large as its operator makes it, constants filled, finite and where an
/// operator demands them, activations of batch 1, names unique. Values that nobody names are not
/// looked at.
///
/// # Errors
/// [`VerifyError`], naming the first offending node or value.
pub fn verify(graph: &Graph) -> Result<(), VerifyError> {
    let mut verifier = Verifier::new(graph);
    for port in &graph.inputs {
        unique(&mut verifier.names.inputs, "input", &port.name)?;
        let value = verifier.port(port)?;
        if verifier.mark_ready(port.value) {
            return Err(VerifyError::WrittenTwice {
                writer: port.name.clone(),
                value: value.name.clone(),
            });
        }
    }
    for node in &graph.nodes {
        unique(&mut verifier.names.nodes, "node", &node.name)?;
        verifier.node(node)?;
    }
    for port in &graph.outputs {
        unique(&mut verifier.names.outputs, "output", &port.name)?;
        let value = verifier.port(port)?;
        if !verifier.ready[port.value.index()] {
            return Err(VerifyError::OutputNotComputed {
                port: port.name.clone(),
                value: value.name.clone(),
            });
        }
    }
    Ok(())
}

/// What is known of a graph while walking it from its inputs to its outputs.
struct Verifier<'g> {
    graph: &'g Graph,
    names: Names<'g>,
    /// By value: whether it can be read, as a constant, an input, or computed further up.
    ready: Vec<bool>,
    /// By value: whether it was looked at.
    seen: Vec<bool>,
}

/// The names met so far, by what they name.
#[derive(Default)]
struct Names<'g> {
    inputs: HashSet<&'g str>,
    outputs: HashSet<&'g str>,
    nodes: HashSet<&'g str>,
    values: HashSet<&'g str>,
}

impl<'g> Verifier<'g> {
    fn new(graph: &'g Graph) -> Self {
        let constants = graph.values().map(|(_, value)| value.constant.is_some());
        Self {
            graph,
            names: Names::default(),
            ready: constants.collect(),
            seen: vec![false; graph.value_count()],
        }
    }

    /// Marks a value as readable; whether it was before.
    fn mark_ready(&mut self, id: ValueId) -> bool {
        std::mem::replace(&mut self.ready[id.index()], true)
    }

    /// Checks a value that exists, the first time it is named.
    fn value(&mut self, id: ValueId) -> Result<&'g Value, VerifyError> {
        let value = self.graph.value(id);
        if !std::mem::replace(&mut self.seen[id.index()], true) {
            unique(&mut self.names.values, "value", &value.name)?;
            check_value(value)?;
        }
        Ok(value)
    }

    fn port(&mut self, port: &Port) -> Result<&'g Value, VerifyError> {
        if self.graph.get(port.value).is_none() {
            return Err(VerifyError::PortOutOfRange {
                port: port.name.clone(),
                index: port.value.index(),
                count: self.graph.value_count(),
            });
        }
        let value = self.value(port.value)?;
        if value.constant.is_some() {
            return Err(VerifyError::ConstantPort {
                port: port.name.clone(),
                value: value.name.clone(),
            });
        }
        if !is_permutation(&port.source_axes, value.shape.len()) {
            return Err(VerifyError::SourceAxes {
                port: port.name.clone(),
                source_axes: port.source_axes.clone(),
                shape: value.shape.clone(),
            });
        }
        Ok(value)
    }

    fn node_value(&mut self, node: &Node, id: ValueId) -> Result<&'g Value, VerifyError> {
        if self.graph.get(id).is_none() {
            return Err(VerifyError::NodeOutOfRange {
                node: node.name.clone(),
                index: id.index(),
                count: self.graph.value_count(),
            });
        }
        self.value(id)
    }

    fn node(&mut self, node: &Node) -> Result<(), VerifyError> {
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for &id in &node.inputs {
            let value = self.node_value(node, id)?;
            if !self.ready[id.index()] {
                return Err(VerifyError::NotComputed {
                    node: node.name.clone(),
                    value: value.name.clone(),
                });
            }
            inputs.push(value);
        }
        let output = self.node_value(node, node.output)?;
        if self.mark_ready(node.output) {
            return Err(VerifyError::WrittenTwice {
                writer: node.name.clone(),
                value: output.name.clone(),
            });
        }
        check_shape(node, &inputs, output)?;
        check_parameters(node, &inputs)?;
        check_variance(node, &inputs)
    }
}

/// Checks that the output is as large as the operator makes it.
fn check_shape(node: &Node, inputs: &[&Value], output: &Value) -> Result<(), VerifyError> {
    let expected = infer(&node.op, inputs).map_err(|source| VerifyError::Infer {
        node: node.name.clone(),
        op: node.op.name(),
        source,
    })?;
    if expected == output.shape {
        return Ok(());
    }
    Err(VerifyError::Shape {
        node: node.name.clone(),
        op: node.op.name(),
        value: output.name.clone(),
        expected,
        found: output.shape.clone(),
    })
}

/// Checks that weights, biases and statistics are constant.
fn check_parameters(node: &Node, inputs: &[&Value]) -> Result<(), VerifyError> {
    let mut roles = parameters(&node.op).iter().zip(&inputs[1..]);
    match roles.find(|(_, value)| value.constant.is_none()) {
        None => Ok(()),
        Some((&role, value)) => Err(VerifyError::NotConstant {
            node: node.name.clone(),
            op: node.op.name(),
            role,
            value: value.name.clone(),
        }),
    }
}

/// Roles of the inputs after the first that must be constant.
fn parameters(op: &Op) -> &'static [&'static str] {
    match op {
        Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::Dense { .. } => &["weights", "bias"],
        Op::BatchNorm { .. } => &["scale", "bias", "mean", "variance"],
        Op::Activation(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Add { .. }
        | Op::Sub { .. }
        | Op::Mul { .. }
        | Op::MatMul { .. }
        | Op::Concat { .. }
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Take { .. }
        | Op::Pad(_)
        | Op::Softmax
        | Op::Identity => &[],
    }
}

/// A batch normalization divides by `sqrt(variance + epsilon)`.
fn check_variance(node: &Node, inputs: &[&Value]) -> Result<(), VerifyError> {
    let Op::BatchNorm { epsilon } = node.op else {
        return Ok(());
    };
    let variances = inputs[4].constant.iter().flat_map(|data| data.iter());
    for (index, &found) in variances.enumerate() {
        let radicand = found + epsilon;
        if !(radicand > 0.0 && radicand.is_finite()) {
            return Err(VerifyError::Variance {
                node: node.name.clone(),
                index,
                found,
                epsilon,
            });
        }
    }
    Ok(())
}

/// Checks what a value must be whoever reads it.
fn check_value(value: &Value) -> Result<(), VerifyError> {
    let name = || value.name.clone();
    if value.shape.contains(&0) {
        return Err(VerifyError::Empty {
            value: name(),
            shape: value.shape.clone(),
        });
    }
    let expected = element_count(&value.shape).map_err(|source| VerifyError::Size {
        value: name(),
        source,
    })?;
    let Some(data) = &value.constant else {
        return match value.shape.first() {
            Some(1) => Ok(()),
            Some(_) | None => Err(VerifyError::Batch {
                value: name(),
                shape: value.shape.clone(),
            }),
        };
    };
    if data.len() != expected {
        return Err(VerifyError::ConstantLength {
            value: name(),
            shape: value.shape.clone(),
            expected,
            found: data.len(),
        });
    }
    match data.iter().position(|element| !element.is_finite()) {
        None => Ok(()),
        Some(index) => Err(VerifyError::NotFinite {
            value: name(),
            index,
            found: data[index],
        }),
    }
}

fn unique<'g>(
    names: &mut HashSet<&'g str>,
    what: &'static str,
    name: &'g str,
) -> Result<(), VerifyError> {
    if names.insert(name) {
        Ok(())
    } else {
        Err(VerifyError::DuplicateName {
            what,
            name: name.to_owned(),
        })
    }
}
