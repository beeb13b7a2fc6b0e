//! Operands of the binary operators: broadcasting, constants and working in place.

use super::bounds::Bounds;
use super::plain::{self, Output, steps};
use crate::arena::{Split, read, view_mut};
use crate::blob::{DType, Operand, Plain, Source, Span};
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
    bounds.zero_point(operand.zero_point)?;
    let dtype = bounds.element;
    let plain = Plain {
        source: operand.source,
        shape: operand.shape,
    };
    let output = Output {
        span: output,
        shape,
        dtype,
    };
    plain::check(&plain, dtype, output, bounds)
}

/// Combines `a` and `b` into the output, all of one number of elements.
pub(super) type Kernel<'k> = dyn Fn(&[i8], &[i8], &mut [i8]) + 'k;

/// Bytes of an operand that are brought together at a time where operands are broadcast or in
/// place, aligned for elements of up to four bytes.
#[repr(C, align(4))]
struct Block([i8; BLOCK_BYTES]);

const BLOCK_BYTES: usize = 32;

/// A binary operator and where its tensors are.
pub(super) struct Binary<'p> {
    pub(super) a: &'p Operand,
    pub(super) b: &'p Operand,
    pub(super) output: Span,
    pub(super) shape: [u32; 4],
}

impl Binary<'_> {
    /// The output is an activation and [`check`] holds of both operands.
    pub(super) fn check(&self, bounds: &Bounds<'_>) -> Result<(), Fault> {
        bounds.activation(self.output, &self.shape)?;
        check(self.a, self.output, &self.shape, bounds)?;
        check(self.b, self.output, &self.shape, bounds)
    }

    /// Applies `kernel` to the whole output, of tensors of int8.
    pub(super) fn run(&self, arena: &mut [i8], data: Data<'_>, kernel: &Kernel<'_>) {
        self.run_as(DType::I8, arena, data, kernel);
    }

    /// Applies `kernel` to the whole output, of tensors of `dtype`. What it gets is aligned to it.
    ///
    /// A dynamic call and not a type parameter: the walk exists once for all operators.
    pub(super) fn run_as(
        &self,
        dtype: DType,
        arena: &mut [i8],
        data: Data<'_>,
        kernel: &Kernel<'_>,
    ) {
        let whole = self.a.shape == self.shape && self.b.shape == self.shape;
        let in_place = |operand: &Operand| operand.source == Source::Arena(self.output);
        if !whole {
            let operands = [self.a.shape, self.b.shape];
            self.rows((self.shape, operands), dtype, arena, data, kernel);
        } else if in_place(self.a) || in_place(self.b) {
            // One row, however the axes are.
            let shape = [1, 1, 1, self.output.len / dtype.bytes()];
            self.rows((shape, [shape, shape]), dtype, arena, data, kernel);
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
    /// place and constants one case. The shapes are the output's and the operands'.
    fn rows(
        &self,
        (shape, operands): ([u32; 4], [[u32; 4]; 2]),
        dtype: DType,
        arena: &mut [i8],
        data: Data<'_>,
        kernel: &Kernel<'_>,
    ) {
        let extents = shape.map(index);
        let width = index(dtype.bytes());
        let [a_steps, b_steps] = operands.map(steps);
        let mut output_at = 0;
        for i in 0..extents[0] {
            for j in 0..extents[1] {
                for k in 0..extents[2] {
                    let row = |steps: [usize; 4]| i * steps[0] + j * steps[1] + k * steps[2];
                    let mut x = 0;
                    while x < extents[3] {
                        let len = (BLOCK_BYTES / width).min(extents[3] - x);
                        let mut blocks = [const { Block([0; BLOCK_BYTES]) }; 2];
                        let [a, b] = &mut blocks;
                        let [a, b] = [a, b].map(|block| &mut block.0[..len * width]);
                        let fetch = |operand: &Operand, steps: [usize; 4], block: &mut [i8]| {
                            let at = (row(steps) + x * steps[3]) * width;
                            if steps[3] == 1 {
                                read(arena, data, operand.source, at, block);
                            } else {
                                read(arena, data, operand.source, at, &mut block[..width]);
                                repeat(block, width);
                            }
                        };
                        fetch(self.a, a_steps, a);
                        fetch(self.b, b_steps, b);
                        let output = view_mut(arena, self.output);
                        kernel(a, b, &mut output[output_at..][..len * width]);
                        output_at += len * width;
                        x += len;
                    }
                }
            }
        }
    }
}

/// Fills a block with its first element.
fn repeat(block: &mut [i8], width: usize) {
    if width == 1 {
        block.fill(block[0]);
    } else {
        for at in width..block.len() {
            block[at] = block[at - width];
        }
    }
}
