//! One step of each kind of cell, by the formulas of ONNX; names of gates as there.

use super::term::{Operation, Term};
use super::unrolled::Unrolled;
use super::{Direction, State};
use crate::import::NodeFault;

impl Direction<'_> {
    /// `Ht = f(Xt·Wᵀ + Ht₋₁·Rᵀ + Wb + Rb)`.
    pub(super) fn rnn(
        &self,
        u: &mut Unrolled<'_, '_>,
        x: &Term,
        state: &State,
    ) -> Result<State, NodeFault> {
        let h = u.dense("recurrent", &state.hidden, &self.weights.state)?;
        let sum = u.combine("sum", Operation::Add, x, &h)?;
        let sum = u.clipped("clip", self.settings.clip, &sum)?;
        Ok(State {
            hidden: u.function("hidden", self.functions.f(), &sum)?,
            cell: Term::Zero,
        })
    }

    /// `ht = g(Xt·Whᵀ + (rt ⊙ Ht₋₁)·Rhᵀ + Rbh + Wbh)`.
    pub(super) fn gru(
        &self,
        u: &mut Unrolled<'_, '_>,
        x: &Term,
        state: &State,
    ) -> Result<State, NodeFault> {
        let hidden = u.hidden();
        let h = u.dense("recurrent", &state.hidden, &self.weights.state)?;
        let (z, r) = self.update_and_reset(u, x, &h, 2 * hidden)?;
        let reset = u.combine("reset state", Operation::Mul, &r, &state.hidden)?;
        let reset = match &self.weights.reset {
            Some(weights) => u.dense("recurrent content", &reset, weights)?,
            None => Term::Zero,
        };
        let own = u.columns("content of input", x, 3 * hidden, 2 * hidden, hidden)?;
        let sum = u.combine("content sum", Operation::Add, &own, &reset)?;
        self.gru_state(u, &z, &sum, state)
    }

    /// `ht = g(Xt·Whᵀ + rt ⊙ (Ht₋₁·Rhᵀ + Rbh) + Wbh)`.
    pub(super) fn gru_linear_before_reset(
        &self,
        u: &mut Unrolled<'_, '_>,
        x: &Term,
        state: &State,
    ) -> Result<State, NodeFault> {
        let hidden = u.hidden();
        let all = u.dense("recurrent", &state.hidden, &self.weights.state)?;
        let gates = u.columns("gates of state", &all, 3 * hidden, 0, 2 * hidden)?;
        let (z, r) = self.update_and_reset(u, x, &gates, 2 * hidden)?;
        let h = u.columns("content of state", &all, 3 * hidden, 2 * hidden, hidden)?;
        let reset = u.combine("reset state", Operation::Mul, &r, &h)?;
        let own = u.columns("content of input", x, 3 * hidden, 2 * hidden, hidden)?;
        let sum = u.combine("content sum", Operation::Add, &own, &reset)?;
        self.gru_state(u, &z, &sum, state)
    }

    /// `zt` and `rt`, from the inputs' part and the states' part of this width.
    fn update_and_reset(
        &self,
        u: &mut Unrolled<'_, '_>,
        x: &Term,
        h: &Term,
        width: usize,
    ) -> Result<(Term, Term), NodeFault> {
        let hidden = u.hidden();
        let own = u.columns("gates of input", x, 3 * hidden, 0, width)?;
        let sum = u.combine("gate sum", Operation::Add, &own, h)?;
        let sum = u.clipped("gate clip", self.settings.clip, &sum)?;
        let gates = u.function("gates", self.functions.f(), &sum)?;
        Ok((
            u.columns("update gate", &gates, width, 0, hidden)?,
            u.columns("reset gate", &gates, width, hidden, hidden)?,
        ))
    }

    /// `Ht = (1 - zt) ⊙ ht + zt ⊙ Ht₋₁`, as `ht + zt ⊙ (Ht₋₁ - ht)`.
    fn gru_state(
        &self,
        u: &mut Unrolled<'_, '_>,
        z: &Term,
        content: &Term,
        state: &State,
    ) -> Result<State, NodeFault> {
        let content = u.clipped("content clip", self.settings.clip, content)?;
        let content = u.function("content", self.functions.g(), &content)?;
        let hidden = match &state.hidden {
            Term::Zero => {
                let forgotten = u.combine("change", Operation::Mul, z, &content)?;
                u.combine("hidden", Operation::Sub, &content, &forgotten)?
            }
            before @ (Term::Constant(_) | Term::Value(_)) => {
                let away = u.combine("difference", Operation::Sub, before, &content)?;
                let kept = u.combine("kept", Operation::Mul, z, &away)?;
                u.combine("hidden", Operation::Add, &content, &kept)?
            }
        };
        Ok(State {
            hidden,
            cell: Term::Zero,
        })
    }

    /// `Ct = ft ⊙ Ct₋₁ + it ⊙ ct`, `Ht = ot ⊙ h(Ct)`.
    pub(super) fn lstm(
        &self,
        u: &mut Unrolled<'_, '_>,
        x: &Term,
        state: &State,
    ) -> Result<State, NodeFault> {
        let hidden = u.hidden();
        let h = u.dense("recurrent", &state.hidden, &self.weights.state)?;
        let sums = u.combine("sum", Operation::Add, x, &h)?;
        let content = u.columns("content sum", &sums, 4 * hidden, 3 * hidden, hidden)?;
        let content = u.clipped("content clip", self.settings.clip, &content)?;
        let content = u.function("content", self.functions.g(), &content)?;
        let (i, f, o) = match self.weights.peepholes {
            None => self.gates(u, &sums)?,
            Some(_) => self.peeping_gates(u, &sums, &state.cell)?,
        };
        let f = match self.settings.input_forget {
            true => u.complement("forget gate", &i)?,
            false => f,
        };
        let new = u.combine("new content", Operation::Mul, &i, &content)?;
        let kept = u.combine("kept content", Operation::Mul, &f, &state.cell)?;
        let cell = u.combine("cell", Operation::Add, &kept, &new)?;
        let o = match &self.weights.peepholes {
            None => o,
            Some([_, weights, _]) => self.peeping_gate(u, OUTPUT, &o, weights, &cell)?,
        };
        let shown = u.function("cell shown", self.functions.h(), &cell)?;
        Ok(State {
            hidden: u.combine("hidden", Operation::Mul, &o, &shown)?,
            cell,
        })
    }

    /// The gates i, f and o at once.
    fn gates(
        &self,
        u: &mut Unrolled<'_, '_>,
        sums: &Term,
    ) -> Result<(Term, Term, Term), NodeFault> {
        let (hidden, width) = (u.hidden(), 3 * u.hidden());
        let sums = u.columns("gate sum", sums, 4 * hidden, 0, width)?;
        let sums = u.clipped("gate clip", self.settings.clip, &sums)?;
        let gates = u.function("gates", self.functions.f(), &sums)?;
        Ok((
            u.columns("input gate", &gates, width, 0, hidden)?,
            u.columns("forget gate", &gates, width, 2 * hidden, hidden)?,
            u.columns("output gate", &gates, width, hidden, hidden)?,
        ))
    }

    /// The gates i and f, which see the cell, and what the gate o adds the new cell to.
    fn peeping_gates(
        &self,
        u: &mut Unrolled<'_, '_>,
        sums: &Term,
        cell: &Term,
    ) -> Result<(Term, Term, Term), NodeFault> {
        let hidden = u.hidden();
        let Some([of_input, _, of_forget]) = &self.weights.peepholes else {
            return self.gates(u, sums);
        };
        let input = u.columns("input gate sum", sums, 4 * hidden, 0, hidden)?;
        let output = u.columns("output gate sum", sums, 4 * hidden, hidden, hidden)?;
        let forget = u.columns("forget gate sum", sums, 4 * hidden, 2 * hidden, hidden)?;
        Ok((
            self.peeping_gate(u, INPUT, &input, of_input, cell)?,
            self.peeping_gate(u, FORGET, &forget, of_forget, cell)?,
            output,
        ))
    }

    fn peeping_gate(
        &self,
        u: &mut Unrolled<'_, '_>,
        [product, sum, clip, gate]: [&'static str; 4],
        own: &Term,
        weights: &Term,
        cell: &Term,
    ) -> Result<Term, NodeFault> {
        let seen = u.combine(product, Operation::Mul, cell, weights)?;
        let all = u.combine(sum, Operation::Add, own, &seen)?;
        let all = u.clipped(clip, self.settings.clip, &all)?;
        u.function(gate, self.functions.f(), &all)
    }
}

/// Names of what a gate computes that sees the cell.
const INPUT: [&str; 4] = ["input peep", "input sum", "input clip", "input gate"];
const FORGET: [&str; 4] = ["forget peep", "forget sum", "forget clip", "forget gate"];
const OUTPUT: [&str; 4] = ["output peep", "output sum", "output clip", "output gate"];
