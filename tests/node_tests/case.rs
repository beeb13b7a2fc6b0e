//! One test: a model, its inputs, and what must come out.

use crate::reason::{Outcome, Reason, refused};
use crate::{run, scope};
use rten_onnx::onnx::{DataType, GraphProto, ModelProto, ValueInfoProto};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use tiivis::data::{Array, Elements};
use tiivis::import::onnx::{self, ConstantTensor, Options};
use tiivis::import::{ImportError, Network};

/// Relative and absolute tolerance: the relative one is ONNX's own for these tests, the absolute one
/// is for sums near 0, which are taken in another order.
const TOLERANCE: (f64, f64) = (1e-3, 1e-6);

/// One test.
pub(crate) struct Case {
    /// Its name.
    pub(crate) name: String,
    folder: PathBuf,
    bytes: Vec<u8>,
    model: Option<ModelProto>,
}

/// An input or output of the model and its array.
struct Tensor {
    name: String,
    value: ConstantTensor,
}

impl Case {
    /// Reads the model of a folder.
    pub(crate) fn read(folder: &Path) -> Self {
        let bytes = std::fs::read(folder.join("model.onnx")).expect("it was there");
        let name = folder.file_name().expect("a folder has a name");
        Self {
            name: name.to_string_lossy().into_owned(),
            folder: folder.to_owned(),
            model: ModelProto::parse_buf(&bytes).ok(),
            bytes,
        }
    }

    fn graph(&self) -> Option<&GraphProto> {
        self.model.as_ref()?.graph.as_ref()
    }

    /// The operator that it is about; those of several are function bodies, written out.
    pub(crate) fn operator(&self) -> String {
        let nodes = self.graph().map(|graph| graph.node.as_slice());
        let mut operators: Vec<&str> = nodes
            .unwrap_or_default()
            .iter()
            .map(|node| node.op_type.as_deref().unwrap_or_default())
            .collect();
        operators.sort_unstable();
        operators.dedup();
        match *operators.as_slice() {
            [only] => only.into(),
            _ => "(several)".into(),
        }
    }

    /// Whether all its operators are in scope.
    pub(crate) fn is_in_scope(&self) -> bool {
        self.graph().is_some() && self.out_of_scope().is_none()
    }

    fn out_of_scope(&self) -> Option<String> {
        let mut nodes = self.graph()?.node.iter();
        let node = nodes.find(|node| {
            let operator = node.op_type.as_deref().unwrap_or_default();
            !scope::is_in_scope(node.domain.as_deref(), operator)
        })?;
        node.op_type.clone()
    }

    /// What becomes of it. Operators out of scope are tried too: what passes, passes.
    pub(crate) fn outcome(&self) -> Outcome {
        let tried = catch_unwind(AssertUnwindSafe(|| self.tried()));
        let outcome = tried.unwrap_or_else(|_| Outcome::Failed("panicked".into()));
        match (outcome, self.out_of_scope()) {
            (Outcome::Refused(..), Some(operator)) => Outcome::OutOfScope(operator),
            (outcome, _) => outcome,
        }
    }

    fn tried(&self) -> Outcome {
        let Some(graph) = self.graph() else {
            return Outcome::Failed("the model cannot be parsed".into());
        };
        for info in graph.input.iter().chain(&graph.output) {
            if let Some((reason, what)) = unsupported(info) {
                return Outcome::Refused(reason, what);
            }
        }
        let read = |kind, infos: &[ValueInfoProto]| -> Result<Vec<Tensor>, Outcome> {
            let named = infos.iter().enumerate();
            named
                .map(|(index, info)| self.tensor(kind, index, info))
                .collect()
        };
        // Old files list initializers among the inputs.
        let inputs: Vec<ValueInfoProto> = graph
            .input
            .iter()
            .filter(|info| {
                graph
                    .initializer
                    .iter()
                    .all(|tensor| tensor.name != info.name)
            })
            .cloned()
            .collect();
        let tensors =
            read("input", &inputs).and_then(|inputs| Ok((inputs, read("output", &graph.output)?)));
        match tensors {
            Ok((inputs, outputs)) => self.compare(graph, inputs, &outputs),
            Err(outcome) => outcome,
        }
    }

