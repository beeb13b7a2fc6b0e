//! What kernels need of the arena while they run.

use crate::plan::Buffer;
use crate::quantize::graph::QNode;

/// The buffer that a node's kernel alone uses.
pub(super) fn buffer(node: &QNode, bytes: u32) -> Buffer {
    Buffer {
        name: format!("scratch of {}", node.name),
        bytes,
    }
}
