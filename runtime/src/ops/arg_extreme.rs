//! Where the largest or smallest value is.

use super::bounds::{Bounds, apart};
use crate::arena::Split;
use crate::blob::ArgExtreme;
use crate::fault::Fault;
use crate::kernels;

/// Bytes of an index, int32.
const INDEX_BYTES: u32 = 4;

pub(super) fn check(params: &ArgExtreme, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let [outer, _, inner] = params.shape;
    bounds.activation(params.input, &params.shape)?;
    bounds.activation(params.output, &[outer, inner, INDEX_BYTES])?;
    apart(params.input, params.output)
}

#[inline(never)]
pub(super) fn run(params: &ArgExtreme, arena: &mut [i8]) {
    let split = Split::around(arena, params.output);
    kernels::arg_extreme(params, split.input(params.input), split.output);
}
