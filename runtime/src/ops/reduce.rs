//! Reductions over axes.

use super::bounds::{Bounds, apart};
use super::rescale;
use crate::arena::Split;
use crate::blob::{Reduce, Reduction};
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Reduce, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let [outer, _, middle, _, inner] = params.shape;
    bounds.activation(params.input, &params.shape)?;
    bounds.activation(params.output, &[outer, middle, inner])?;
    bounds.ordered(params.min, params.max)?;
    if let Reduction::Sum(change) = &params.reduction {
        rescale::check(change, bounds)?;
    }
    apart(params.input, params.output)
}

#[inline(never)]
pub(super) fn run(params: &Reduce, arena: &mut [i8]) {
    let split = Split::around(arena, params.output);
    kernels::reduce(params, split.input(params.input), split.output);
}
