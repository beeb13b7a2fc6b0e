//! Runs of bytes from where an outer product of offsets says.
#![expect(
    clippy::as_conversions,
    reason = "offsets are added modulo the address space"
)]

use crate::blob::{Offsets, TAKE_AXES, Take, TakeAxis};
use crate::index;

/// Copies runs of `run_bytes` from `input` to `output`: the run of the indices `[i0, …, i5]`, in
/// row-major order, starts at `first_byte` plus the offset of each index along its axis. `tables`
/// has the offsets of the axes that have a table.
pub fn take(params: &Take, tables: [&[i32]; TAKE_AXES], input: &[i8], output: &mut [i8]) {
    const INNER: usize = TAKE_AXES - 1;
    let run = index(params.run_bytes);
    let mut at = [0; INNER];
    for row in output.chunks_exact_mut(run * index(params.axes[INNER].count)) {
        let outer = at.iter().zip(&params.axes).zip(tables);
        let start = outer.fold(index(params.first_byte), |start, ((&at, axis), table)| {
            start.wrapping_add(offset(axis, table, at))
        });
        let inner = &params.axes[INNER];
        for (at, out) in (0..).zip(row.chunks_exact_mut(run)) {
            let from = start.wrapping_add(offset(inner, tables[INNER], at));
            // Copying one byte through `memcpy` costs ten times the byte.
            if let [out] = out {
                *out = input[from];
            } else {
                out.copy_from_slice(&input[from..][..run]);
            }
        }
        advance(&mut at, &params.axes);
    }
}

/// Of this index, modulo the address space: it may be negative, the sums that it is a part of are
/// proven not to be.
fn offset(axis: &TakeAxis, table: &[i32], at: u32) -> usize {
    match axis.offsets {
        Offsets::Stride(stride) => (stride as isize as usize).wrapping_mul(index(at)),
        Offsets::Table(_) => table[index(at)] as isize as usize,
    }
}

/// The next index in row-major order.
fn advance(at: &mut [u32], axes: &[TakeAxis]) {
    for (at, axis) in at.iter_mut().zip(axes).rev() {
        *at += 1;
        if *at < axis.count {
            return;
        }
        *at = 0;
    }
}
