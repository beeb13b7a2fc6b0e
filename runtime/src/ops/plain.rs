//! Operands of broadcasting operators on elements of any type, element by element.

use super::bounds::{Bounds, Constant, apart, same_or_apart};
use crate::arena::{view, view_mut};
use crate::blob::{DType, Plain, Source, Span};
use crate::data::Data;
use crate::element::{load, store};
use crate::fault::Fault;
use crate::index;

/// A result: its type, where it is and its shape.
#[derive(Clone, Copy)]
pub(super) struct Output<'p> {
    pub(super) span: Span,
    pub(super) shape: &'p [u32; 4],
    pub(super) dtype: DType,
}

/// The operand can be broadcast to the output, and overlaps it only where it is the very same
/// elements.
pub(super) fn check(
    operand: &Plain,
    dtype: DType,
    output: Output<'_>,
    bounds: &Bounds<'_>,
) -> Result<(), Fault> {
    let fits = |(&axis, &of_output): (&u32, &u32)| axis == 1 || axis == of_output;
    if !operand.shape.iter().zip(output.shape).all(fits) {
        return Err(Fault::Broadcast);
    }
    match operand.source {
        Source::Arena(span) => {
            bounds.tensor(span, &operand.shape, dtype)?;
            if operand.shape == *output.shape && dtype.bytes() == output.dtype.bytes() {
                same_or_apart(span, output.span)
            } else {
                apart(span, output.span)
            }
        }
        Source::Data(span) => bounds.constant(span, &operand.shape, Constant::Element(dtype)),
    }
}

/// Writes what `compute` makes of the operands' elements, one after the other: an operand that the
/// output lies on has been read where it is overwritten.
#[inline(never)]
pub(super) fn run<const N: usize>(
    operands: [(&Plain, DType); N],
    output: Output<'_>,
    arena: &mut [i8],
    data: Data<'_>,
    compute: &dyn Fn([i32; N]) -> i32,
) {
    let extents = output.shape.map(index);
    let steps = operands.map(|(operand, _)| steps(operand.shape));
    let width = index(output.dtype.bytes());
    let mut at = [0; 4];
    for element in 0..extents.iter().product() {
        let mut values = [0; N];
        for ((value, (operand, dtype)), steps) in values.iter_mut().zip(operands).zip(&steps) {
            let place: usize = at.iter().zip(steps).map(|(at, step)| at * step).sum();
            let bytes = match operand.source {
                Source::Arena(span) => view(arena, span),
                Source::Data(span) => data.int8(span),
            };
            let width = index(dtype.bytes());
            *value = load(dtype, &bytes[width * place..][..width]);
        }
        let result = compute(values);
        let result_bytes = &mut view_mut(arena, output.span)[width * element..][..width];
        store(result, result_bytes);
        for (at, extent) in at.iter_mut().zip(extents).rev() {
            *at += 1;
            if *at < extent {
                break;
            }
            *at = 0;
        }
    }
}

/// Elements between neighbours along each axis, 0 along an axis of one (which is repeated).
pub(super) fn steps(shape: [u32; 4]) -> [usize; 4] {
    let mut next = 1;
    let mut steps = [0; 4];
    for (step, axis) in steps.iter_mut().zip(shape).rev() {
        if axis != 1 {
            *step = next;
        }
        next *= index(axis);
    }
    steps
}
