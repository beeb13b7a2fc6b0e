//! Softmax.

use super::bounds::{Bounds, elements};
use super::in_place;
use crate::blob::{Softmax, Span};
use crate::data::Data;
use crate::fault::Fault;
use crate::kernels;

pub(super) fn check(params: &Softmax, bounds: &Bounds<'_>) -> Result<(), Fault> {
    in_place::check(params.input, params.output, bounds)?;
    if params.input.len != elements(&[params.rows, params.depth])? {
        return Err(Fault::Length);
    }
    check_table(params.table, bounds)
}

/// The table of exponentials is sound.
pub(super) fn check_table(table: Span, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let table = bounds.int32(table, table.len / 4)?;
    // The first entry is exp(0), which keeps every sum from 0.
    let in_range = table.len() <= 256
        && table.first() == Some(&i32::MAX)
        && table.iter().all(|&entry| entry >= 0);
    if in_range { Ok(()) } else { Err(Fault::Table) }
}

#[inline(never)]
pub(super) fn run(params: &Softmax, arena: &mut [i8], data: Data<'_>) {
    let values = in_place::copied(arena, params.input, params.output);
    kernels::softmax(data.int32(params.table), crate::index(params.depth), values);
}
