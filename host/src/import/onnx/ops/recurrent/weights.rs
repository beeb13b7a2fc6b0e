//! Weights of one direction.

use super::Kind;
use super::sequence::Sequence;
use super::term::Term;
use crate::import::NodeFault;
use crate::import::onnx::context::Context;
use crate::import::onnx::node::{Node, floats, operand_fault};
use crate::ir::ValueId;

/// A matrix `[outputs, inputs]`, a constant of the graph.
pub(super) struct Matrix {
    /// In the graph.
    pub id: ValueId,
    /// One for each output, in the graph; none if they are zeros.
    pub bias: Option<ValueId>,
    /// Rows.
    pub outputs: usize,
    /// Row by row, as in the graph.
    pub numbers: Vec<f32>,
    /// As in the graph.
    pub bias_numbers: Option<Vec<f32>>,
}

/// Weights of one direction.
pub(super) struct Weights {
    /// Of the inputs, all gates, with the biases that can be added at once.
    pub inputs: Matrix,
    /// Of the state, all gates; of a GRU that resets first, all but the last.
    pub state: Matrix,
    /// Of the state that was reset, the last gate of such a GRU.
    pub reset: Option<Matrix>,
    /// Of the cell, for the input, output and forget gate.
    pub peepholes: Option<[Term; 3]>,
}

impl Weights {
    /// Reads the operands W, R, B and P.
    pub(super) fn of(
        context: &mut Context,
        node: &Node<'_>,
        kind: Kind,
        sequence: &Sequence,
        direction: usize,
    ) -> Result<Self, NodeFault> {
        let (hidden, rows) = (sequence.hidden, kind.gates() * sequence.hidden);
        let part = |index, what: &str, shape: &[usize]| {
            part(node, index, what, sequence.directions, direction, shape)
        };
        let w = part(1, "weight W", &[rows, sequence.inputs])?;
        let r = part(2, "recurrence weight R", &[rows, hidden])?;
        let both = match node.input(3) {
            Some(_) => part(3, "bias B", &[2 * rows])?.to_vec(),
            None => Vec::new(),
        };
        let mut bias = match both.get(..rows) {
            Some(own) => own.to_vec(),
            None => vec![0.0; rows],
        };
        let mut state_bias = both.get(rows..).unwrap_or_default().to_vec();
        state_bias.resize(rows, 0.0);
        let reset_later = kind == Kind::Gru
            && node
                .attributes
                .flag("linear_before_reset")?
                .unwrap_or(false);
        // What is reset has its own bias inside of the product.
        let kept_apart = if reset_later { rows - hidden } else { rows };
        for (sum, own) in bias[..kept_apart].iter_mut().zip(&mut state_bias) {
            *sum += std::mem::take(own);
        }
        let reset_first = kind == Kind::Gru && !reset_later;
        let at_once = if reset_first { rows - hidden } else { rows };
        let mut matrix = |name: &str, numbers: &[f32], bias: &[f32]| {
            matrix(
                context,
                &format!("{}/{name} {direction}", node.name),
                numbers,
                bias,
            )
        };
        let inputs = matrix("W", w, &bias)?;
        let state = matrix("R", &r[..at_once * hidden], &state_bias[..at_once])?;
        let reset = match reset_first {
            true => {
                let zeros = vec![0.0; hidden];
                Some(matrix(
                    "R of the reset state",
                    &r[at_once * hidden..],
                    &zeros,
                )?)
            }
            false => None,
        };
        let peepholes = match node.input(7) {
            Some(_) => {
                let numbers = part(7, "peephole weight P", &[3 * hidden])?;
                context.reserve_constant(&[3, sequence.batch, hidden])?;
                let gate = |gate: usize| {
                    Term::known(numbers[gate * hidden..][..hidden].repeat(sequence.batch))
                };
                Some([gate(0), gate(1), gate(2)])
            }
            None => None,
        };
        Ok(Self {
            inputs,
            state,
            reset,
            peepholes,
        })
    }
}

/// The part of a constant operand that belongs to a direction, which must have this shape.
fn part<'n>(
    node: &'n Node<'_>,
    index: usize,
    what: &str,
    directions: usize,
    direction: usize,
    shape: &[usize],
) -> Result<&'n [f32], NodeFault> {
    let constant = node.constant(index, what)?;
    let numbers = floats(constant, what)?;
    let wanted: Vec<usize> = std::iter::once(directions)
        .chain(shape.iter().copied())
        .collect();
    if constant.shape != wanted {
        let expected = format!("of shape {wanted:?}");
        let found = format!("`{}` of shape {:?}", constant.name, constant.shape);
        return Err(operand_fault(what, &expected, &found));
    }
    let len: usize = shape.iter().product();
    Ok(&numbers[direction * len..][..len])
}

fn matrix(
    context: &mut Context,
    name: &str,
    numbers: &[f32],
    bias: &[f32],
) -> Result<Matrix, NodeFault> {
    let shape = vec![bias.len(), numbers.len() / bias.len()];
    context.reserve_constant(&shape)?;
    context.reserve_constant(&[bias.len()])?;
    let id = context.add_constant(name, shape, numbers)?;
    let has_bias = bias.iter().any(|&number| number != 0.0);
    let bias_id = match has_bias {
        true => Some(context.add_constant(&format!("{name} bias"), vec![bias.len()], bias)?),
        false => None,
    };
    Ok(Matrix {
        id,
        bias: bias_id,
        outputs: bias.len(),
        numbers: numbers.to_vec(),
        bias_numbers: has_bias.then(|| bias.to_vec()),
    })
}
