//! The network that a model file holds.

use crate::ir::Graph;
use crate::quantize::graph::QGraph;

/// A network as it was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Network {
    /// Of real numbers: still to be simplified and quantized.
    Float(Graph),
    /// Of integers already, with the file's own scales and zero points: compiled as it is.
    Quantized(QGraph),
}

impl Network {
    /// The name that the network was given.
    pub fn name(&self) -> &str {
        match self {
            Self::Float(graph) => &graph.name,
            Self::Quantized(graph) => &graph.name,
        }
    }

    /// Number of nodes.
    pub fn node_count(&self) -> usize {
        match self {
            Self::Float(graph) => graph.nodes.len(),
            Self::Quantized(graph) => graph.nodes.len(),
        }
    }

    /// The float graph, none if the network is quantized already.
    pub fn into_float(self) -> Option<Graph> {
        match self {
            Self::Float(graph) => Some(graph),
            Self::Quantized(_) => None,
        }
    }
}
