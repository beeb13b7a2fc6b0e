//! Functions of one tensor, however many operators they were exported as, become one table.

use super::rewrite::{clamp_slot, exhaust, sole_producer};
use super::simplify::Pass;
use crate::ir::{Activation, Binary, Clamp, Class, Fused, Graph, Node, Op, Term, ValueId};
use std::collections::HashMap;
use std::sync::Arc;

/// A part of the graph that reads one tensor, and beside it only single numbers, computes each
/// element from one element: exported `SiLU`, `GELU`, hard swish and the like. As int8 that is a
/// table of 256 results, each rounded once, whatever is in it.
///
/// Left alone is what other passes make cheaper: scalings, shifts and clamps in a row go into the
/// layers around them, unless a scaling behind a clamp has no layer to go into.
pub(super) const PASS: Pass = Pass {
    name: "fuse-unary",
    run,
};

/// Most terms of a function.
const MAX_TERMS: usize = 256;

fn run(graph: &mut Graph) -> usize {
    exhaust(graph, |graph, index| {
        clamp_by_constant(graph, index) || fuse(graph, index)
    })
}

/// The larger or smaller one of a tensor and a number is a clamp.
fn clamp_by_constant(graph: &mut Graph, index: usize) -> bool {
    let node = &graph.nodes[index];
    let Op::Binary(function @ (Binary::Maximum | Binary::Minimum)) = node.op else {
        return false;
    };
    let [a, b] = node.inputs[..] else {
        return false;
    };
    let (x, bound) = match (number(graph, a), number(graph, b)) {
        (None, Some(bound)) => (a, bound),
        (Some(bound), None) => (b, bound),
        (None, None) | (Some(_), Some(_)) => return false,
    };
    if graph.shape(x) != graph.shape(node.output) || graph.constant(x).is_some() {
        return false;
    }
    let clamp = if function == Binary::Maximum {
        Clamp {
            min: bound,
            max: f32::INFINITY,
        }
    } else {
        Clamp {
            min: f32::NEG_INFINITY,
            max: bound,
        }
    };
    let node = &mut graph.nodes[index];
    node.op = Op::Activation(Activation::Clamp(clamp));
    node.inputs = vec![x];
    true
}

/// The element of a constant that has one.
fn number(graph: &Graph, id: ValueId) -> Option<f32> {
    match graph.constant(id)?[..] {
        [number] => Some(number),
        _ => None,
    }
}

/// Makes the node compute at once what it and nodes before it compute of one tensor.
fn fuse(graph: &mut Graph, index: usize) -> bool {
    let Some(group) = Group::before(graph, index) else {
        return false;
    };
    let Some(terms) = group.terms(graph) else {
        return false;
    };
    let node = &mut graph.nodes[index];
    node.op = Op::Fused(Arc::new(Fused { terms }));
    node.inputs = vec![group.input];
    true
}

/// Nodes that compute each element from an element of one tensor.
struct Group {
    /// Their indices, in order.
    nodes: Vec<usize>,
    /// What they read beside numbers.
    input: ValueId,
}

impl Group {
    /// The largest group that ends with this node and is better as one.
    fn before(graph: &Graph, sink: usize) -> Option<Self> {
        let mut nodes = vec![sink];
        let mut open = operands(graph, &graph.nodes[sink])?;
        let mut best = None;
        while nodes.len() < MAX_TERMS {
            if let [input] = open[..] {
                nodes.sort_unstable();
                if is_better(graph, &nodes) {
                    best = Some(Self {
                        nodes: nodes.clone(),
                        input,
                    });
                }
                let is_table = |&index: &usize| kind(graph, &graph.nodes[index]) != Kind::Affine;
                if nodes.iter().any(is_table) && is_clamped_layer(graph, input) {
                    break;
                }
            }
            // What is computed last can be no function of the others, so it must be taken in.
            let producers = open.iter().map(|&id| graph.producer(id));
            let Some((at, Some(last))) = producers.enumerate().max_by_key(|&(_, p)| p) else {
                break;
            };
            let Some(more) = operands(graph, &graph.nodes[last]) else {
                break;
            };
            open.swap_remove(at);
            nodes.push(last);
            for id in more {
                if !open.contains(&id) {
                    open.push(id);
                }
            }
        }
        best
    }

