//! Difference.

use super::add;
use super::bounds::Bounds;
use crate::blob::AddSub;
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &AddSub, bounds: &Bounds<'_>) -> Result<(), Fault> {
    add::check(params, bounds)
}

#[inline(never)]
pub(super) fn run(params: &AddSub, arena: &mut [i8], data: Data<'_>) {
    add::binary(params).run(arena, data, &|a, b, output| {
        kernels::sub(params, a, b, output);
    });
}
