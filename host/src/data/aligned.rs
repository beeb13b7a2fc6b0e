//! Bytes at an address that the runtime accepts.

use tiivis_runtime::{ALIGNMENT, Aligned, Block, flatten, flatten_mut};

/// A copy of some bytes that starts at a multiple of the runtime's [`ALIGNMENT`].
#[derive(Debug)]
pub struct AlignedBytes {
    blocks: Vec<Block<u8>>,
    len: usize,
}

impl AlignedBytes {
    /// Copies `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        let mut aligned = Self::zeroed(bytes.len());
        aligned.as_mut().copy_from_slice(bytes);
        aligned
    }

    /// So many zeros.
    pub fn zeroed(len: usize) -> Self {
        let blocks = vec![Aligned([0; ALIGNMENT]); len.div_ceil(ALIGNMENT)];
        Self { blocks, len }
    }
}

impl AsRef<[u8]> for AlignedBytes {
    fn as_ref(&self) -> &[u8] {
        &flatten(&self.blocks)[..self.len]
    }
}

impl AsMut<[u8]> for AlignedBytes {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut flatten_mut(&mut self.blocks)[..self.len]
    }
}
