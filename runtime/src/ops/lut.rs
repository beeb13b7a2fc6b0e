//! A function of one int8 value, as a table.

use super::bounds::Bounds;
use super::in_place;
use crate::blob::Lut;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Lut, bounds: &Bounds<'_>) -> Result<(), Fault> {
    bounds.int8(params.table, 256)?;
    in_place::check(params.input, params.output, bounds)
}

#[inline(never)]
pub(super) fn run(params: &Lut, arena: &mut [i8], data: Data<'_>) {
    let values = in_place::copied(arena, params.input, params.output);
    kernels::lut(data.int8(params.table), values);
}
