//! Sums of what comes before along an axis.

use super::bounds::{Bounds, apart};
use super::rescale;
use crate::arena::Split;
use crate::blob::CumSum;
use crate::fault::Fault;
use crate::kernels;

/// Largest magnitude of what a sum starts with: that of a value less its zero point.
const MOST_FIRST: i32 = 255;

pub(super) fn check(params: &CumSum, bounds: &Bounds<'_>) -> Result<(), Fault> {
    bounds.activation(params.input, &params.shape)?;
    bounds.activation(params.output, &params.shape)?;
    if !(-MOST_FIRST..=MOST_FIRST).contains(&params.first) {
        return Err(Fault::Bounds);
    }
    rescale::check(&params.rescale, bounds)?;
    apart(params.input, params.output)
}

#[inline(never)]
pub(super) fn run(params: &CumSum, arena: &mut [i8]) {
    let split = Split::around(arena, params.output);
    kernels::cum_sum(params, split.input(params.input), split.output);
}
