//! One input of a concatenation.

use super::bounds::Bounds;
use super::rescale;
use crate::arena::view_mut;
use crate::blob::{Concat, DType, Source};
use crate::data::Data;
use crate::fault::Fault;
use crate::{index, kernels};

pub(super) fn check(params: &Concat, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let dtype = params.dtype;
    let lengths = [params.row_bytes, params.output_row_bytes, params.at_bytes];
    if lengths
        .iter()
        .any(|bytes| !bytes.is_multiple_of(dtype.bytes()))
    {
        return Err(Fault::Row);
    }
    let [row, output_row, _] = lengths.map(|bytes| bytes / dtype.bytes());
    bounds.tensor(params.output, &[params.outer, output_row], dtype)?;
    bounds.source_apart(params.input, &[params.outer, row], dtype, params.output)?;
    let end = params.at_bytes.checked_add(params.row_bytes);
    if end.is_none_or(|end| end > params.output_row_bytes) {
        return Err(Fault::Row);
    }
    match &params.rescale {
        None => Ok(()),
        Some(_) if dtype != DType::I8 => Err(Fault::DType),
        Some(change) => rescale::check(change, bounds),
    }
}

#[inline(never)]
pub(super) fn run(params: &Concat, arena: &mut [i8], data: Data<'_>) {
    let row_bytes = index(params.row_bytes);
    for row in 0..index(params.outer) {
        let from = row * row_bytes;
        let at = row * index(params.output_row_bytes) + index(params.at_bytes);
        match params.input {
            Source::Arena(span) => {
                let from = index(span.offset) + from;
                arena.copy_within(from..from + row_bytes, index(params.output.offset) + at);
            }
            Source::Data(span) => {
                let values = &data.int8(span)[from..][..row_bytes];
                view_mut(arena, params.output)[at..][..row_bytes].copy_from_slice(values);
            }
        }
        if let Some(rescale) = &params.rescale {
            kernels::rescale(
                rescale,
                &mut view_mut(arena, params.output)[at..][..row_bytes],
            );
        }
    }
}
