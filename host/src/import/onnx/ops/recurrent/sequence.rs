//! The sequence that goes in, and the states before it.

use super::Kind;
use super::term::Term;
use crate::import::NodeFault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, floats, operand_fault, shape_fault};
use crate::import::onnx::tensor::Data;
use crate::ir::{IndexMap, Op, ValueId};

/// Extents, and which axis is which.
pub(super) struct Sequence {
    /// Steps in time.
    pub steps: usize,
    /// Samples that go side by side.
    pub batch: usize,
    /// Numbers of a sample and step.
    pub inputs: usize,
    /// Numbers of the state.
    pub hidden: usize,
    /// Directions.
    pub directions: usize,
    /// Whether the batch comes before the time (and the directions): `layout` 1.
    pub batch_first: bool,
}

impl Sequence {
    /// Reads the operands' shapes.
    pub(super) fn of(node: &Node<'_>, kind: Kind, directions: usize) -> Result<Self, NodeFault> {
        let batch_first = node.attributes.flag("layout")?.unwrap_or(false);
        let x = node.activation(0, "sequence X")?.view.shape();
        let [first, second, inputs] = x[..] else {
            return Err(shape_fault("sequence X", "of rank 3", &x));
        };
        let (batch, steps) = match batch_first {
            true => (first, second),
            false => (second, first),
        };
        let (recurrence, _) = node.floats(2, "recurrence weight R")?;
        let hidden = match recurrence.shape[..] {
            [_, _, hidden] if hidden > 0 => hidden,
            _ => {
                let expected = "of shape [directions, gates · hidden, hidden]";
                return Err(shape_fault(
                    "recurrence weight R",
                    expected,
                    &recurrence.shape,
                ));
            }
        };
        if let Some(given) = node.attributes.int("hidden_size")?
            && usize::try_from(given) != Ok(hidden)
        {
            let found = format!("{hidden} where hidden_size is {given}");
            return Err(operand_fault(
                "recurrence weight R",
                "of hidden_size columns",
                &found,
            ));
        }
        let sequence = Self {
            steps,
            batch,
            inputs,
            hidden,
            directions,
            batch_first,
        };
        sequence.check_lengths(node, kind)?;
        Ok(sequence)
    }

    /// Sequences that end before others in their batch are refused.
    fn check_lengths(&self, node: &Node<'_>, _kind: Kind) -> Result<(), NodeFault> {
        let Some(lengths) = node.input(4) else {
            return Ok(());
        };
        let full = i64::try_from(self.steps).ok();
        let is_full = match lengths {
            Tensor::Constant(lengths) => match &lengths.data {
                Data::I64(lengths) => lengths.iter().all(|&length| Some(length) == full),
                Data::F32(_) | Data::Bool(_) | Data::I8(_) | Data::U8(_) => false,
            },
            Tensor::Activation(_) => false,
        };
        if is_full {
            return Ok(());
        }
        Err(operand_fault(
            "sequence_lens",
            "left out, or constant and as long as X",
            "lengths of their own: export with sequences of one fixed length",
        ))
    }

    /// The shape of rows of this width, the internal batch included.
    pub(super) fn rows(&self, width: usize) -> Vec<usize> {
        match self.batch {
            1 => vec![1, width],
            batch => vec![1, batch, width],
        }
    }

    /// The sequence as a value `[1, steps, (batch,) inputs]`.
    pub(super) fn arrange(
        &self,
        context: &mut Context,
        node: &Node<'_>,
    ) -> Result<ValueId, NodeFault> {
        let x = node.activation(0, "sequence X")?;
        let (time, batch): (usize, usize) = if self.batch_first { (1, 0) } else { (0, 1) };
        context.check_batch(x, [time])?;
        let value = context.arrange(&node.name, x, &[&[time], &[batch], &[2]])?;
        let mut shape = self.rows(self.inputs);
        shape.insert(1, self.steps);
        context.reshape(&node.name, value, shape)
    }

    /// The state before the first step of a direction: operand `index`, or zeros.
    pub(super) fn initial(
        &self,
        context: &mut Context,
        node: &Node<'_>,
        index: usize,
        direction: usize,
    ) -> Result<Term, NodeFault> {
        let what = ["initial_h", "initial_c"][index - 5];
        let Some(state) = node.input(index) else {
            return Ok(Term::Zero);
        };
        let [directions, batch, hidden] = [self.directions, self.batch, self.hidden];
        let wanted = match self.batch_first {
            true => [batch, directions, hidden],
            false => [directions, batch, hidden],
        };
        if state.shape() != wanted {
            let expected = format!("of shape {wanted:?}");
            return Err(shape_fault(what, &expected, &state.shape()));
        }
        let (of_direction, of_batch): (usize, usize) =
            if self.batch_first { (1, 0) } else { (0, 1) };
        match state {
            Tensor::Constant(constant) => {
                let numbers = floats(constant, what)?;
                context.reserve_constant(&[batch, hidden])?;
                let row = |sample: usize| {
                    let mut at = [0; 2];
                    at[of_direction] = direction;
                    at[of_batch] = sample;
                    (at[0] * wanted[1] + at[1]) * hidden
                };
                let rows = (0..batch).flat_map(|sample| &numbers[row(sample)..][..hidden]);
                Ok(Term::known(rows.copied().collect()))
            }
            Tensor::Activation(x) => {
                let groups: [&[usize]; 3] = [&[of_direction], &[of_batch], &[2]];
                let value = context.arrange(&node.name, x, &groups)?;
                let own = match directions {
                    1 => value,
                    _ => {
                        let maps = vec![
                            IndexMap::all(1),
                            IndexMap::run(direction, 1),
                            IndexMap::all(batch),
                            IndexMap::all(hidden),
                        ];
                        let role = format!("{what} {direction}");
                        context.emit_helper(&node.name, &role, Op::Take { maps }, vec![value])?
                    }
                };
                let own = context.reshape(&node.name, own, self.rows(hidden))?;
                Ok(Term::Value(own))
            }
        }
    }
}
