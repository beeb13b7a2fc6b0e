//! The caller's memory, cut into the arrays that a front-end keeps.
#![expect(
    unsafe_code,
    reason = "the one place where the caller's bytes become int16 and int32"
)]

use crate::ALIGNMENT;

/// Element types that arrays in the memory may have.
pub(crate) trait Word: Copy + sealed::Sealed {}
impl Word for i8 {}
impl Word for i16 {}
impl Word for i32 {}
impl Word for u32 {}

mod sealed {
    pub(crate) trait Sealed {}
    impl Sealed for i8 {}
    impl Sealed for i16 {}
    impl Sealed for i32 {}
    impl Sealed for u32 {}
}

/// Bytes that have not been given away, from a multiple of 16 on.
pub(crate) struct Memory<'m>(pub(crate) &'m mut [u8]);

impl<'m> Memory<'m> {
    /// The next `count` elements; the array after it starts at a multiple of 16 again. Shorter than
    /// asked for if the memory ends, which `Layout::bytes` rules out.
    pub(crate) fn take<T: Word>(&mut self, count: usize) -> &'m mut [T] {
        let bytes = count * size_of::<T>();
        let all = core::mem::take(&mut self.0);
        let padded = bytes.next_multiple_of(ALIGNMENT).min(all.len());
        let (array, rest) = all.split_at_mut(padded);
        self.0 = rest;
        // SAFETY: every bit pattern is a `T` (`Word` is sealed: integers of at most 4 bytes), and
        // `align_to_mut` keeps to aligned ones.
        let (_, values, _) = unsafe { array.align_to_mut::<T>() };
        let count = count.min(values.len());
        &mut values[..count]
    }
}

/// Sum of arrays' bytes as [`Memory::take`] gives them; `None` from 4 GiB on.
pub(crate) fn padded_bytes(arrays: &[(u32, u32)]) -> Option<u32> {
    arrays.iter().try_fold(0_u32, |sum, &(count, width)| {
        let bytes = count.checked_mul(width)?;
        sum.checked_add(bytes.checked_next_multiple_of(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Aligned, flatten_mut};

    #[test]
    fn arrays_are_apart_aligned_and_add_up() {
        let mut blocks = std::vec![Aligned([0_u8; 16]); 6];
        let mut memory = Memory(flatten_mut(&mut blocks));
        let a = memory.take::<i16>(9);
        let b = memory.take::<u32>(5);
        let c = memory.take::<i8>(16);
        a.fill(-1);
        b.fill(7);
        c.fill(1);
        assert_eq!((a.len(), b.len(), c.len()), (9, 5, 16));
        assert!(a.iter().all(|&x| x == -1) && b.iter().all(|&x| x == 7));
        assert_eq!(memory.0.len(), 96 - 80);
        assert_eq!(padded_bytes(&[(9, 2), (5, 4), (16, 1)]), Some(80));
        assert_eq!(padded_bytes(&[(1 << 30, 4)]), None);
        assert_eq!(memory.take::<i32>(99).len(), 4);
    }
}
