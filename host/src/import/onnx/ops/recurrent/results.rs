//! The outputs: all hidden states, and the last ones.

use super::State;
use super::sequence::Sequence;
use super::term::Term;
use crate::import::NodeFault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault};
use crate::import::onnx::view::View;
use crate::ir::{Op, ValueId};

/// Y; `Y_h` and `Y_c` go beside it.
pub(super) fn results(
    context: &mut Context,
    node: &Node<'_>,
    sequence: &Sequence,
    hidden: &[Vec<Term>],
    last: &[State],
) -> Result<Tensor, NodeFault> {
    let first = all_steps(context, node, sequence, hidden)?;
    let mut side = Vec::new();
    let ends: [fn(&State) -> &Term; 2] = [|state| &state.hidden, |state| &state.cell];
    for (end, what) in ends.into_iter().zip(["last hidden", "last cell"]) {
        let terms = last.iter().map(end);
        if terms.clone().all(|term| matches!(term, Term::Zero)) {
            break;
        }
        let values: Result<Vec<ValueId>, NodeFault> = terms.map(computed).collect();
        let value = join(context, node, what, &values?)?;
        let atoms = vec![sequence.batch, sequence.directions, sequence.hidden];
        let axes = match sequence.batch_first {
            true => vec![vec![0], vec![1], vec![2]],
            false => vec![vec![1], vec![0], vec![2]],
        };
        let batch = if sequence.batch_first { 0 } else { 1 };
        let view = View::new(atoms, axes).with_batch(batch);
        side.push(Tensor::computed(value, view));
    }
    context.side_outputs = side;
    Ok(first)
}

fn all_steps(
    context: &mut Context,
    node: &Node<'_>,
    sequence: &Sequence,
    hidden: &[Vec<Term>],
) -> Result<Tensor, NodeFault> {
    let mut shape = sequence.rows(sequence.hidden);
    shape.insert(1, 1);
    let mut directions = Vec::with_capacity(hidden.len());
    for states in hidden {
        let mut steps = Vec::with_capacity(states.len());
        for state in states {
            steps.push(context.reshape(&node.name, computed(state)?, shape.clone())?);
        }
        directions.push(match steps[..] {
            [only] => only,
            _ => context.emit_helper(&node.name, "steps", Op::Concat { axis: 1 }, steps)?,
        });
    }
    let value = join(context, node, "directions", &directions)?;
    let atoms = vec![
        sequence.steps,
        sequence.batch,
        sequence.directions,
        sequence.hidden,
    ];
    let axes = match sequence.batch_first {
        true => vec![vec![1], vec![0], vec![2], vec![3]],
        false => vec![vec![0], vec![2], vec![1], vec![3]],
    };
    let batch = if sequence.batch_first { 0 } else { 2 };
    let view = View::new(atoms, axes).with_batch(batch);
    Ok(Tensor::computed(value, view))
}

/// The directions one behind the other in each row.
fn join(
    context: &mut Context,
    node: &Node<'_>,
    role: &str,
    directions: &[ValueId],
) -> Result<ValueId, NodeFault> {
    match directions {
        [only] => Ok(*only),
        _ => {
            let axis = context.graph.shape(directions[0]).len() - 1;
            context.emit_helper(&node.name, role, Op::Concat { axis }, directions.to_vec())
        }
    }
}

/// A state that the inputs decide, as every one behind a step is.
fn computed(term: &Term) -> Result<ValueId, NodeFault> {
    match term {
        Term::Value(value) => Ok(*value),
        Term::Zero | Term::Constant(_) => Err(operand_fault(
            "weights",
            "such that the state depends on the inputs",
            "a state that is known before",
        )),
    }
}
