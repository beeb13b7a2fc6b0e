//! Storage at the alignment that blobs and arenas need.
#![expect(
    unsafe_code,
    reason = "the one place where blocks of bytes become a slice"
)]

/// Alignment in bytes of a blob and of an arena.
///
/// 16 serves every load that a present or future kernel makes (MVE vectors are 16 bytes).
pub const ALIGNMENT: usize = 16;

/// A value at an address that is a multiple of [`ALIGNMENT`].
///
/// `include_bytes!` gives alignment 1; wrap it: `Aligned(*include_bytes!("model.tiv"))`. An arena
/// is `Aligned([0i8; ARENA_BYTES])`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Aligned<T: ?Sized>(pub T);

/// 16 bytes: the unit for storage whose size is known only at run time, as in
/// `vec![Aligned([0; 16]); model.arena_bytes().div_ceil(16)]`; see [`flatten_mut`].
pub type Block<T> = Aligned<[T; 16]>;

/// A byte type: what [`flatten`] works on.
pub trait Byte: Copy + sealed::Sealed {}
impl Byte for u8 {}
impl Byte for i8 {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for i8 {}
}

/// The bytes of `blocks` as one slice, aligned.
#[must_use]
pub fn flatten<T: Byte>(blocks: &[Block<T>]) -> &[T] {
    // SAFETY: a `Block<T>` is 16 `T` without padding (repr(C), size and alignment 16), and `T` is
    // u8 or i8 (`Byte` is sealed), of which every bit pattern is a value.
    let (_, bytes, _) = unsafe { blocks.align_to::<T>() };
    bytes
}

/// The bytes of `blocks` as one slice, aligned.
#[must_use]
pub fn flatten_mut<T: Byte>(blocks: &mut [Block<T>]) -> &mut [T] {
    // SAFETY: as in `flatten`; and any `T` that is written leaves valid blocks.
    let (_, bytes, _) = unsafe { blocks.align_to_mut::<T>() };
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn flattening_covers_every_byte_and_keeps_the_alignment() {
        let mut blocks = vec![Aligned([1u8; 16]); 3];
        flatten_mut(&mut blocks)[47] = 9;
        let bytes = flatten(&blocks);
        assert_eq!(bytes.len(), 48);
        assert_eq!(bytes[47], 9);
        assert!(bytes.as_ptr().addr().is_multiple_of(ALIGNMENT));
        assert_eq!(blocks[2].0[15], 9);
    }
}
