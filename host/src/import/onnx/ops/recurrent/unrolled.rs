//! The operators of one direction, step by step.
//!
//! What is known is computed here, so that a step behind zeros has fewer operators.

use super::sequence::Sequence;
use super::term::{Operation, Term};
use super::weights::Matrix;
use crate::import::NodeFault;
use crate::import::onnx::context::Context;
use crate::import::onnx::node::Node;
use crate::ir::{Activation, Clamp, IndexMap, Op, ValueId};
use std::collections::BTreeMap;

/// Adds operators for one direction.
pub(super) struct Unrolled<'c, 'n> {
    context: &'c mut Context,
    node: &'n str,
    prefix: &'n str,
    sequence: &'n Sequence,
    /// Step in time, in names.
    time: Option<usize>,
    /// What the steps computed in each of their roles.
    roles: BTreeMap<&'static str, Vec<ValueId>>,
}

impl<'c, 'n> Unrolled<'c, 'n> {
    /// Before the first step.
    pub(super) fn new(
        context: &'c mut Context,
        node: &'n Node<'_>,
        prefix: &'n str,
        sequence: &'n Sequence,
    ) -> Self {
        Self {
            context,
            node: &node.name,
            prefix,
            sequence,
            time: None,
            roles: BTreeMap::new(),
        }
    }

    /// Steps in time.
    pub(super) fn steps(&self) -> usize {
        self.sequence.steps
    }

    /// Numbers of the state.
    pub(super) fn hidden(&self) -> usize {
        self.sequence.hidden
    }

    /// What follows belongs to this step.
    pub(super) fn start(&mut self, time: usize) {
        self.time = Some(time);
    }

    /// Notes which values are alike.
    pub(super) fn finish(self) {
        let groups = self.roles.into_values().filter(|group| group.len() > 1);
        self.context.graph.alike.extend(groups);
    }

    fn emit(
        &mut self,
        role: &'static str,
        op: Op,
        inputs: Vec<ValueId>,
    ) -> Result<ValueId, NodeFault> {
        let prefix = self.prefix;
        let name = match self.time {
            Some(time) => format!("{prefix}{time}/{role}"),
            None => format!("{prefix}/{role}"),
        };
        let value = self.context.emit_helper(self.node, &name, op, inputs)?;
        if self.time.is_some() {
            self.roles.entry(role).or_default().push(value);
        }
        Ok(value)
    }

    /// Of a value for all steps, `[1, steps, (batch,) width]`, one step.
    pub(super) fn at(&mut self, all: &Term, time: usize) -> Result<Term, NodeFault> {
        let &Term::Value(all) = all else {
            return Ok(all.clone());
        };
        let shape = self.context.graph.shape(all).to_vec();
        let mut maps: Vec<IndexMap> = shape.iter().map(|&len| IndexMap::all(len)).collect();
        maps[1] = IndexMap::run(time, 1);
        let width = *shape.last().expect("it has a width");
        let taken = match self.sequence.steps {
            1 => all,
            _ => self.emit("input", Op::Take { maps }, vec![all])?,
        };
        let shape = self.sequence.rows(width);
        let value = self.emit("rows", Op::Reshape { shape }, vec![taken])?;
        Ok(Term::Value(value))
    }

    /// `x · weightsᵀ + bias`.
    pub(super) fn dense(
        &mut self,
        role: &'static str,
        x: &Term,
        weights: &Matrix,
    ) -> Result<Term, NodeFault> {
        let outputs = weights.outputs;
        let batch = self.sequence.batch;
        match x {
            &Term::Value(x) => {
                let mut inputs = vec![x, weights.id];
                inputs.extend(weights.bias);
                let op = Op::Dense { clamp: None };
                Ok(Term::Value(self.emit(role, op, inputs)?))
            }
            Term::Zero => match &weights.bias_numbers {
                None => Ok(Term::Zero),
                Some(bias) => {
                    self.context.reserve_constant(&[batch, outputs])?;
                    Ok(Term::known(bias.repeat(batch)))
                }
            },
            Term::Constant(rows) => {
                self.context.reserve_constant(&[batch, outputs])?;
                let products = product(rows, weights);
                Ok(Term::known(products))
            }
        }
    }

