//! What is in a file: its own nodes, in the order in which they are computed, supported or not.

use super::context::Tensor;
use super::importer::Importer;
use super::model::{self, import_with};
use super::options::Options;
use super::order::node_name;
use super::tensor::{DAMAGED, Data, lower_case_name};
use super::{batch, input, ops};
use crate::import::survey::{
    OperatorSurvey, Quantization, Survey, TensorSurvey, Verdict, product, wide,
};
use crate::import::{ImportError, NodeFault};
use crate::ir;
use rten_onnx::onnx::{DataType, NodeProto, TensorProto, ValueInfoProto};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

/// Scales that are copied for one tensor; more are not of a channel each.
const MAX_SCALES: usize = 1 << 16;

/// Every node that the outputs need, and whether it is imported or why not.
///
/// # Errors
/// If the bytes are no ONNX model, are damaged, of an operator set that is not known, or if the
/// graph has a cycle or reads what is not there.
pub fn survey(bytes: &[u8], options: &Options) -> Result<Survey, ImportError> {
    let (model, opset) = model::parse_with(bytes, options)?;
    let graph = model::graph(&model)?;
    let imported = import_with(bytes, "survey", options);
    let fixed = batch::fixed(graph, |name| !model::is_constant(graph, options, name));
    // Taken sample by sample if the import was.
    let by_sample = fixed.filter(|&batch| {
        Importer::new(graph, opset, "survey", options, Some(batch))
            .is_ok_and(|importer| importer.run().is_ok())
    });
    let importer = Importer::new(graph, opset, "survey", options, by_sample)?;
    importer.check_constants()?;
    let mut format = model::format(&model, opset);
    if let Some(batch) = by_sample {
        format.push_str(&format!(", batch {batch} taken as 1"));
    }
    let mut survey = Walk::new(importer, bytes.len()).run(format)?;
    if let Err(error) = imported
        && survey.is_supported()
    {
        survey.faults.push(error.to_string());
    }
    Ok(survey)
}

/// The way through the graph.
struct Walk<'m> {
    importer: Importer<'m>,
    /// Tensors of which nothing is known, because what is not supported computes them.
    unknown: HashSet<&'m str>,
    /// What the file says about tensors.
    infos: HashMap<&'m str, &'m ValueInfoProto>,
    /// Initializers that something reads.
    read: BTreeSet<&'m str>,
    /// Scales that may still be copied.
    scales_left: usize,
    faults: Vec<String>,
}

impl<'m> Walk<'m> {
    fn new(importer: Importer<'m>, file_bytes: usize) -> Self {
        let graph = importer.proto;
        let infos = graph.value_info.iter().chain(&graph.output);
        let infos = infos.map(|info| (info.name.as_deref().unwrap_or_default(), info));
        Self {
            infos: infos.collect(),
            importer,
            unknown: HashSet::new(),
            read: BTreeSet::new(),
            scales_left: file_bytes,
            faults: Vec::new(),
        }
    }

    fn run(mut self, format: String) -> Result<Survey, ImportError> {
        let graph = self.importer.proto;
        for info in &graph.input {
            if let Err(error) = self.importer.input(info) {
                self.faults.push(error.to_string());
                self.unknown
                    .insert(info.name.as_deref().unwrap_or_default());
            }
        }
        let mut operators = Vec::new();
        let mut emitted = Vec::new();
        for index in self.importer.network.order().to_vec() {
            let node = self.importer.network.node(index);
            let before = self.importer.context.graph.nodes.len();
            let verdict = self.node(node)?;
            let known = verdict == Verdict::Supported;
            emitted.push(known.then_some(before..self.importer.context.graph.nodes.len()));
            operators.push(self.operator(index, node, verdict));
        }
        let macs = ir::macs(&self.importer.context.graph);
        for (operator, nodes) in operators.iter_mut().zip(emitted) {
            operator.macs = nodes.map(|Range { start, end }| {
                macs[start..end]
                    .iter()
                    .copied()
                    .fold(0, u64::saturating_add)
            });
        }
        let is_input = |info: &&ValueInfoProto| {
            let name = info.name.as_deref().unwrap_or_default();
            !self.importer.initializers.contains_key(name)
        };
        let inputs: Vec<_> = graph.input.iter().filter(is_input).collect();
        let inputs = inputs.into_iter().map(|info| self.port(info)).collect();
        let outputs = graph.output.iter().map(|info| self.port(info)).collect();
        let read = self
            .read
            .iter()
            .map(|name| self.importer.initializers[name]);
        let (mut parameters, mut parameter_bytes) = (0u64, 0u64);
        for proto in read {
            parameters = parameters.saturating_add(elements(proto));
            parameter_bytes = parameter_bytes.saturating_add(bytes(proto));
        }
        Ok(Survey {
            format,
            inputs,
            outputs,
            operators,
            parameters,
            parameter_bytes,
            faults: self.faults,
        })
    }

