//! The model around the graph: operator sets and the exporter.

use super::batch;
use super::functions;
use super::importer::Importer;
use super::open;
use super::options::{ConstantTensor, Options};
use super::wire;
use crate::import::{ImportError, Network};
use crate::ir::Graph;
use rten_onnx::onnx::{GraphProto, ModelProto, OperatorSetIdProto};

/// Oldest opset that is read; older ones have other forms of the common operators.
pub const OLDEST_OPSET: i64 = 6;

/// Newest opset that is known: the operators that are read, and their attributes, were compared with
/// the schemas of ONNX 1.23 up to here.
pub const NEWEST_OPSET: i64 = 28;

/// Reads a model of real numbers; the graph gets the name `name`. The text is the opset and the
/// exporter.
///
/// # Errors
/// If the bytes are no ONNX model, or hold what is not supported, or are quantized.
pub fn import(bytes: &[u8], name: &str) -> Result<(Graph, String), ImportError> {
    match import_with(bytes, name, &Options::default())? {
        (Network::Float(graph), format) => Ok((graph, format)),
        (Network::Quantized(_), _) => Err(ImportError::Model {
            found: "is quantized already".into(),
            remedy: "give the float model",
        }),
    }
}

/// Reads a model, quantized or not, told more than the file says.
///
/// # Errors
/// If the bytes are no ONNX model, or hold what is not supported; and if a constant is given for what is no input.
pub fn import_with(
    bytes: &[u8],
    name: &str,
    options: &Options,
) -> Result<(Network, String), ImportError> {
    let (model, opset) = parse_with(bytes, options)?;
    let graph = graph(&model)?;
    let is_input = |name: &str| !is_constant(graph, options, name);
    // A network that a fixed batch goes through sample by sample; if not, its first axis is one like
    // the others.
    if let Some(batch) = batch::fixed(graph, is_input)
        && let Ok(network) =
            Importer::new(graph, opset, name, options, Some(batch)).and_then(Importer::run)
    {
        return Ok((network, format(&model, opset)));
    }
    let network = Importer::new(graph, opset, name, options, None)?.run()?;
    Ok((network, format(&model, opset)))
}

/// Computes a model that has no inputs, or only such as `options` makes constants, by the rules that
/// fold shape arithmetic: its outputs.
///
/// # Errors
/// As [`import_with`]; and if an output is not folded.
pub fn fold(bytes: &[u8], options: &Options) -> Result<Vec<ConstantTensor>, ImportError> {
    let (model, opset) = parse_with(bytes, options)?;
    Importer::new(graph(&model)?, opset, "folded", options, None)?.fold()
}

fn parse(bytes: &[u8]) -> Result<(ModelProto, i64), ImportError> {
    wire::check(bytes)?;
    let mut model = ModelProto::parse_buf(bytes).map_err(|error| ImportError::Protobuf {
        offset: bytes.len(),
        reason: error.to_string(),
    })?;
    let opset = opset(&model)?;
    functions::inline(&mut model, bytes)?;
    Ok((model, opset))
}

/// [`parse`], with the open extents that are given.
pub(super) fn parse_with(
    bytes: &[u8],
    options: &Options,
) -> Result<(ModelProto, i64), ImportError> {
    let (mut model, opset) = parse(bytes)?;
    if let Some(graph) = &mut model.graph {
        open::fix(graph, &options.shapes)?;
    }
    Ok((model, opset))
}

pub(super) fn graph(model: &ModelProto) -> Result<&GraphProto, ImportError> {
    model.graph.as_ref().ok_or_else(|| ImportError::Model {
        found: "has no graph".into(),
        remedy: "it is empty or no ONNX model",
    })
}

/// Whether a listed input is none: an initializer (which files before IR version 4 list too), or
/// made a constant.
pub(super) fn is_constant(graph: &GraphProto, options: &Options, name: &str) -> bool {
    let mut initializers = graph.initializer.iter();
    initializers.any(|tensor| tensor.name.as_deref() == Some(name))
        || options.constant(name).is_some()
}

fn opset(model: &ModelProto) -> Result<i64, ImportError> {
    let Some(found) = own_version(&model.opset_import) else {
        return Err(ImportError::Model {
            found: "names no opset of the domain ai.onnx".into(),
            remedy: "it is damaged or made of other operators only: export it again",
        });
    };
    if (OLDEST_OPSET..=NEWEST_OPSET).contains(&found) {
        return Ok(found);
    }
    Err(ImportError::Opset {
        found,
        oldest: OLDEST_OPSET,
        newest: NEWEST_OPSET,
    })
}

/// The version of ONNX's own operators, if it is named.
pub(super) fn own_version(opsets: &[OperatorSetIdProto]) -> Option<i64> {
    let mut opsets = opsets.iter();
    let own = opsets.find(|opset| is_own(opset.domain.as_deref()))?;
    Some(own.version.unwrap_or(0))
}

/// Whether a domain is that of ONNX's own operators.
pub(super) fn is_own(domain: Option<&str>) -> bool {
    matches!(domain, None | Some("" | "ai.onnx"))
}

pub(super) fn format(model: &ModelProto, opset: i64) -> String {
    let producer = [&model.producer_name, &model.producer_version];
    let producer: Vec<&str> = producer
        .into_iter()
        .flatten()
        .map(String::as_str)
        .filter(|text| !text.is_empty())
        .collect();
    let mut format = format!("ONNX opset {opset}");
    if !producer.is_empty() {
        format.push_str(", ");
        format.push_str(&producer.join(" "));
    }
    format
}
