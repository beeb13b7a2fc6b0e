//! Permutation of axes.

use super::bounds::{Bounds, apart};
use crate::arena::Split;
use crate::blob::Transpose;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Transpose, bounds: &Bounds<'_>) -> Result<(), Fault> {
    if !(0..4).all(|axis| params.perm.contains(&axis)) {
        return Err(Fault::Permutation);
    }
    bounds.activation(params.input, &params.shape)?;
    bounds.activation(params.output, &params.shape)?;
    apart(params.input, params.output)
}

#[inline(never)]
pub(super) fn run(params: &Transpose, arena: &mut [i8]) {
    let split = Split::around(arena, params.output);
    kernels::transpose(params, split.input(params.input), split.output);
}