    /// Imports a node, or goes on as if it had been, so far as the file describes its outputs.
    ///
    /// # Errors
    /// If the file is damaged.
    fn node(&mut self, node: &'m NodeProto) -> Result<Verdict, ImportError> {
        let unknown = node
            .input
            .iter()
            .find(|name| self.unknown.contains(name.as_str()));
        if let (Some(name), true) = (unknown, is_known(node)) {
            self.assume(node);
            return Ok(Verdict::Undecided(format!(
                "reads `{name}`, which depends on what is not supported"
            )));
        }
        match self.importer.import(node) {
            Ok(()) => Ok(Verdict::Supported),
            Err(error) if is_damage(&error) => Err(error),
            Err(error) => {
                self.assume(node);
                Ok(Verdict::Unsupported(reason(error)))
            }
        }
    }

    /// Takes a node's outputs to be activations of the shape that the file gives them.
    fn assume(&mut self, node: &'m NodeProto) {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            let activation = self.infos.get(name.as_str()).and_then(|info| {
                let shape = input::shape(&self.importer.network, info, self.importer.batch).ok()?;
                let order = input::memory_order(&self.importer.network, name, &shape);
                let inputs = self.importer.context.graph.inputs.len();
                let added = input::add(&mut self.importer.context, name, &shape, &order);
                // It is none of the model's.
                self.importer.context.graph.inputs.truncate(inputs);
                added.ok()
            });
            match activation {
                Some(activation) => {
                    self.importer.tensors.insert(name, activation.into());
                    if let Some(element) = self
                        .infos
                        .get(name.as_str())
                        .and_then(|info| input::integers(info))
                    {
                        let integers = &mut self.importer.context.grids.integers;
                        integers.insert(name.clone(), (element, None));
                    }
                }
                None => {
                    self.unknown.insert(name);
                }
            }
        }
    }

    fn operator(&mut self, index: usize, node: &'m NodeProto, verdict: Verdict) -> OperatorSurvey {
        let outputs = node.output.iter().filter(|name| !name.is_empty());
        let outputs: Vec<_> = outputs.map(|name| self.tensor(name, Some(node))).collect();
        let mut constants = Vec::new();
        let mut seen = BTreeSet::new();
        for name in node.input.iter().map(String::as_str) {
            if let Some(&proto) = self.importer.initializers.get(name)
                && seen.insert(name)
            {
                self.read.insert(name);
                constants.push(TensorSurvey {
                    name: name.into(),
                    shape: Some(extents(proto).into_iter().map(Some).collect()),
                    dtype: lower_case_name(proto.data_type.unwrap_or(DataType(0))),
                    quantization: None,
                    bytes: bytes(proto),
                });
            }
        }
        // The scales of what is quantized in the file stand in the node that reads it.
        if let (true, Some(first)) = (is_quantizer(node), constants.first_mut())
            && node.input.first() == Some(&first.name)
        {
            first.quantization = self.scales(node);
        }
        OperatorSurvey {
            index,
            operator: operator_name(node),
            name: node_name(node),
            outputs,
            constants,
            macs: None,
            verdict,
        }
    }

    /// Scales and zero points that a quantizer or dequantizer reads.
    fn scales(&mut self, node: &NodeProto) -> Option<Quantization> {
        let constant =
            |index: usize| match self.importer.tensors.get(node.input.get(index)?.as_str()) {
                Some(Tensor::Constant(constant)) => Some(&constant.data),
                Some(Tensor::Activation(_)) | None => None,
            };
        let scales = constant(1)?.as_f32()?;
        if scales.len() > MAX_SCALES.min(self.scales_left) {
            return None;
        }
        let zero_points = match constant(2) {
            // They are not bounded by what may still be copied.
            Some(zeros) if zeros.len() > scales.len() => return None,
            Some(zeros) => zeros.integers().unwrap_or_default(),
            None => vec![0],
        };
        let axis = node
            .attribute
            .iter()
            .find(|found| found.name.as_deref() == Some("axis"));
        let axis = axis.and_then(|axis| axis.i).unwrap_or(1);
        let quantization = Quantization {
            scales: scales.to_vec(),
            zero_points,
            axis: (scales.len() > 1).then_some(axis),
        };
        self.scales_left -= quantization.scales.len();
        Some(quantization)
    }

    /// What is known of a tensor that a node computes, or that the model reads.
    fn tensor(&mut self, name: &str, node: Option<&NodeProto>) -> TensorSurvey {
        let tensor = self.importer.tensors.get(name).cloned();
        let described = self.infos.get(name).copied();
        let shape = match &tensor {
            Some(tensor) => Some(tensor.shape().into_iter().map(Some).collect()),
            None => described.and_then(stated_shape),
        };
        let integers = self.importer.context.grids.integers.get(name).copied();
        let (dtype, mut quantization) = match (&tensor, integers) {
            (_, Some((element, params))) => {
                let quantization = params.map(|params| Quantization {
                    scales: vec![params.scale],
                    zero_points: vec![i64::from(params.zero_point) - i64::from(element.shifted(0))],
                    axis: None,
                });
                (element.name().to_owned(), quantization)
            }
            (Some(Tensor::Constant(constant)), None) => {
                (constant_type(&constant.data).to_owned(), None)
            }
            (Some(Tensor::Activation(_)), None) if described.is_none() => {
                ("float32".to_owned(), None)
            }
            (Some(Tensor::Activation(_)) | None, None) => {
                (described.map(stated_type).unwrap_or_default(), None)
            }
        };
        if quantization.is_none()
            && let Some(node) = node
            && node.op_type.as_deref() == Some("QuantizeLinear")
        {
            quantization = self.scales(node);
        }
        TensorSurvey {
            name: name.into(),
            shape,
            dtype,
            quantization,
            bytes: 0,
        }
    }

    fn port(&mut self, info: &ValueInfoProto) -> TensorSurvey {
        let name = info.name.as_deref().unwrap_or_default();
        let found = self.tensor(name, None);
        TensorSurvey {
            shape: found.shape.or_else(|| stated_shape(info)),
            dtype: stated_type(info),
            ..found
        }
    }
}

