//! The walk through the graph.

use super::attributes::Attributes;
use super::context::{Activation, Context, Tensor};
use super::external::External;
use super::grids::Element;
use super::model::is_own;
use super::node::{self, Node};
use super::options::{ConstantTensor, Options};
use super::order::{self, Network};
use super::{batch, input, ops};
use crate::import::{ImportError, Network as ImportedNetwork, NodeFault};
use crate::ir::{Op, Port};
use crate::quantize::graph::QuantParams;
use crate::quantize::quantize_given;
use rten_onnx::onnx::{GraphProto, NodeProto, TensorProto, ValueInfoProto};
use std::collections::HashMap;

/// The way through one graph.
pub(super) struct Importer<'m> {
    pub(super) proto: &'m GraphProto,
    pub(super) opset: i64,
    pub(super) network: Network<'m>,
    pub(super) initializers: HashMap<&'m str, &'m TensorProto>,
    pub(super) tensors: HashMap<&'m str, Tensor>,
    pub(super) context: Context,
    pub(super) options: &'m Options,
    pub(super) external: External,
    /// The fixed batch of which one sample is imported.
    pub(super) batch: Option<usize>,
}

impl<'m> Importer<'m> {
    /// Reads the names of the graph. `batch` is a fixed batch of which one sample is imported.
    pub(super) fn new(
        proto: &'m GraphProto,
        opset: i64,
        name: &str,
        options: &'m Options,
        batch: Option<usize>,
    ) -> Result<Self, ImportError> {
        let network = Network::new(proto)?;
        let initializers = proto
            .initializer
            .iter()
            .map(|tensor| (tensor.name.as_deref().unwrap_or_default(), tensor))
            .collect();
        Ok(Self {
            proto,
            opset,
            network,
            initializers,
            tensors: HashMap::new(),
            context: Context::new(name),
            options,
            external: External::new(options.folder.clone()),
            batch,
        })
    }

    /// Imports every node that the outputs need.
    pub(super) fn run(mut self) -> Result<ImportedNetwork, ImportError> {
        self.walk()?;
        for info in &self.proto.output {
            self.output(info.name.as_deref().unwrap_or_default())?;
        }
        let (graph, grids) = (self.context.graph, self.context.grids);
        if !grids.quantizes() {
            return Ok(ImportedNetwork::Float(graph));
        }
        let quantized = quantize_given(graph, &grids.given);
        let is_unsigned = |name: &str| matches!(grids.integers.get(name), Some((Element::U8, _)));
        quantized
            .map(|mut graph| {
                for port in graph.inputs.iter_mut().chain(&mut graph.outputs) {
                    port.unsigned = is_unsigned(&port.name);
                }
                ImportedNetwork::Quantized(graph)
            })
            .map_err(|error| ImportError::Model {
                found: format!("is quantized, but {error}"),
                remedy: "or give the float model, which is quantized then",
            })
    }

    /// The outputs, all of which must be constants.
    pub(super) fn fold(mut self) -> Result<Vec<ConstantTensor>, ImportError> {
        self.walk()?;
        let proto = self.proto;
        let outputs = proto.output.iter().map(|info| {
            let output = info.name.as_deref().unwrap_or_default();
            match self.tensor(output, "output")? {
                Tensor::Constant(constant) => Ok(ConstantTensor(constant)),
                Tensor::Activation(_) => Err(ImportError::Output {
                    output: output.into(),
                    found: "is computed when the network runs, not folded",
                }),
            }
        });
        outputs.collect()
    }

    fn walk(&mut self) -> Result<(), ImportError> {
        self.inputs()?;
        for index in self.network.order().to_vec() {
            self.import(self.network.node(index))?;
        }
        Ok(())
    }

    /// Imports a node, whose outputs can be read then.
    pub(super) fn import(&mut self, node: &'m NodeProto) -> Result<(), ImportError> {
        let tensors = self.node(node)?;
        for (name, tensor) in node.output.iter().zip(tensors) {
            self.tensors.insert(name, tensor);
        }
        Ok(())
    }