    fn tensor(&self, kind: &str, index: usize, info: &ValueInfoProto) -> Result<Tensor, Outcome> {
        let path = self
            .folder
            .join(format!("test_data_set_0/{kind}_{index}.pb"));
        let bytes = std::fs::read(&path)
            .map_err(|error| Outcome::Failed(format!("{}: {error}", path.display())))?;
        let value = ConstantTensor::parse(&bytes)
            .map_err(|error| Outcome::Refused(Reason::ElementType, error.to_string()))?;
        let name = info.name.clone().unwrap_or_default();
        Ok(Tensor { name, value })
    }

    fn compare(&self, graph: &GraphProto, inputs: Vec<Tensor>, outputs: &[Tensor]) -> Outcome {
        let (fed, constants): (Vec<Tensor>, Vec<Tensor>) =
            inputs.into_iter().partition(|input| is_fed(graph, input));
        let mut options = Options {
            folder: None,
            constants: constants
                .into_iter()
                .map(|tensor| (tensor.name, tensor.value))
                .collect(),
            ..Options::default()
        };
        if fed.is_empty() {
            let computes = options
                .constants
                .iter()
                .any(|(name, value)| is_computed(graph, name) && !value.shape().contains(&0));
            return match self.fold(&options, outputs) {
                Outcome::Refused(_, what) if computes => {
                    Outcome::Refused(Reason::IntegerTensors, what)
                }
                Outcome::Folded if computes => Outcome::FoldedIntegers,
                outcome => outcome,
            };
        }
        let (network, _) = match onnx::import_with(&self.bytes, &self.name, &options) {
            Ok(imported) => imported,
            // The output is known at import: Shape, and what follows from it.
            Err(ImportError::Output { .. }) => {
                options
                    .constants
                    .extend(fed.into_iter().map(|tensor| (tensor.name, tensor.value)));
                return self.fold(&options, outputs);
            }
            Err(error) => return refused(&error),
        };
        let array = |name: &str, axes: usize| {
            let fed = fed.iter().find(|tensor| tensor.name == name);
            let fed = fed.ok_or_else(|| format!("no array for input `{name}`"))?;
            Ok(sampled(fed.value.to_array(), axes))
        };
        let found = match &network {
            Network::Float(graph) => run::float(graph, array),
            Network::Quantized(graph) => {
                let real = outputs
                    .iter()
                    .all(|output| matches!(output.value.to_array().elements, Elements::F32(_)));
                run::integer(graph, real, array)
            }
        };
        let found = match found {
            Ok(found) => found,
            Err(what) => return Outcome::Failed(what),
        };
        let equal = match &network {
            Network::Float(_) => equal,
            Network::Quantized(_) => equal_integers,
        };
        for (expected, found) in outputs.iter().zip(&found) {
            if let Err(what) = equal(&expected.value, found) {
                return Outcome::Failed(format!("output `{}`: {what}", expected.name));
            }
        }
        match network {
            Network::Float(_) => Outcome::Passed,
            Network::Quantized(_) => Outcome::Integer,
        }
    }

    fn fold(&self, options: &Options, outputs: &[Tensor]) -> Outcome {
        let found = match onnx::fold(&self.bytes, options) {
            Ok(found) => found,
            Err(error) => return refused(&error),
        };
        for (expected, found) in outputs.iter().zip(found) {
            let found = found.to_array();
            if found.shape != expected.value.shape() {
                let what = format!("shape {:?}, not {:?}", found.shape, expected.value.shape());
                return Outcome::Failed(format!("output `{}`: {what}", expected.name));
            }
            if let Err(what) = equal(&expected.value, &found) {
                return Outcome::Failed(format!("output `{}`: {what}", expected.name));
            }
        }
        Outcome::Folded
    }
}

/// Whether a node computes with an input; else it is a parameter.
fn is_computed(graph: &GraphProto, input: &str) -> bool {
    graph.node.iter().any(|node| {
        let operator = node.op_type.as_deref().unwrap_or_default();
        let mut operands = node.input.iter().enumerate();
        operands.any(|(index, name)| name == input && scope::is_computed(operator, index))
    })
}

/// Whether the network reads an input when it runs; else it becomes a constant.
fn is_fed(graph: &GraphProto, input: &Tensor) -> bool {
    let quantized = graph.node.iter().any(|node| {
        let operator = node.op_type.as_deref().unwrap_or_default();
        operator.starts_with("QLinear") || operator.ends_with("quantizeLinear")
    });
    let fits = match input.value.to_array().elements {
        Elements::F32(_) => true,
        Elements::I8(_) | Elements::U8(_) => quantized,
        Elements::I16(_) | Elements::I32(_) | Elements::I64(_) | Elements::Bool(_) => false,
    };
    // Without elements there is nothing to feed, and weights are constants.
    fits && !input.value.shape().contains(&0)
        && is_computed(graph, &input.name)
        && !is_weight(graph, &input.name)
}

