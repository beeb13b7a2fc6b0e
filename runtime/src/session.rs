//! A model and its arena.

use crate::arena::{view, view_mut};
use crate::blob::{Initial, Port, Step};
use crate::error::RunError;
use crate::model::{Items, Model};
use crate::ops;

/// What is called around every step of [`Session::run_with`]: for profiling and for looking at
/// what a layer computed.
pub trait Hook {
    /// Before step `index`.
    fn before_step(&mut self, index: u32, step: &Step) {
        let _ = (index, step);
    }

    /// After step `index`; its output is in `arena`, at the span that the step names.
    fn after_step(&mut self, index: u32, step: &Step, arena: &[i8]) {
        let _ = (index, step, arena);
    }
}

/// Nothing: [`Session::run`] has no trace of a hook.
impl Hook for () {}

/// A model that is ready to run: write the inputs, [`run`](Session::run), read the outputs.
///
/// Inputs share the arena with everything else and are overwritten by a run. An output stays until
/// the next input is written or the next run.
///
/// A model with state remembers: what a run leaves there the next one finds. Keep the session as
/// long as the sequence lasts, and [`reset`](Session::reset) it before another.
#[derive(Debug)]
pub struct Session<'s, 'a> {
    model: &'s Model<'a>,
    arena: &'s mut [i8],
}

impl<'s, 'a> Session<'s, 'a> {
    /// `arena` is as long as the model needs.
    pub(crate) fn new(model: &'s Model<'a>, arena: &'s mut [i8]) -> Self {
        let mut session = Self { model, arena };
        session.reset();
        session
    }

    /// Forgets all earlier runs: every state gets its initial value again. A model without state
    /// has nothing to forget. Inputs keep their values.
    pub fn reset(&mut self) {
        for state in self.model.states() {
            let values = view_mut(self.arena, state.span);
            match state.initial {
                Initial::Fill(value) => values.fill(value),
                Initial::Data(span) => values.copy_from_slice(self.model.data().int8(span)),
            }
        }
    }

    /// The values of input `index`, int8, in the order of [`Port::shape`] (NHWC).
    ///
    /// # Panics
    ///
    /// If the model has no input `index`.
    #[must_use]
    pub fn input_mut(&mut self, index: usize) -> &mut [i8] {
        let port = nth(self.model.inputs(), index);
        view_mut(self.arena, port.span)
    }

    /// The values of output `index`, int8, in the order of [`Port::shape`] (NHWC).
    ///
    /// # Panics
    ///
    /// If the model has no output `index`.
    #[must_use]
    pub fn output(&self, index: usize) -> &[i8] {
        let port = nth(self.model.outputs(), index);
        view(self.arena, port.span)
    }

    /// Quantizes real values, in the order of [`Port::shape`] (NHWC), into input `index`:
    /// `x / scale`, rounded half away from zero, plus the zero point, clamped to int8. A NaN
    /// becomes the zero point, so real 0.
    ///
    /// # Errors
    ///
    /// [`RunError::Length`].
    ///
    /// # Panics
    ///
    /// If the model has no input `index`.
    pub fn quantize_input(&mut self, index: usize, values: &[f32]) -> Result<(), RunError> {
        let port = nth(self.model.inputs(), index);
        let input = view_mut(self.arena, port.span);
        same_len(input.len(), values.len())?;
        for (q, &x) in input.iter_mut().zip(values) {
            *q = quantize(x, port.scale, port.zero_point);
        }
        Ok(())
    }

    /// The real values of output `index`, `(q - zero point) * scale`, in the order of
    /// [`Port::shape`] (NHWC).
    ///
    /// # Errors
    ///
    /// [`RunError::Length`].
    ///
    /// # Panics
    ///
    /// If the model has no output `index`.
    pub fn dequantize_output(&self, index: usize, values: &mut [f32]) -> Result<(), RunError> {
        let port = nth(self.model.outputs(), index);
        let output = view(self.arena, port.span);
        same_len(output.len(), values.len())?;
        for (x, &q) in values.iter_mut().zip(output) {
            *x = dequantize(q, port.scale, port.zero_point);
        }
        Ok(())
    }

    /// Runs the model once. It cannot fail: [`Model::parse`] has proven every step.
    pub fn run(&mut self) {
        self.run_with(&mut ());
    }

    /// Runs the model once with a hook around every step.
    pub fn run_with(&mut self, hook: &mut impl Hook) {
        // Decoded one at a time: a table would take more RAM than many an arena.
        for (index, step) in (0..).zip(self.model.steps()) {
            hook.before_step(index, &step);
            ops::run(&step.op, self.arena, self.model.data());
            hook.after_step(index, &step, self.arena);
        }
    }
}

fn nth<'a>(mut ports: Items<'a, Port<'a>>, index: usize) -> Port<'a> {
    ports
        .nth(index)
        .expect("the caller asks for an input or output that the model has")
}

fn same_len(expected: usize, found: usize) -> Result<(), RunError> {
    if expected == found {
        Ok(())
    } else {
        Err(RunError::Length { expected, found })
    }
}

/// `round_half_away(x / scale) + zero_point`, clamped to int8; NaN gives the zero point.
#[expect(
    clippy::as_conversions,
    reason = "float to int saturates and takes NaN to 0, and the result is clamped to int8"
)]
fn quantize(x: f32, scale: f32, zero_point: i32) -> i8 {
    let quotient = x / scale;
    // Towards zero. Adding a half before would round 0.49999997 up.
    let whole = quotient as i32;
    let fraction = quotient - whole as f32;
    let rounded = if fraction >= 0.5 {
        whole.saturating_add(1)
    } else if fraction <= -0.5 {
        whole.saturating_sub(1)
    } else {
        whole
    };
    rounded.saturating_add(zero_point).clamp(-128, 127) as i8
}

/// `(q - zero_point) * scale`.
#[expect(clippy::as_conversions, reason = "at most nine bits, exact in f32")]
fn dequantize(q: i8, scale: f32, zero_point: i32) -> f32 {
    (i32::from(q) - zero_point) as f32 * scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_away_from_zero_and_extremes_saturate() {
        for (x, q) in [
            (0.5, 1),
            (-0.5, -1),
            (0.499_999_97, 0),
            (-0.499_999_97, 0),
            (1.5, 2),
            (2.5, 3),
            (-2.5, -3),
            (126.6, 127),
            (1e30, 127),
            (f32::INFINITY, 127),
            (f32::NEG_INFINITY, -128),
            (f32::NAN, 0),
            (-0.0, 0),
        ] {
            assert_eq!(quantize(x, 1.0, 0), q, "{x}");
        }
        assert_eq!(quantize(f32::NAN, 0.1, -7), -7);
        assert_eq!(quantize(f32::MAX, f32::MIN_POSITIVE, -128), 127);
        assert_eq!(quantize(0.0, f32::MIN_POSITIVE, 5), 5);
    }

    #[test]
    fn every_value_survives_the_way_there_and_back() {
        for q in i8::MIN..=i8::MAX {
            assert_eq!(quantize(dequantize(q, 0.037, 11), 0.037, 11), q);
        }
    }
}
