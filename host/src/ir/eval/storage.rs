//! The elements of candle's tensors.

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor};

/// Calls `read` with the elements of a tensor, row-major, without a copy.
pub(super) fn with_values<T>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => Ok(read(values(storage, layout)?)),
        Storage::Cuda(_) | Storage::Metal(_) => candle_core::bail!("tensor is not on the CPU"),
    }
}

/// The elements of a tensor as a custom operator sees it; it must be contiguous.
pub(super) fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => candle_core::bail!("tensor of shape {:?} is not contiguous", layout.dims()),
    }
}