/// Whether the file contradicts itself, which no other version of this program would read.
fn is_damage(error: &ImportError) -> bool {
    match error {
        ImportError::Tensor(fault) => fault.remedy == DAMAGED,
        ImportError::Node { fault, .. } => {
            matches!(&**fault, NodeFault::Tensor(fault) if fault.remedy == DAMAGED)
        }
        _ => false,
    }
}

/// The fault of a node without its name, and without the list of all that is supported.
fn reason(error: ImportError) -> String {
    match error {
        ImportError::Node { fault, .. } => match *fault {
            NodeFault::Operator { nearest } if nearest.starts_with("supported: ") => {
                "the operator is not supported".into()
            }
            fault => fault.to_string(),
        },
        error => error.to_string(),
    }
}

/// Whether a row of the tables names the operator.
fn is_known(node: &NodeProto) -> bool {
    let operator = node.op_type.as_deref().unwrap_or_default();
    if node.domain.as_deref() == Some(ops::RUNTIME_DOMAIN) {
        return ops::runtime_row_of(operator).is_some();
    }
    model::is_own(node.domain.as_deref()) && ops::row_of(operator).is_some()
}

/// The operator, with its domain where that is not ONNX's own.
fn operator_name(node: &NodeProto) -> String {
    let operator = node.op_type.as_deref().unwrap_or_default();
    match node.domain.as_deref() {
        domain if model::is_own(domain) => operator.into(),
        domain => format!("{}.{operator}", domain.unwrap_or_default()),
    }
}

fn is_quantizer(node: &NodeProto) -> bool {
    let operator = node.op_type.as_deref().unwrap_or_default();
    matches!(operator, "QuantizeLinear" | "DequantizeLinear")
}

fn constant_type(data: &Data) -> &'static str {
    match data {
        Data::F32(_) => "float32",
        Data::I64(_) => "int64",
        Data::Bool(_) => "bool",
        Data::I8(_) => "int8",
        Data::U8(_) => "uint8",
    }
}

/// The shape that the file gives a tensor; extents that are no number are open.
fn stated_shape(info: &ValueInfoProto) -> Option<Vec<Option<usize>>> {
    let tensor = info.r#type.as_ref()?.tensor_type.as_ref()?;
    let dims = tensor.shape.as_ref()?.dim.iter();
    let extent = |value: i64| usize::try_from(value).ok().filter(|&extent| extent > 0);
    Some(dims.map(|dim| dim.dim_value.and_then(extent)).collect())
}

fn stated_type(info: &ValueInfoProto) -> String {
    let tensor = info
        .r#type
        .as_ref()
        .and_then(|kind| kind.tensor_type.as_ref());
    let dtype = tensor.and_then(|tensor| tensor.elem_type);
    dtype.map(lower_case_name).unwrap_or_default()
}

fn extents(proto: &TensorProto) -> Vec<usize> {
    let extents = proto.dims.iter();
    extents
        .map(|&extent| usize::try_from(extent).unwrap_or(0))
        .collect()
}

fn elements(proto: &TensorProto) -> u64 {
    product(&extents(proto))
}

/// Bytes of an initializer's elements.
fn bytes(proto: &TensorProto) -> u64 {
    let bits: u64 = match proto.data_type.unwrap_or(DataType(0)) {
        DataType::DOUBLE | DataType::INT64 | DataType::UINT64 => 64,
        DataType::FLOAT | DataType::INT32 | DataType::UINT32 => 32,
        DataType::FLOAT16 | DataType::BFLOAT16 | DataType::INT16 | DataType::UINT16 => 16,
        DataType::INT4 | DataType::UINT4 => 4,
        _ => 8,
    };
    match &proto.raw_data {
        Some(bytes) => wide(bytes.borrow().len()),
        None => elements(proto).saturating_mul(bits).div_ceil(8),
    }
}
