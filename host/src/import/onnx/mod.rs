//! ONNX models, opsets 6 to 24, of float32.
//!
//! The source model's tensors keep their axis order in its own eyes; where their elements lie is
//! the business of [`view`]: inputs lie channels-last from the start, and what only rewrites axes
//! (Transpose, Reshape, Flatten, …) moves nothing. Dense layers take up the order in which their
//! input lies into their weights. Elements are moved, by a Transpose node, only where an operator
//! needs an order that is not there.
//!
//! The batch is 1: a symbolic batch is taken as 1, and shape arithmetic is folded with it.
//!
//! Specification: <https://github.com/onnx/onnx/blob/main/docs/Operators.md> and its changelog.

mod attributes;
mod context;
#[cfg(test)]
mod golden_tests;
mod input;
mod node;
mod ops;
mod order;
mod tensor;
mod view;
mod wire;

use crate::import::{ImportError, NodeFault};
use crate::ir::{Graph, Op, Port};
use attributes::Attributes;
use context::{Activation, Context, Tensor};
use node::Node;
use order::Network;
use rten_onnx::onnx::{GraphProto, ModelProto, NodeProto, TensorProto};
use std::collections::HashMap;

/// Oldest opset that is read; older ones have other forms of the common operators.
pub const OLDEST_OPSET: i64 = 6;

/// Newest opset that is known.
pub const NEWEST_OPSET: i64 = 24;

/// Reads a model; the graph gets the name `name`. The text is the opset and the exporter.
///
/// # Errors
/// If the bytes are no ONNX model, or hold what is not supported.
pub fn import(bytes: &[u8], name: &str) -> Result<(Graph, String), ImportError> {
    wire::check(bytes)?;
    let model = ModelProto::parse_buf(bytes).map_err(|error| ImportError::Protobuf {
        offset: bytes.len(),
        reason: error.to_string(),
    })?;
    let opset = opset(&model)?;
    let Some(graph) = &model.graph else {
        return Err(ImportError::Model {
            found: "has no graph".into(),
            remedy: "it is empty or no ONNX model",
        });
    };
    let graph = Importer::new(graph, opset, name)?.run()?;
    Ok((graph, format(&model, opset)))
}

fn opset(model: &ModelProto) -> Result<i64, ImportError> {
    let own = model.opset_import.iter().find(|opset| is_own(opset.domain.as_deref()));
    let Some(own) = own else {
        return Err(ImportError::Model {
            found: "names no opset of the domain ai.onnx".into(),
            remedy: "it is damaged or made of other operators only: export it again",
        });
    };
    let found = own.version.unwrap_or(0);
    if (OLDEST_OPSET..=NEWEST_OPSET).contains(&found) {
        return Ok(found);
    }
    Err(ImportError::Opset { found, oldest: OLDEST_OPSET, newest: NEWEST_OPSET })
}

/// Whether a domain is that of ONNX's own operators.
fn is_own(domain: Option<&str>) -> bool {
    matches!(domain, None | Some("" | "ai.onnx"))
}

fn format(model: &ModelProto, opset: i64) -> String {
    let producer = [&model.producer_name, &model.producer_version];
    let producer: Vec<&str> = producer.into_iter().flatten().map(String::as_str).filter(|text| !text.is_empty()).collect();
    let mut format = format!("ONNX opset {opset}");
    if !producer.is_empty() {
        format.push_str(", ");
        format.push_str(&producer.join(" "));
    }
    format
}

/// The way through one graph.
struct Importer<'m> {
    proto: &'m GraphProto,
    opset: i64,
    network: Network<'m>,
    initializers: HashMap<&'m str, &'m TensorProto>,
    tensors: HashMap<&'m str, Tensor>,
    context: Context,
}

impl<'m> Importer<'m> {
    fn new(proto: &'m GraphProto, opset: i64, name: &str) -> Result<Self, ImportError> {
        let network = Network::new(proto)?;
        let initializers =
            proto.initializer.iter().map(|tensor| (tensor.name.as_deref().unwrap_or_default(), tensor)).collect();
        Ok(Self { proto, opset, network, initializers, tensors: HashMap::new(), context: Context::new(name) })
    }

    fn run(mut self) -> Result<Graph, ImportError> {
        for info in &self.proto.input {
            let name = info.name.as_deref().unwrap_or_default();
            // Before IR version 4, initializers are listed among the inputs.
            if self.initializers.contains_key(name) {
                continue;
            }
            input::check_use(&self.network, name)?;
            let shape = input::shape(info)?;
            let order = input::memory_order(&self.network, name, shape.len());
            let activation = input::add(&mut self.context, name, &shape, &order)?;
            self.tensors.insert(name, activation.into());
        }
        for index in self.network.order().to_vec() {
            let node = self.network.node(index);
            let tensor = self.node(node)?;
            if let Some(name) = node.output.first() {
                self.tensors.insert(name, tensor);
            }
        }
        for info in &self.proto.output {
            self.output(info.name.as_deref().unwrap_or_default())?;
        }
        Ok(self.context.graph)
    }