    /// Columns from `begin` on, of rows of this width.
    pub(super) fn columns(
        &mut self,
        role: &'static str,
        x: &Term,
        width: usize,
        begin: usize,
        count: usize,
    ) -> Result<Term, NodeFault> {
        match x {
            Term::Zero => Ok(Term::Zero),
            Term::Constant(numbers) => {
                let rows = numbers.chunks(width);
                let columns = rows.flat_map(|row| &row[begin..begin + count]);
                Ok(Term::known(columns.copied().collect()))
            }
            x @ Term::Value(_) if count == width => Ok(x.clone()),
            &Term::Value(x) => {
                let shape = self.context.graph.shape(x);
                let mut maps: Vec<IndexMap> = shape.iter().map(|&len| IndexMap::all(len)).collect();
                let last = maps.last_mut().expect("it has a width");
                *last = IndexMap::run(begin, count);
                Ok(Term::Value(self.emit(role, Op::Take { maps }, vec![x])?))
            }
        }
    }

    /// `a ∘ b`, element by element.
    pub(super) fn combine(
        &mut self,
        role: &'static str,
        operation: Operation,
        a: &Term,
        b: &Term,
    ) -> Result<Term, NodeFault> {
        match (operation, a, b) {
            (Operation::Mul, Term::Zero, _) | (Operation::Mul, _, Term::Zero) => {
                return Ok(Term::Zero);
            }
            (Operation::Add, Term::Zero, other)
            | (Operation::Add | Operation::Sub, other, Term::Zero) => return Ok(other.clone()),
            (Operation::Sub, Term::Zero, Term::Constant(b)) => {
                return Ok(Term::known(b.iter().map(|b| -b).collect()));
            }
            (_, Term::Constant(a), Term::Constant(b)) => {
                let pairs = a.iter().zip(b.iter());
                return Ok(Term::known(
                    pairs.map(|(&a, &b)| operation.of(a, b)).collect(),
                ));
            }
            (Operation::Sub, Term::Zero, Term::Value(_))
            | (_, Term::Constant(_) | Term::Value(_), Term::Value(_))
            | (_, Term::Value(_), Term::Constant(_)) => {}
        }
        let inputs = vec![self.operand(role, a)?, self.operand(role, b)?];
        let op = match operation {
            Operation::Add => Op::Add { clamp: None },
            Operation::Sub => Op::Sub { clamp: None },
            Operation::Mul => Op::Mul { clamp: None },
        };
        Ok(Term::Value(self.emit(role, op, inputs)?))
    }

    fn operand(&mut self, role: &'static str, term: &Term) -> Result<ValueId, NodeFault> {
        let (shape, numbers) = match term {
            &Term::Value(value) => return Ok(value),
            Term::Zero => (vec![1], [0.0].into()),
            Term::Constant(numbers) => {
                let width = numbers.len() / self.sequence.batch;
                let shape = match self.sequence.batch {
                    1 => vec![width],
                    batch => vec![batch, width],
                };
                (shape, numbers.clone())
            }
        };
        self.context.reserve_constant(&shape)?;
        let name = format!("{}/{role} constant", self.node);
        self.context.add_constant(&name, shape, numbers)
    }

    /// A function of a computed term.
    pub(super) fn function(
        &mut self,
        role: &'static str,
        function: Activation,
        x: &Term,
    ) -> Result<Term, NodeFault> {
        let x = self.operand(role, x)?;
        Ok(Term::Value(self.emit(
            role,
            Op::Activation(function),
            vec![x],
        )?))
    }

    /// A term within bounds, if there are.
    pub(super) fn clipped(
        &mut self,
        role: &'static str,
        clip: Option<f32>,
        x: &Term,
    ) -> Result<Term, NodeFault> {
        match clip {
            None => Ok(x.clone()),
            Some(bound) => {
                let clamp = Clamp {
                    min: -bound,
                    max: bound,
                };
                self.function(role, Activation::Clamp(clamp), x)
            }
        }
    }

    /// `1 - x`.
    pub(super) fn complement(&mut self, role: &'static str, x: &Term) -> Result<Term, NodeFault> {
        let one = Term::Constant(vec![1.0; self.sequence.batch * self.hidden()].into());
        self.combine(role, Operation::Sub, &one, x)
    }
}

/// Rows times the transposed matrix, plus its bias; sums in f64.
fn product(rows: &[f32], weights: &Matrix) -> Vec<f32> {
    let width = weights.numbers.len() / weights.outputs;
    let mut products = Vec::with_capacity(rows.len() / width * weights.outputs);
    for row in rows.chunks(width) {
        for (output, own) in weights.numbers.chunks(width).enumerate() {
            let bias = weights
                .bias_numbers
                .as_ref()
                .map_or(0.0, |bias| bias[output]);
            let terms = row.iter().zip(own);
            let sum: f64 = terms.map(|(&x, &w)| f64::from(x) * f64::from(w)).sum();
            products.push(narrow(sum + f64::from(bias)));
        }
    }
    products
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "rounds to the nearest f32"
)]
fn narrow(x: f64) -> f32 {
    x as f32
}