/// Whether a node reads an input as its weights.
fn is_weight(graph: &GraphProto, input: &str) -> bool {
    graph.node.iter().any(|node| {
        let operator = node.op_type.as_deref().unwrap_or_default();
        matches!(
            operator,
            "Conv" | "ConvTranspose" | "Gemm" | "BatchNormalization"
        ) && node.input.iter().skip(1).any(|name| name == input)
    })
}

/// An array with an axis of one sample in front, if the port has one more axis than the model.
fn sampled(array: Array, axes: usize) -> Array {
    let mut shape = array.shape;
    if shape.len() < axes {
        shape.insert(0, 1);
    }
    Array::new(shape, array.elements)
}

/// What no import could do anything about.
fn unsupported(info: &ValueInfoProto) -> Option<(Reason, String)> {
    let name = info.name.as_deref().unwrap_or_default();
    let kind = info.r#type.as_ref();
    let Some(tensor) = kind.and_then(|kind| kind.tensor_type.as_ref()) else {
        return Some((Reason::NoTensor, format!("`{name}` is no tensor")));
    };
    let dtype = tensor.elem_type.unwrap_or(DataType(0));
    match dtype {
        DataType::FLOAT
        | DataType::INT64
        | DataType::INT32
        | DataType::BOOL
        | DataType::INT8
        | DataType::UINT8 => {}
        DataType::INT16 => return Some((Reason::IntegerTensors, format!("`{name}` is of INT16"))),
        DataType::STRING => return Some((Reason::NoTensor, format!("`{name}` is of strings"))),
        other => return Some((Reason::ElementType, format!("`{name}` is of {other}"))),
    }
    let dims = tensor.shape.as_ref().map(|shape| shape.dim.as_slice());
    let open = dims.is_none_or(|dims| dims.iter().skip(1).any(|dim| dim.dim_value.is_none()));
    open.then(|| (Reason::DynamicShape, format!("`{name}` has an open shape")))
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "small integers"
)]
fn values(array: &Array) -> Vec<f64> {
    if let Elements::F32(values) = &array.elements {
        return values.iter().map(|&value| f64::from(value)).collect();
    }
    let integers = array.elements.integers().unwrap_or_default();
    integers.into_iter().map(|value| value as f64).collect()
}

/// As [`equal`], for results of integers, which may differ by 1; uint8 is int8 moved by 128.
fn equal_integers(expected: &ConstantTensor, found: &Array) -> Result<(), String> {
    let moved = match expected.to_array().elements {
        Elements::U8(_) => 128.0,
        Elements::I8(_) => 0.0,
        Elements::F32(_) => return equal(expected, found),
        Elements::I16(_) | Elements::I32(_) | Elements::I64(_) | Elements::Bool(_) => {
            return Err(format!("integers, not {}", expected.type_name()));
        }
    };
    let (expected, found) = (values(&expected.to_array()), values(found));
    let differences = expected.iter().zip(&found);
    let largest = differences
        .map(|(expected, found)| (expected - moved - found).abs())
        .fold(0.0, f64::max);
    if expected.len() == found.len() && largest <= 1.0 {
        return Ok(());
    }
    Err(format!("{found:?} (moved by {moved}), not {expected:?}"))
}

/// Whether a network's output is what the test expects; it may have one sample in front.
fn equal(expected: &ConstantTensor, found: &Array) -> Result<(), String> {
    let shape = expected.shape();
    let plain = found.shape == shape;
    let sampled = found.shape.first() == Some(&1) && found.shape[1..] == *shape;
    // A tensor of one element without axes.
    let scalar = shape.is_empty() && found.shape == [1];
    if !plain && !sampled && !scalar {
        return Err(format!("shape {:?}, not {shape:?}", found.shape));
    }
    let (expected, found) = (values(&expected.to_array()), values(found));
    let (relative, absolute) = TOLERANCE;
    for (index, (expected, found)) in expected.iter().zip(&found).enumerate() {
        let near = (expected - found).abs() <= absolute + relative * expected.abs();
        if !(near || expected == found || expected.is_nan() && found.is_nan()) {
            return Err(format!("{found} at {index}, not {expected}"));
        }
    }
    Ok(())
}
