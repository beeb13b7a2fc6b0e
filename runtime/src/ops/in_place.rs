//! Operators on one tensor, element by element or row by row.

use super::bounds::{Bounds, same_or_apart};
use crate::arena::view_mut;
use crate::blob::Span;
use crate::fault::Fault;
use crate::index;

/// Input and output are as long as each other, and the same bytes or apart.
pub(super) fn check(input: Span, output: Span, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let elements = input.len / bounds.element.bytes();
    bounds.activation(input, &[elements])?;
    bounds.activation(output, &[elements])?;
    same_or_apart(input, output)
}

/// The output, holding a copy of the input: such kernels work in place and exist once.
pub(super) fn copied(arena: &mut [i8], input: Span, output: Span) -> &mut [i8] {
    if input != output {
        let from = index(input.offset);
        arena.copy_within(from..from + index(input.len), index(output.offset));
    }
    view_mut(arena, output)
}
