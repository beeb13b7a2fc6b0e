//! Operands of the binary operators: broadcasting, constants and working in place.

use super::bounds::{Bounds, Constant, apart, same_or_apart, zero_point};
use crate::arena::{Split, read, view_mut};
use crate::blob::{Operand, Source, Span};
use crate::data::Data;
use crate::fault::Fault;
use crate::index;

/// The operand can be broadcast to an output of this shape, and overlaps it only where it is the
/// very same bytes and shape.
pub(super) fn check(
    operand: &Operand,
    output: Span,
    shape: &[u32; 4],
    bounds: &Bounds<'_>,
) -> Result<(), Fault> {
    let fits = |(&axis, &of_output): (&u32, &u32)| axis == 1 || axis == of_output;
    if !operand.shape.iter().zip(shape).all(fits) {
        return Err(Fault::Broadcast);
    }
    zero_point(operand.zero_point)?;
    match operand.source {
        Source::Arena(span) => {
            bounds.activation(span, &operand.shape)?;
            if operand.shape == *shape {
                same_or_apart(span, output)
            } else {
                apart(span, output)
            }
        }
        Source::Data(span) => bounds.constant(span, &operand.shape, Constant::Int8),
    }
}

/// Combines `a` and `b` into the output, all of one length.
pub(super) type Kernel<'k> = dyn Fn(&[i8], &[i8], &mut [i8]) + 'k;

/// Values that are brought together at a time where operands are broadcast or in place.
const BLOCK: usize = 32;

/// A binary operator and where its tensors are.
pub(super) struct Binary<'p> {
    pub(super) a: &'p Operand,
    pub(super) b: &'p Operand,
    pub(super) output: Span,
    pub(super) shape: [u32; 4],
}

impl Binary<'_> {
    /// Applies `kernel` to the whole output.
    ///
    /// A dynamic call and not a type parameter: the walk exists once for all operators.
    pub(super) fn run(&self, arena: &mut [i8], data: Data<'_>, kernel: &Kernel<'_>) {
        let whole = self.a.shape == self.shape && self.b.shape == self.shape;
        let in_place = |operand: &Operand| operand.source == Source::Arena(self.output);
        if !whole {
            self.rows(
                self.shape,
                [self.a.shape, self.b.shape],
                arena,
                data,
                kernel,
            );
        } else if in_place(self.a) || in_place(self.b) {
            // One row, however the axes are.
            let shape = [1, 1, 1, self.output.len];
            self.rows(shape, [shape, shape], arena, data, kernel);
        } else {
            let split = Split::around(arena, self.output);
            let [a, b] = [self.a, self.b].map(|operand| match operand.source {
                Source::Arena(span) => split.input(span),
                Source::Data(span) => data.int8(span),
            });
            kernel(a, b, split.output);
        }
    }

    /// Block by block through copies on the stack, which are what makes broadcasting, working in
    /// place and constants one case.
    fn rows(
        &self,
        shape: [u32; 4],
        operands: [[u32; 4]; 2],
        arena: &mut [i8],
        data: Data<'_>,
        kernel: &Kernel<'_>,
    ) {
        let extents = shape.map(index);
        let [a_steps, b_steps] = operands.map(steps);
        let mut output_at = 0;
        for i in 0..extents[0] {
            for j in 0..extents[1] {
                for k in 0..extents[2] {
                    let row = |steps: [usize; 4]| i * steps[0] + j * steps[1] + k * steps[2];
                    let mut x = 0;
                    while x < extents[3] {
                        let len = BLOCK.min(extents[3] - x);
                        let (mut a, mut b) = ([0; BLOCK], [0; BLOCK]);
                        let fetch = |operand: &Operand, steps: [usize; 4], block: &mut [i8]| {
                            let at = row(steps) + x * steps[3];
                            if steps[3] == 1 {
                                read(arena, data, operand.source, at, block);
                            } else {
                                read(arena, data, operand.source, at, &mut block[..1]);
                                block.fill(block[0]);
                            }
                        };
                        fetch(self.a, a_steps, &mut a[..len]);
                        fetch(self.b, b_steps, &mut b[..len]);
                        let output = &mut view_mut(arena, self.output)[output_at..][..len];
                        kernel(&a[..len], &b[..len], output);
                        output_at += len;
                        x += len;
                    }
                }
            }
        }
    }
}

/// Elements between neighbours along each axis, 0 along an axis of one (which is repeated).
fn steps(shape: [u32; 4]) -> [usize; 4] {
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
