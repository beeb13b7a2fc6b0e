//! Functions of one value that are put together from others.

use super::{Activation, Binary, Clamp};

/// A function of one value that is put together from others.
#[derive(Clone, Debug, PartialEq)]
pub struct Fused {
    /// What is computed one after the other; the last is the result.
    pub terms: Vec<Term>,
}

/// A part of a [`Fused`] function. Operands are indices of earlier terms.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// The value.
    Input,
    /// A number.
    Constant(f32),
    /// A function of one term.
    Unary(Activation, usize),
    /// `a + b`, clamped.
    Add(usize, usize, Option<Clamp>),
    /// `a - b`, clamped.
    Sub(usize, usize, Option<Clamp>),
    /// `a · b`, clamped.
    Mul(usize, usize, Option<Clamp>),
    /// A function of two terms.
    Binary(Binary, usize, usize),
    /// The second term where the first is not 0, else the third.
    Select(usize, usize, usize),
}

impl Fused {
    /// `f(x)`, in f64.
    ///
    /// # Panics
    /// If there is no term, or one names a later one ([`Fused::is_sound`]).
    pub fn apply(&self, x: f64) -> f64 {
        let mut values = Vec::with_capacity(self.terms.len());
        for term in &self.terms {
            values.push(term.apply(x, &values));
        }
        *values.last().expect("a function has terms")
    }

    /// Whether there are terms, and each names earlier ones only.
    pub fn is_sound(&self) -> bool {
        let sound = |(index, term): (usize, &Term)| term.operands().all(|operand| operand < index);
        !self.terms.is_empty() && self.terms.iter().enumerate().all(sound)
    }
}

impl Term {
    /// Indices of the terms that it reads.
    pub fn operands(&self) -> impl Iterator<Item = usize> {
        let operands: [Option<usize>; 3] = match *self {
            Self::Input | Self::Constant(_) => [None; 3],
            Self::Unary(_, x) => [Some(x), None, None],
            Self::Add(a, b, _)
            | Self::Sub(a, b, _)
            | Self::Mul(a, b, _)
            | Self::Binary(_, a, b) => [Some(a), Some(b), None],
            Self::Select(condition, a, b) => [Some(condition), Some(a), Some(b)],
        };
        operands.into_iter().flatten()
    }

    /// The same term with other operands, as `renamed` says.
    #[must_use]
    pub fn renamed(&self, renamed: impl Fn(usize) -> usize) -> Self {
        match *self {
            Self::Input => Self::Input,
            Self::Constant(number) => Self::Constant(number),
            Self::Unary(function, x) => Self::Unary(function, renamed(x)),
            Self::Add(a, b, clamp) => Self::Add(renamed(a), renamed(b), clamp),
            Self::Sub(a, b, clamp) => Self::Sub(renamed(a), renamed(b), clamp),
            Self::Mul(a, b, clamp) => Self::Mul(renamed(a), renamed(b), clamp),
            Self::Binary(function, a, b) => Self::Binary(function, renamed(a), renamed(b)),
            Self::Select(condition, a, b) => {
                Self::Select(renamed(condition), renamed(a), renamed(b))
            }
        }
    }

    fn apply(&self, x: f64, values: &[f64]) -> f64 {
        let clamped = |value: f64, clamp: Option<Clamp>| match clamp {
            Some(clamp) if !value.is_nan() => clamp.apply(value),
            Some(_) | None => value,
        };
        match *self {
            Self::Input => x,
            Self::Constant(number) => number.into(),
            Self::Unary(function, x) => function.apply(values[x]),
            Self::Add(a, b, clamp) => clamped(values[a] + values[b], clamp),
            Self::Sub(a, b, clamp) => clamped(values[a] - values[b], clamp),
            Self::Mul(a, b, clamp) => clamped(values[a] * values[b], clamp),
            Self::Binary(function, a, b) => function.apply(values[a], values[b]),
            Self::Select(condition, a, b) => values[if values[condition] == 0.0 { b } else { a }],
        }
    }

    /// Its operator's name, and of an operand or number nothing.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Self::Input | Self::Constant(_) => None,
            Self::Unary(function, _) => Some(function.name()),
            Self::Add(..) => Some("Add"),
            Self::Sub(..) => Some("Sub"),
            Self::Mul(..) => Some("Mul"),
            Self::Binary(function, ..) => Some(function.name()),
            Self::Select(..) => Some("Select"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_of_functions() {
        // x · clip(x + 3, 0, 6) / 6.
        let six = Clamp { min: 0.0, max: 6.0 };
        let terms = vec![
            Term::Input,
            Term::Constant(3.0),
            Term::Add(0, 1, Some(six)),
            Term::Mul(0, 2, None),
            Term::Constant(6.0),
            Term::Binary(Binary::Div, 3, 4),
        ];
        let fused = Fused { terms };
        assert!(fused.is_sound());
        for x in [-4.0, -1.0, 0.0, 1.5, 7.0] {
            let expected = crate::ir::Activation::HardSwish.apply(x);
            assert!((fused.apply(x) - expected).abs() < 1e-12);
        }
        let terms = vec![Term::Input, Term::Mul(0, 1, None)];
        assert!(!Fused { terms }.is_sound());
    }
}