    /// The function; none if it has too many terms.
    fn terms(&self, graph: &Graph) -> Option<Vec<Term>> {
        let mut terms = vec![Term::Input];
        let mut known = HashMap::from([(self.input, 0)]);
        for &index in &self.nodes {
            let node = &graph.nodes[index];
            let mut operands = Vec::with_capacity(node.inputs.len());
            for &id in &node.inputs {
                operands.push(match (known.get(&id), number(graph, id)) {
                    (Some(&term), _) => term,
                    (None, Some(number)) => {
                        terms.push(Term::Constant(number));
                        known.insert(id, terms.len() - 1);
                        terms.len() - 1
                    }
                    (None, None) => return None,
                });
            }
            let term = append(&mut terms, &node.op, &operands)?;
            known.insert(node.output, term);
        }
        (terms.len() <= MAX_TERMS).then_some(terms)
    }
}

/// The tensors that a node reads, each once, if it computes each element from one of each of them
/// and of numbers.
fn operands(graph: &Graph, node: &Node) -> Option<Vec<ValueId>> {
    if !matches!(node.op.class(), Class::Function | Class::Combination) {
        return None;
    }
    let shape = graph.shape(node.output);
    let mut tensors = Vec::new();
    for &id in &node.inputs {
        if number(graph, id).is_some() {
            continue;
        }
        if graph.constant(id).is_some() || graph.shape(id) != shape {
            return None;
        }
        if !tensors.contains(&id) {
            tensors.push(id);
        }
    }
    (!tensors.is_empty()).then_some(tensors)
}

/// Whether a table does better than the nodes one by one.
fn is_better(graph: &Graph, nodes: &[usize]) -> bool {
    let kinds = || nodes.iter().map(|&index| kind(graph, &graph.nodes[index]));
    if kinds().any(|kind| kind == Kind::Combination) {
        return true;
    }
    if nodes.len() > 1 && kinds().any(|kind| kind == Kind::Table) {
        return true;
    }
    // A scaling behind a clamp.
    let Some(&sink) = nodes.last() else {
        return false;
    };
    let is_clamp_inside = nodes[..nodes.len() - 1].iter().any(|&index| {
        let op = &graph.nodes[index].op;
        matches!(op, Op::Activation(Activation::Clamp(_)))
    });
    let output = graph.nodes[sink].output;
    let takes_scaling = |reader: usize| {
        let op = &graph.nodes[reader].op;
        matches!(
            op,
            Op::Conv2d(_) | Op::Dense { .. } | Op::ConvTranspose2d(_)
        ) || kind(graph, &graph.nodes[reader]) == Kind::Affine
    };
    is_clamp_inside
        && kind(graph, &graph.nodes[sink]) == Kind::Affine
        && !graph.consumers(output).into_iter().all(takes_scaling)
}

/// What a pointwise node would be alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A scaling, a shift or a clamp.
    Affine,
    /// A table.
    Table,
    /// Something that is more than a table.
    Combination,
}

fn kind(graph: &Graph, node: &Node) -> Kind {
    let has_number = node.inputs.iter().any(|&id| number(graph, id).is_some());
    if matches!(node.op, Op::Activation(Activation::Clamp(_))) {
        Kind::Affine
    } else if matches!(node.op, Op::Activation(_) | Op::Fused(_)) {
        Kind::Table
    } else if has_number && matches!(node.op, Op::Add { .. } | Op::Sub { .. } | Op::Mul { .. }) {
        Kind::Affine
    } else {
        Kind::Combination
    }
}

/// Whether a value comes from a clamp that goes into the layer before it.
fn is_clamped_layer(graph: &Graph, id: ValueId) -> bool {
    let Some(clamp) = graph.producer(id).map(|index| &graph.nodes[index]) else {
        return false;
    };
    matches!(clamp.op, Op::Activation(Activation::Clamp(_)))
        && sole_producer(graph, clamp.inputs[0])
            .is_some_and(|layer| clamp_slot(&mut graph.nodes[layer].op.clone()).is_some())
}

