//! Parts of a table, as indices say.
#![expect(
    clippy::as_conversions,
    reason = "indices that are clamped to extents in the address space"
)]

use crate::blob::{DType, Gather};
use crate::element::load;
use crate::index;

/// Copies the run of each index to the output; see [`Gather`].
///
/// TFLite's `GATHER`, `GATHER_ND` and `EMBEDDING_LOOKUP`, which refuse indices that are outside.
pub fn gather(params: &Gather, table: &[i8], indices: &[i8], output: &mut [i8]) {
    let run = index(params.run_bytes);
    let [outer, positions, components] =
        [params.outer, params.positions, params.components].map(index);
    let extents = params.extents.map(index);
    let part = extents.iter().product::<usize>() * run;
    let rows = output.chunks_exact_mut(positions * run);
    for ((row, out), table) in (0..).zip(rows).zip(table.chunks_exact(part)) {
        // The batch of the row has its own indices.
        let first: usize = row / outer * positions * components;
        for (position, out) in (0..).zip(out.chunks_exact_mut(run)) {
            let own = first + position * components;
            let at = (own..own + components)
                .zip(extents)
                .fold(0, |at, (component, extent)| {
                    let component =
                        load(DType::I32, &indices[4 * component..][..4]).max(0) as usize;
                    at * extent + component.min(extent - 1)
                });
            out.copy_from_slice(&table[at * run..][..run]);
        }
    }
}
