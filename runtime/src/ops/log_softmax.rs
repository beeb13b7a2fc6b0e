//! The logarithm of softmax.

use super::bounds::{Bounds, elements, scale};
use super::{in_place, softmax};
use crate::blob::LogSoftmax;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &LogSoftmax, bounds: &Bounds<'_>) -> Result<(), Fault> {
    in_place::check(params.input, params.output, bounds)?;
    if params.input.len != elements(&[params.rows, params.depth])? {
        return Err(Fault::Length);
    }
    scale(params.scale)?;
    scale(params.inverse)?;
    softmax::check_table(params.table, bounds)
}

#[inline(never)]
pub(super) fn run(params: &LogSoftmax, arena: &mut [i8], data: Data<'_>) {
    let values = in_place::copied(arena, params.input, params.output);
    let table = data.int32(params.table);
    kernels::log_softmax(params, table, crate::index(params.depth), values);
}