    /// Lets a tensor of a sub-graph be read.
    pub(super) fn add_initializer(&mut self, tensor: &'m TensorProto) {
        let name = tensor.name.as_deref().unwrap_or_default();
        self.initializers.insert(name, tensor);
    }

    fn inputs(&mut self) -> Result<(), ImportError> {
        self.check_constants()?;
        self.proto
            .input
            .iter()
            .try_for_each(|info| self.input(info))
    }

    /// Demands that what is made a constant is an input.
    pub(super) fn check_constants(&self) -> Result<(), ImportError> {
        for (name, _) in &self.options.constants {
            let mut inputs = self.proto.input.iter();
            if !inputs.any(|info| info.name.as_ref() == Some(name)) {
                return Err(ImportError::Input {
                    input: name.clone(),
                    found: "is none of the model's inputs, so it cannot be made a constant".into(),
                    remedy: "name one that the model lists".into(),
                });
            }
        }
        Ok(())
    }

    /// Adds an input, if it is none of the initializers.
    pub(super) fn input(&mut self, info: &'m ValueInfoProto) -> Result<(), ImportError> {
        let name = info.name.as_deref().unwrap_or_default();
        if let Some(constant) = self.options.constant(name) {
            self.tensors.insert(name, constant.into());
            return Ok(());
        }
        // Before IR version 4, initializers are listed among the inputs.
        if self.initializers.contains_key(name) {
            return Ok(());
        }
        input::check_use(&self.network, name)?;
        let shape = input::shape(&self.network, info, self.batch)?;
        self.context.open_batch |= input::has_open_batch(info) || self.batch.is_some();
        if let Some(element) = input::integers(info) {
            let integers = &mut self.context.grids.integers;
            integers.insert(name.into(), (element, None));
        }
        let order = input::memory_order(&self.network, name, &shape);
        let activation = input::add(&mut self.context, name, &shape, &order)?;
        self.tensors.insert(name, activation.into());
        Ok(())
    }

    /// What a node computes, in the order of its outputs; there may be fewer than it names, none of
    /// which is read.
    fn node(&mut self, proto: &'m NodeProto) -> Result<Vec<Tensor>, ImportError> {
        let name = order::node_name(proto);
        let operator = proto.op_type.as_deref().unwrap_or_default();
        let failed = |fault| ImportError::Node {
            node: name.clone(),
            operator: operator.into(),
            fault: Box::new(fault),
        };
        if operator == "If" && is_own(proto.domain.as_deref()) {
            return self.branch(proto, &name);
        }
        let row = row(proto).map_err(failed)?;
        let attributes = Attributes::new(&proto.attribute, row.attributes).map_err(failed)?;
        if proto.input.len() > row.operands {
            let expected = format!("{} at most", row.operands);
            return Err(failed(node::operand_fault(
                "number of inputs",
                &expected,
                &proto.input.len().to_string(),
            )));
        }
        let mut inputs = Vec::with_capacity(proto.input.len());
        for input in &proto.input {
            inputs.push(if input.is_empty() {
                None
            } else {
                Some(self.tensor(input, &name)?)
            });
        }
        if let (Some(batch), "Reshape", Some(Some(shape))) =
            (self.batch, operator, inputs.get_mut(1))
        {
            batch::one_sample(shape, batch);
        }
        let node = Node {
            name: name.clone(),
            output: proto.output.first().cloned().unwrap_or_default(),
            outputs: &proto.output,
            opset: self.opset,
            attributes,
            inputs,
            operands: &proto.input,
        };
        let passed_on = if row.reads_integers {
            None
        } else {
            let grids = &self.context.grids;
            grids.passed_on(operator, &proto.input).map_err(failed)?
        };
        self.context.side_outputs.clear();
        let first = (row.import)(&mut self.context, &node).map_err(failed)?;
        let mut tensors = vec![first];
        tensors.append(&mut self.context.side_outputs);
        if let Some((index, tensor)) = self.network.used_side_output(proto, tensors.len()) {
            return Err(failed(NodeFault::Result {
                index,
                tensor: tensor.into(),
            }));
        }
        for (name, tensor) in proto.output.iter().zip(&mut tensors) {
            if let Some(integers) = passed_on {
                *tensor = self
                    .pass_on(&node.name, name, tensor, integers)
                    .map_err(failed)?;
            }
            if self.batch.is_some() {
                batch::check_each_sample_alone(proto, self.opset, &node.inputs, tensor)
                    .map_err(failed)?;
            }
        }
        Ok(tensors)
    }

