//! Padding of any axes with a constant.

use super::storage::values;
use crate::ir::Pad;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape};

/// Surrounds a tensor with a constant.
pub(super) struct PadConstant(pub(super) Pad);

impl CustomOp1 for PadConstant {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Pad {
            before,
            after,
            value,
        } = &self.0;
        let x = values(storage, layout)?;
        let dims = layout.dims();
        let padded = dims.iter().zip(before).zip(after);
        let shape: Vec<usize> = padded
            .map(|((size, before), after)| before + size + after)
            .collect();
        let mut output = vec![*value; shape.iter().product()];
        let run = dims.last().copied().unwrap_or(1);
        let mut index = vec![0; dims.len().saturating_sub(1)];
        for source in x.chunks_exact(run) {
            let outer = index.iter().zip(before).zip(&shape);
            let row = outer.fold(0, |row, ((index, before), size)| {
                row * size + before + index
            });
            let start = match (shape.last(), before.last()) {
                (Some(size), Some(before)) => row * size + before,
                (_, _) => 0,
            };
            output[start..start + run].copy_from_slice(source);
            advance(&mut index, dims);
        }
        Ok((CpuStorage::F32(output), Shape::from(shape)))
    }
}

/// The next index in row-major order.
fn advance(index: &mut [usize], dims: &[usize]) {
    for (position, size) in index.iter_mut().zip(dims).rev() {
        *position += 1;
        if *position < *size {
            return;
        }
        *position = 0;
    }
}
