//! `RNN`, `GRU` and `LSTM`, unrolled: each step in time becomes operators that the network has anyway.
//!
//! The product of the inputs of all steps with their weights is one dense layer; what remains per step
//! is the product with the state, and the gates. All steps read the same weights, which a blob holds
//! once. Steps that follow a state of zeros are shorter. Values of different steps that mean the same
//! are noted as alike, so that they get one scale, and tables and multipliers are held once too.
//!
//! Formulas: <https://github.com/onnx/onnx/blob/main/docs/Operators.md#LSTM>, `#GRU`, `#RNN`.

mod cells;
mod function;
mod results;
mod sequence;
mod term;
mod unrolled;
mod weights;

use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault};
use function::Functions;
use sequence::Sequence;
use term::Term;
use unrolled::Unrolled;
use weights::Weights;

/// Steps in time of all directions that are unrolled at most: each becomes a dozen of operators.
const MAX_STEPS: usize = 1024;

/// Which operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rnn,
    Gru,
    Lstm,
}

impl Kind {
    /// Gates, each with its rows of the weights.
    fn gates(self) -> usize {
        match self {
            Self::Rnn => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }

    /// Functions of one direction and their defaults.
    fn functions(self) -> &'static [&'static str] {
        match self {
            Self::Rnn => &["Tanh"],
            Self::Gru => &["Sigmoid", "Tanh"],
            Self::Lstm => &["Sigmoid", "Tanh", "Tanh"],
        }
    }
}

/// What the node says about every step.
struct Settings {
    kind: Kind,
    /// Bound of what goes into the functions.
    clip: Option<f32>,
    /// GRU: the state is reset behind its product, not before.
    linear_before_reset: bool,
    /// LSTM: what is forgotten is what is not let in.
    input_forget: bool,
}

/// One direction of the network.
struct Direction<'n> {
    settings: &'n Settings,
    weights: Weights,
    functions: Functions,
}

/// The state between two steps.
struct State {
    /// What is the output too.
    hidden: Term,
    /// Of an LSTM.
    cell: Term,
}

/// A layer with state over time; first output Y, beside it `Y_h` and, of an LSTM, `Y_c`.
pub(super) fn recurrent(
    context: &mut Context,
    node: &Node<'_>,
    kind: Kind,
) -> Result<Tensor, NodeFault> {
    let settings = settings(node, kind)?;
    let reversed = directions(node)?;
    let sequence = Sequence::of(node, kind, reversed.len())?;
    let functions = Functions::of(node, kind, reversed.len())?;
    if sequence.steps.saturating_mul(reversed.len()) > MAX_STEPS {
        let expected = format!("of at most {MAX_STEPS} steps in all directions");
        let found = format!("{} steps", sequence.steps);
        return Err(operand_fault("sequence X", &expected, &found));
    }
    let x = sequence.arrange(context, node)?;
    let mut hidden = Vec::new();
    let mut last = Vec::new();
    for (index, (&reversed, functions)) in reversed.iter().zip(functions).enumerate() {
        let direction = Direction {
            settings: &settings,
            weights: Weights::of(context, node, kind, &sequence, index)?,
            functions,
        };
        let state = State {
            hidden: sequence.initial(context, node, 5, index)?,
            cell: match kind {
                Kind::Lstm => sequence.initial(context, node, 6, index)?,
                Kind::Rnn | Kind::Gru => Term::Zero,
            },
        };
        let prefix = match reversed {
            false => "t",
            true => "reverse_t",
        };
        let mut unrolled = Unrolled::new(context, node, prefix, &sequence);
        let (states, end) = direction.run(&mut unrolled, x, state, reversed)?;
        unrolled.finish();
        hidden.push(states);
        last.push(end);
    }
    results::results(context, node, &sequence, &hidden, &last)
}

impl Direction<'_> {
    /// The hidden states of all steps, in the order of time, and the last state.
    fn run(
        &self,
        unrolled: &mut Unrolled<'_, '_>,
        x: crate::ir::ValueId,
        initial: State,
        reversed: bool,
    ) -> Result<(Vec<Term>, State), NodeFault> {
        let inputs = unrolled.dense("inputs", &Term::Value(x), &self.weights.inputs)?;
        let steps = unrolled.steps();
        let mut hidden = Vec::with_capacity(steps);
        let mut state = initial;
        for step in 0..steps {
            let time = if reversed { steps - 1 - step } else { step };
            unrolled.start(time);
            let gates = unrolled.at(&inputs, time)?;
            state = self.step(unrolled, &gates, &state)?;
            hidden.push(state.hidden.clone());
        }
        if reversed {
            hidden.reverse();
        }
        Ok((hidden, state))
    }

    fn step(
        &self,
        unrolled: &mut Unrolled<'_, '_>,
        gates: &Term,
        state: &State,
    ) -> Result<State, NodeFault> {
        match self.settings.kind {
            Kind::Rnn => self.rnn(unrolled, gates, state),
            Kind::Gru if self.settings.linear_before_reset => {
                self.gru_linear_before_reset(unrolled, gates, state)
            }
            Kind::Gru => self.gru(unrolled, gates, state),
            Kind::Lstm => self.lstm(unrolled, gates, state),
        }
    }
}

fn settings(node: &Node<'_>, kind: Kind) -> Result<Settings, NodeFault> {
    let flag = |name| node.attributes.flag(name).map(Option::unwrap_or_default);
    let clip = node.attributes.float("clip")?;
    if let Some(clip) = clip
        && clip <= 0.0
    {
        return Err(fault("clip", clip.to_string(), "positive numbers"));
    }
    Ok(Settings {
        kind,
        clip,
        linear_before_reset: flag("linear_before_reset")?,
        input_forget: flag("input_forget")?,
    })
}

/// Whether each direction goes back in time.
fn directions(node: &Node<'_>) -> Result<&'static [bool], NodeFault> {
    match node.attributes.text("direction")?.unwrap_or("forward") {
        "forward" => Ok(&[false]),
        "reverse" => Ok(&[true]),
        "bidirectional" => Ok(&[false, true]),
        other => {
            let supported = "forward, reverse, bidirectional";
            Err(fault("direction", other.into(), supported))
        }
    }
}
