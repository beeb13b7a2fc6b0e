//! Parts of a table, as indices say.

use super::bounds::Bounds;
use crate::arena::Split;
use crate::blob::{DType, GATHER_COMPONENTS, Gather, Source};
use crate::data::Data;
use crate::fault::Fault;
use crate::index;
use crate::kernels;

pub(super) fn check(params: &Gather, bounds: &Bounds<'_>) -> Result<(), Fault> {
    let Gather {
        batches,
        outer,
        extents: [i, j, k, l],
        components,
        positions,
        run_bytes,
        ..
    } = *params;
    let is_counted = (1..=GATHER_COMPONENTS).contains(&index(components));
    let mut rest = params.extents.iter().skip(index(components));
    if !is_counted || rest.any(|&extent| extent != 1) {
        return Err(Fault::Geometry);
    }
    let table = [batches, outer, i, j, k, l, run_bytes];
    bounds.source_apart(params.table, &table, DType::I8, params.output)?;
    let indices = [batches, positions, components];
    bounds.source_apart(params.indices, &indices, DType::I32, params.output)?;
    bounds.activation(params.output, &[batches, outer, positions, run_bytes])
}

#[inline(never)]
pub(super) fn run(params: &Gather, arena: &mut [i8], data: Data<'_>) {
    let split = Split::around(arena, params.output);
    let [table, indices] = [params.table, params.indices].map(|source| match source {
        Source::Arena(span) => split.input(span),
        Source::Data(span) => data.int8(span),
    });
    kernels::gather(params, table, indices, split.output);
}
