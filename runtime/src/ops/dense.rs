//! Fully connected layer.

use super::bounds::{Bounds, Constant, apart};
use super::channels;
use crate::arena::Split;
use crate::blob::Dense;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Dense, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let Dense {
        rows,
        in_features,
        out_features,
        ..
    } = *params;
    bounds.activation(params.input, &[rows, in_features])?;
    bounds.activation(params.output, &[rows, out_features])?;
    bounds.constant(
        params.weights,
        &[out_features, in_features],
        Constant::Weights,
    )?;
    apart(params.input, params.output)?;
    channels::check(&params.accumulate, out_features, bounds)
}

#[inline(never)]
pub(super) fn run(params: &Dense, arena: &mut [i8], data: Data<'_>) {
    let split = Split::around(arena, params.output);
    kernels::dense(
        params,
        split.input(params.input),
        data.int8(params.weights),
        &channels::channels(&params.accumulate, data),
        split.output,
    );
}
