//! A model and its arena.

use crate::arena::{view, view_mut};
use crate::blob::{DType, Initial, Port, Step};
use crate::element::{self, Element};
use crate::error::RunError;
use crate::model::{Items, Model};
use crate::op_set::{All, Operators};
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
pub struct Session<'s, 'a, O = All> {
    model: &'s Model<'a, O>,
    arena: &'s mut [i8],
}

impl<'s, 'a, O: Operators> Session<'s, 'a, O> {
    /// `arena` is as long as the model needs.
    pub(crate) fn new(model: &'s Model<'a, O>, arena: &'s mut [i8]) -> Self {
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

    /// The arena: for a program that knows where inputs and outputs lie, as the generated header does
    /// (`INPUT_RANGES`), and need not ask the model.
    #[must_use]
    pub fn arena(&self) -> &[i8] {
        self.arena
    }

    /// [`Session::arena`], to write inputs. Whatever else is overwritten makes wrong values of the next
    /// run, and forgets states.
    #[must_use]
    pub fn arena_mut(&mut self) -> &mut [i8] {
        self.arena
    }

    /// The bytes of input `index`, in the order of [`Port::shape`] (NHWC): of int8 inputs the
    /// values. See [`Session::elements_mut`] for others.
    ///
    /// # Panics
    ///
    /// If the model has no input `index`.
    #[must_use]
    pub fn input_mut(&mut self, index: usize) -> &mut [i8] {
        let port = nth(self.model.inputs(), index);
        view_mut(self.arena, port.span)
    }

    /// The values of input `index`, or `None` if they are no `T` (see [`Port::dtype`]).
    ///
    /// # Panics
    ///
    /// If the model has no input `index`.
    #[must_use]
    pub fn elements_mut<T: Element>(&mut self, index: usize) -> Option<&mut [T]> {
        let port = nth(self.model.inputs(), index);
        (port.dtype == T::DTYPE).then(|| element::elements_mut(view_mut(self.arena, port.span)))
    }

    /// The bytes of output `index`, in the order of [`Port::shape`] (NHWC): of int8 outputs the
    /// values. See [`Session::elements`] for others.
    ///
    /// # Panics
    ///
    /// If the model has no output `index`.
    #[must_use]
    pub fn output(&self, index: usize) -> &[i8] {
        let port = nth(self.model.outputs(), index);
        view(self.arena, port.span)
    }

    /// The values of output `index`, or `None` if they are no `T` (see [`Port::dtype`]).
    ///
    /// # Panics
    ///
    /// If the model has no output `index`.
    #[must_use]
    pub fn elements<T: Element>(&self, index: usize) -> Option<&[T]> {
        let port = nth(self.model.outputs(), index);
        (port.dtype == T::DTYPE).then(|| element::elements(view(self.arena, port.span)))
    }

    /// Quantizes real values, in the order of [`Port::shape`] (NHWC), into input `index`:
    /// `x / scale`, rounded half away from zero, plus the zero point, clamped to the range of the
    /// input's elements. A NaN becomes the zero point, so real 0. For a bool input, every value
    /// but 0 and NaN is true.
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
        let element_bytes = crate::index(port.dtype.bytes());
        same_len(input.len() / element_bytes, values.len())?;
        for (bytes, &x) in input.chunks_exact_mut(element_bytes).zip(values) {
            element::store(quantize(x, &port), bytes);
        }
        Ok(())
    }

    /// Makes every value of input `index` real 0, its zero point.
    ///
    /// # Panics
    ///
    /// If the model has no input `index`.
    pub fn clear_input(&mut self, index: usize) {
        let port = nth(self.model.inputs(), index);
        let input = view_mut(self.arena, port.span);
        for bytes in input.chunks_exact_mut(crate::index(port.dtype.bytes())) {
            element::store(port.zero_point, bytes);
        }
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
        let element_bytes = crate::index(port.dtype.bytes());
        same_len(output.len() / element_bytes, values.len())?;
        for (x, bytes) in values.iter_mut().zip(output.chunks_exact(element_bytes)) {
            *x = dequantize(element::load(port.dtype, bytes), &port);
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
            ops::run::<O>(&step.op, self.arena, self.model.data());
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

/// `round_half_away(x / scale) + zero_point`, clamped to the port's type; NaN gives the zero point.
#[expect(
    clippy::as_conversions,
    reason = "float to int saturates and takes NaN to 0"
)]
fn quantize(x: f32, port: &Port<'_>) -> i32 {
    if port.dtype == DType::Bool {
        return i32::from(x != 0.0 && !x.is_nan());
    }
    let quotient = x / port.scale;
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
    let (min, max) = port.dtype.range();
    rounded.saturating_add(port.zero_point).clamp(min, max)
}

/// `(q - zero_point) * scale`; the difference is rounded to the nearest float, which is exact for
/// all but int32.
#[expect(clippy::as_conversions, reason = "rounding is meant")]
fn dequantize(q: i32, port: &Port<'_>) -> f32 {
    q.saturating_sub(port.zero_point) as f32 * port.scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::{Shape, Span};

    fn port(dtype: DType, scale: f32, zero_point: i32) -> Port<'static> {
        Port {
            name: "x",
            span: Span { offset: 0, len: 0 },
            dtype,
            shape: Shape::new(),
            source_axes: heapless::Vec::new(),
            scale,
            zero_point,
        }
    }

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
            assert_eq!(quantize(x, &port(DType::I8, 1.0, 0)), q, "{x}");
        }
        let int8 = |x, scale, zero_point| quantize(x, &port(DType::I8, scale, zero_point));
        assert_eq!(int8(f32::NAN, 0.1, -7), -7);
        assert_eq!(int8(f32::MAX, f32::MIN_POSITIVE, -128), 127);
        assert_eq!(int8(0.0, f32::MIN_POSITIVE, 5), 5);
    }

    #[test]
    fn wider_elements_have_wider_ranges() {
        let int16 = port(DType::I16, 0.5, 0);
        assert_eq!(quantize(-16_384.2, &int16), -32_768);
        assert_eq!(quantize(1e9, &int16), 32_767);
        assert_eq!(quantize(5000.25, &int16), 10_001);
        let int32 = port(DType::I32, 1.0, 0);
        assert_eq!(quantize(1e30, &int32), i32::MAX);
        assert_eq!(quantize(-70_000.5, &int32), -70_001);
        assert_eq!(dequantize(i32::MIN, &int32), -2_147_483_648.0);
        let bool = port(DType::Bool, 1.0, 0);
        let bits = [0.0, -0.0, f32::NAN, 0.1, -3.0].map(|x| quantize(x, &bool));
        assert_eq!(bits, [0, 0, 0, 1, 1]);
    }

    #[test]
    fn every_value_survives_the_way_there_and_back() {
        for (dtype, zero_point) in [(DType::I8, 11), (DType::I16, 0), (DType::I16, -9000)] {
            let port = port(dtype, 0.037, zero_point);
            let (min, max) = dtype.range();
            for q in min..=max {
                assert_eq!(quantize(dequantize(q, &port), &port), q);
            }
        }
    }
}
