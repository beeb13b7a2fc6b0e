//! What kernels need of the arena while they run.

use super::LowerError;
use super::packed;
use crate::plan::Buffer;
use crate::quantize::graph::{QGraph, QNode};
use tiivis_runtime::blob::Isa;

/// The buffer that a node's kernel alone uses, if it needs one.
///
/// # Errors
/// A scratch whose length does not fit 32 bits.
pub(super) fn buffer(graph: &QGraph, node: &QNode, isa: Isa) -> Result<Option<Buffer>, LowerError> {
    let bytes = bytes(graph, node, isa)?;
    Ok((bytes > 0).then(|| Buffer {
        name: format!("scratch of {}", node.name),
        bytes,
    }))
}

/// Bytes of it: the same functions of the shape that the runtime proves a step by.
fn bytes(graph: &QGraph, node: &QNode, isa: Isa) -> Result<u32, LowerError> {
    match isa {
        Isa::Portable => Ok(0),
        Isa::Dsp => Ok(packed::scratch_bytes(graph, node)?.unwrap_or(0)),
    }
}
