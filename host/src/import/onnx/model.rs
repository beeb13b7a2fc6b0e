//! The model around the graph: operator sets and the exporter.

use super::importer::Importer;
use super::wire;
use crate::import::ImportError;
use crate::ir::Graph;
use rten_onnx::onnx::ModelProto;

/// Oldest opset that is read; older ones have other forms of the common operators.
pub const OLDEST_OPSET: i64 = 6;

/// Newest opset that is known: the operators that are read, and their attributes, were compared with
/// the schemas of ONNX 1.23 up to here.
pub const NEWEST_OPSET: i64 = 28;

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
    let own = model
        .opset_import
        .iter()
        .find(|opset| is_own(opset.domain.as_deref()));
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
    Err(ImportError::Opset {
        found,
        oldest: OLDEST_OPSET,
        newest: NEWEST_OPSET,
    })
}

/// Whether a domain is that of ONNX's own operators.
pub(super) fn is_own(domain: Option<&str>) -> bool {
    matches!(domain, None | Some("" | "ai.onnx"))
}

fn format(model: &ModelProto, opset: i64) -> String {
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
