// What the importers' targets do with a network: whatever the compiler does without data.

use tiivis::emit::{self, EmitOptions};
use tiivis::import::Network;
use tiivis::ir::{self, Graph};
use tiivis::passes;
use tiivis::quantize::graph::QGraph;

/// Networks with more nodes are imported only: planning takes time, which is no fault.
const MAX_NODES: usize = 24;
/// Networks with more numbers in all their activations are imported only.
const MAX_ELEMENTS: usize = 1 << 14;

/// Compiles a network of integers and runs it; simplifies one of real numbers.
pub fn compile(network: Network) {
    match network {
        Network::Quantized(graph) if is_small(&graph) => {
            if let Ok(compiled) = emit::compile(&graph, &EmitOptions::default()) {
                crate::execute::execute(&compiled.blob);
            }
        }
        Network::Float(graph) => simplify(graph),
        Network::Quantized(_) => {}
    }
}

fn simplify(mut graph: Graph) {
    if let Err(error) = ir::verify(&graph) {
        panic!("the importer made a graph that is none: {error}");
    }
    let elements = graph.values().map(|(_, value)| product(&value.shape));
    let elements = elements.fold(0usize, usize::saturating_add);
    if graph.nodes.len() > MAX_NODES || elements > MAX_ELEMENTS {
        return;
    }
    if let Err(error) = passes::simplify(&mut graph, &mut |_, _| {}) {
        // A pass that makes a wrong graph says so; what the file asks for is no reason.
        let text = format!("{error:?}");
        assert!(!text.contains("Verify"), "{error}");
    }
}

fn is_small(graph: &QGraph) -> bool {
    let values = graph.values.iter().flatten();
    let elements = values.map(|value| product(&value.shape));
    graph.nodes.len() <= MAX_NODES && elements.fold(0usize, usize::saturating_add) <= MAX_ELEMENTS
}

fn product(shape: &[usize]) -> usize {
    shape.iter().fold(1, |product, &extent| product.saturating_mul(extent))
}
