//! Integer graph to integer graph, the same bytes out.

mod chain;
mod constant;
mod layer;
mod remove_channels;

use super::graph::QGraph;

/// Makes the graph smaller without changing one byte of its outputs. Nodes and values keep their
/// names and places; a value that loses channels is no longer the tensor of the source file, and
/// loses its [origin](QGraph::origins).
pub fn simplify(graph: &mut QGraph) {
    while remove_channels::run(graph) {}
}

#[cfg(test)]
mod tests;