    fn node(&mut self, proto: &'m NodeProto) -> Result<Tensor, ImportError> {
        let name = order::node_name(proto);
        let operator = proto.op_type.as_deref().unwrap_or_default();
        let failed = |fault| ImportError::Node { node: name.clone(), operator: operator.into(), fault };
        let row = row(proto).map_err(failed)?;
        let attributes = Attributes::new(&proto.attribute, row.attributes).map_err(failed)?;
        if proto.input.len() > row.operands {
            let expected = format!("{} at most", row.operands);
            return Err(failed(node::operand_fault("number of inputs", &expected, &proto.input.len().to_string())));
        }
        if let Some((index, tensor)) = self.network.used_side_output(proto) {
            return Err(failed(NodeFault::Result { index, tensor: tensor.into() }));
        }
        let mut inputs = Vec::with_capacity(proto.input.len());
        for input in &proto.input {
            inputs.push(if input.is_empty() { None } else { Some(self.tensor(input, &name)?) });
        }
        let node = Node {
            name: name.clone(),
            output: proto.output.first().cloned().unwrap_or_default(),
            opset: self.opset,
            attributes,
            inputs,
        };
        (row.import)(&mut self.context, &node).map_err(failed)
    }

    /// A tensor by name; initializers are decoded when they are first read.
    fn tensor(&mut self, name: &'m str, reader: &str) -> Result<Tensor, ImportError> {
        if let Some(tensor) = self.tensors.get(name) {
            return Ok(tensor.clone());
        }
        let Some(proto) = self.initializers.get(name) else {
            return Err(ImportError::MissingTensor { reader: format!("node `{reader}`"), tensor: name.into() });
        };
        let tensor = Tensor::from(tensor::decode(proto, name)?);
        self.tensors.insert(name, tensor.clone());
        Ok(tensor)
    }

    fn output(&mut self, name: &'m str) -> Result<(), ImportError> {
        let tensor = match self.tensors.get(name) {
            Some(Tensor::Activation(activation)) => activation.clone(),
            Some(Tensor::Constant(_)) => {
                return Err(ImportError::Output { output: name.into(), found: "is a constant: remove it" });
            }
            None if self.initializers.contains_key(name) => {
                return Err(ImportError::Output { output: name.into(), found: "is a constant: remove it" });
            }
            None => return Err(ImportError::MissingTensor { reader: "the model's output".into(), tensor: name.into() }),
        };
        let port = self.port(name, &tensor).map_err(|fault| ImportError::Node {
            node: name.into(),
            operator: "output".into(),
            fault,
        })?;
        self.context.graph.outputs.push(port);
        Ok(())
    }

    /// The tensor as an output: an axis of the value for each source axis, and a batch in front if
    /// the source has none.
    fn port(&mut self, name: &str, tensor: &Activation) -> Result<Port, NodeFault> {
        let order = tensor.view.axis_order();
        let groups: Vec<&[usize]> = order.iter().map(std::slice::from_ref).collect();
        let mut value = self.context.arrange(name, tensor, &groups)?;
        let graph = &self.context.graph;
        let taken = |port: &Port| port.value == value;
        if graph.inputs.iter().chain(&graph.outputs).any(taken) {
            value = self.context.emit_helper(name, "copy", Op::Identity, vec![value])?;
        }
        // The batch is in front: of the source's axes, `order` leaves out a batch axis only.
        let position = |axis| order.iter().position(|&at| at == axis).map(|position| position + 1);
        let source_axes = std::iter::once(0).chain((0..tensor.view.rank()).filter_map(position)).collect();
        Ok(Port { name: name.into(), value, source_axes })
    }
}

/// The row of a node's operator.
fn row(proto: &NodeProto) -> Result<&'static ops::Row, NodeFault> {
    let operator = proto.op_type.as_deref().unwrap_or_default();
    if !is_own(proto.domain.as_deref()) {
        let domain = proto.domain.as_deref().unwrap_or_default();
        let nearest = format!("domain `{domain}` is not known, only ONNX's own operators are");
        return Err(NodeFault::Operator { nearest });
    }
    ops::row_of(operator).ok_or_else(|| NodeFault::Operator { nearest: ops::nearest(operator) })
}