/// Appends what a node computes; the index of its result.
fn append(terms: &mut Vec<Term>, op: &Op, operands: &[usize]) -> Option<usize> {
    let term = match (op, operands) {
        (Op::Activation(function), &[x]) => Term::Unary(*function, x),
        (Op::Add { clamp }, &[a, b]) => Term::Add(a, b, *clamp),
        (Op::Sub { clamp }, &[a, b]) => Term::Sub(a, b, *clamp),
        (Op::Mul { clamp }, &[a, b]) => Term::Mul(a, b, *clamp),
        (Op::Binary(function), &[a, b]) => Term::Binary(*function, a, b),
        (Op::Select, &[condition, a, b]) => Term::Select(condition, a, b),
        (Op::Fused(inner), &[x]) => return inline(terms, inner, x),
        _ => return None,
    };
    terms.push(term);
    Some(terms.len() - 1)
}

/// Appends the terms of a function of the term `x`.
fn inline(terms: &mut Vec<Term>, inner: &Fused, x: usize) -> Option<usize> {
    let mut places: Vec<usize> = Vec::with_capacity(inner.terms.len());
    for term in &inner.terms {
        places.push(if *term == Term::Input {
            x
        } else {
            terms.push(term.renamed(|operand| places[operand]));
            terms.len() - 1
        });
    }
    places.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Unary;
    use crate::passes::oracle::{Builder, RELU, check, window};

    const ADD: Op = Op::Add { clamp: None };
    const MUL: Op = Op::Mul { clamp: None };

    fn scalar(b: &mut Builder, number: f32) -> ValueId {
        b.constant(&[], vec![number])
    }

    fn unary(function: Unary) -> Op {
        Op::Activation(Activation::Unary(function))
    }

    fn is_one_table(after: &Graph) -> bool {
        matches!(&after.nodes[..], [node] if matches!(node.op, Op::Fused(_)))
    }

    #[test]
    fn a_product_with_its_own_sigmoid_is_one_table() {
        let mut b = Builder::new(1);
        let x = b.input(&[1, 3, 4, 2]);
        let gate = b.node(Op::Activation(Activation::Sigmoid), &[x]);
        let y = b.node(MUL, &[x, gate]);
        b.output(y);
        assert!(is_one_table(&check(&b.graph, PASS)));
    }

    #[test]
    fn exported_gelu_and_hard_swish_are_one_table() {
        let mut b = Builder::new(2);
        let x = b.input(&[1, 9]);
        let root = scalar(&mut b, std::f32::consts::FRAC_1_SQRT_2);
        let (one, half) = (scalar(&mut b, 1.0), scalar(&mut b, 0.5));
        let y = b.node(MUL, &[x, root]);
        let y = b.node(unary(Unary::Erf), &[y]);
        let y = b.node(ADD, &[y, one]);
        let y = b.node(MUL, &[x, y]);
        let y = b.node(MUL, &[half, y]);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert!(is_one_table(&after));
        let Op::Fused(function) = &after.nodes[0].op else {
            panic!("a fused function");
        };
        for step in -40..=40 {
            let x = f64::from(step) / 8.0;
            let error = function.apply(x) - Unary::Gelu.apply(x);
            assert!(error.abs() < 1e-6, "{x}: {error}");
        }

        let mut b = Builder::new(3);
        let x = b.input(&[1, 9]);
        let (three, sixth) = (scalar(&mut b, 3.0), scalar(&mut b, 1.0 / 6.0));
        let six = Clamp { min: 0.0, max: 6.0 };
        let y = b.node(ADD, &[x, three]);
        let y = b.node(Op::Activation(Activation::Clamp(six)), &[y]);
        let y = b.node(MUL, &[x, y]);
        let y = b.node(MUL, &[y, sixth]);
        b.output(y);
        assert!(is_one_table(&check(&b.graph, PASS)));
    }

    #[test]
    fn a_gate_is_a_table_where_its_scaling_has_nowhere_to_go() {
        let mut b = Builder::new(4);
        let (x, other) = (b.input(&[1, 9]), b.input(&[1, 9]));
        let (three, sixth) = (scalar(&mut b, 3.0), scalar(&mut b, 1.0 / 6.0));
        let six = Clamp { min: 0.0, max: 6.0 };
        let y = b.node(ADD, &[x, three]);
        let y = b.node(Op::Activation(Activation::Clamp(six)), &[y]);
        let gate = b.node(MUL, &[y, sixth]);
        let y = b.node(MUL, &[other, gate]);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert_eq!(after.nodes.len(), 2);
    }

    #[test]
    fn layers_keep_their_scalings_and_clamps() {
        let mut b = Builder::new(5);
        let x = b.input(&[1, 4, 4, 2]);
        let y = b.conv(x, 2, window(1, 1, 0), 1, None);
        let half = scalar(&mut b, 0.5);
        let y = b.node(MUL, &[y, half]);
        let y = b.relu(y);
        let y = b.node(MUL, &[y, half]);
        let y = b.conv(y, 2, window(1, 1, 0), 1, None);
        b.output(y);
        assert_eq!(check(&b.graph, PASS), b.graph);

        // A table begins behind the clamp, which the layer takes.
        let mut b = Builder::new(6);
        let x = b.input(&[1, 4, 4, 2]);
        let y = b.conv(x, 2, window(1, 1, 0), 1, None);
        let relu = b.relu(y);
        let gate = b.node(Op::Activation(Activation::Sigmoid), &[relu]);
        let y = b.node(MUL, &[relu, gate]);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert_eq!(after.nodes[1].op, Op::Activation(Activation::Clamp(RELU)));
        assert_eq!(after.nodes.len(), 3);
    }

    #[test]
    fn what_reads_two_tensors_or_numbers_per_channel_stays() {
        let mut b = Builder::new(7);
        let (x, other) = (b.input(&[1, 3]), b.input(&[1, 3]));
        let channels = b.random_constant(&[3], 1.0);
        let y = b.node(unary(Unary::Exp), &[x]);
        let y = b.node(MUL, &[y, other]);
        let y = b.node(ADD, &[y, channels]);
        b.output(y);
        assert_eq!(check(&b.graph, PASS), b.graph);
    }

    #[test]
    fn shared_parts_stay_for_their_other_readers() {
        let mut b = Builder::new(8);
        let x = b.input(&[1, 3]);
        let gate = b.node(Op::Activation(Activation::Sigmoid), &[x]);
        let y = b.node(MUL, &[x, gate]);
        b.output(gate);
        b.output(y);
        let after = check(&b.graph, PASS);
        assert_eq!(after.nodes.len(), 2);
        assert_eq!(after.nodes[1].inputs, after.nodes[0].inputs);
    }

    #[test]
    fn an_extreme_with_a_number_is_a_clamp() {
        let mut b = Builder::new(9);
        let x = b.input(&[1, 3]);
        let (low, high) = (scalar(&mut b, -0.5), scalar(&mut b, 0.75));
        let y = b.node(Op::Binary(Binary::Maximum), &[low, x]);
        let y = b.node(Op::Binary(Binary::Minimum), &[y, high]);
        b.output(y);
        let after = check(&b.graph, PASS);
        let all = after.nodes.iter();
        assert!(
            all.clone()
                .all(|node| matches!(node.op, Op::Activation(Activation::Clamp(_))))
        );
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn a_choice_by_its_own_sign_is_one_table() {
        let mut b = Builder::new(10);
        let x = b.input(&[1, 5]);
        let (zero, half) = (scalar(&mut b, 0.0), scalar(&mut b, 0.5));
        let positive = b.node(Op::Binary(Binary::Greater), &[x, zero]);
        let less = b.node(MUL, &[x, half]);
        let y = b.node(Op::Select, &[positive, x, less]);
        b.output(y);
        assert!(is_one_table(&check(&b.graph, PASS)));
    }
}