    /// What an operator that only moves numbers computes from integers is of integers.
    fn pass_on(
        &mut self,
        node: &str,
        output: &str,
        tensor: &Tensor,
        (element, params): (Element, Option<QuantParams>),
    ) -> Result<Tensor, NodeFault> {
        match params {
            Some(params) => {
                let context = &mut self.context;
                context.output_as_integers(node, output, tensor, (element, params))
            }
            None => {
                let integers = &mut self.context.grids.integers;
                integers.insert(output.into(), (element, None));
                Ok(tensor.clone())
            }
        }
    }

    /// A tensor by name; initializers are decoded when they are first read.
    pub(super) fn tensor(&mut self, name: &'m str, reader: &str) -> Result<Tensor, ImportError> {
        if let Some(tensor) = self.tensors.get(name) {
            return Ok(tensor.clone());
        }
        let Some(proto) = self.initializers.get(name) else {
            return Err(ImportError::MissingTensor {
                reader: format!("node `{reader}`"),
                tensor: name.into(),
            });
        };
        let tensor = Tensor::from(self.external.decode(proto, name)?);
        self.tensors.insert(name, tensor.clone());
        Ok(tensor)
    }

    fn output(&mut self, name: &'m str) -> Result<(), ImportError> {
        let tensor = match self.tensors.get(name) {
            Some(Tensor::Activation(activation)) => activation.clone(),
            Some(Tensor::Constant(_)) => {
                return Err(ImportError::Output {
                    output: name.into(),
                    found: "is a constant: remove it",
                });
            }
            None if self.initializers.contains_key(name) => {
                return Err(ImportError::Output {
                    output: name.into(),
                    found: "is a constant: remove it",
                });
            }
            None => {
                return Err(ImportError::MissingTensor {
                    reader: "the model's output".into(),
                    tensor: name.into(),
                });
            }
        };
        if self.batch.is_some() && tensor.view.shape().first() != Some(&1) {
            return Err(ImportError::Output {
                output: name.into(),
                found: "lost the batch",
            });
        }
        let port = self
            .port(name, &tensor)
            .map_err(|fault| ImportError::Node {
                node: name.into(),
                operator: "output".into(),
                fault: Box::new(fault),
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
            value = self
                .context
                .emit_helper(name, "copy", Op::Identity, vec![value])?;
        }
        // The batch is in front: of the source's axes, `order` leaves out a batch axis only.
        let position = |axis| {
            order
                .iter()
                .position(|&at| at == axis)
                .map(|position| position + 1)
        };
        let source_axes = std::iter::once(0)
            .chain((0..tensor.view.rank()).filter_map(position))
            .collect();
        Ok(Port {
            name: name.into(),
            value,
            source_axes,
        })
    }
}

/// The row of a node's operator.
fn row(proto: &NodeProto) -> Result<&'static ops::Row, NodeFault> {
    let operator = proto.op_type.as_deref().unwrap_or_default();
    if proto.domain.as_deref() == Some(ops::RUNTIME_DOMAIN) {
        return ops::runtime_row_of(operator).ok_or_else(|| NodeFault::Operator {
            nearest: ops::nearest_of_runtime(),
        });
    }
    if !is_own(proto.domain.as_deref()) {
        let domain = proto.domain.as_deref().unwrap_or_default();
        let nearest = format!("domain `{domain}` is not known, only ONNX's own operators are");
        return Err(NodeFault::Operator { nearest });
    }
    ops::row_of(operator).ok_or_else(|| NodeFault::Operator {
        nearest: ops::nearest(operator),
    })
}
