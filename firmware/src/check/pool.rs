//! Memory for a case.

#![expect(unsafe_code, reason = "bytes become integers here")]

use core::mem;

/// Memory that is handed out piece by piece, all of it anew for each case.
pub(super) struct Pool<'a>(&'a mut [i8]);

/// Integers without padding, of which every bit pattern is a value.
pub(super) trait Integer: sealed::Sealed {}
impl Integer for i8 {}
impl Integer for i16 {}
impl Integer for i32 {}

mod sealed {
    pub(crate) trait Sealed {}
    impl Sealed for i8 {}
    impl Sealed for i16 {}
    impl Sealed for i32 {}
}

impl<'a> Pool<'a> {
    pub(super) fn new(bytes: &'a mut [i8]) -> Self {
        Self(bytes)
    }

    /// `len` integers, of any value, 16-byte aligned as the pool.
    ///
    /// # Panics
    ///
    /// If the board's RAM is too small for the case.
    pub(super) fn take<T: Integer>(&mut self, len: usize) -> &'a mut [T] {
        let bytes = (len * size_of::<T>()).next_multiple_of(16);
        let (taken, rest) = mem::take(&mut self.0).split_at_mut(bytes);
        self.0 = rest;
        // SAFETY: `Integer` is sealed to integers of any bit pattern; `align_to_mut` keeps to aligned
        // ones, which are all, as the pool starts at a multiple of 16 and goes on in such steps.
        let (_, values, _) = unsafe { taken.align_to_mut() };
        &mut values[..len]
    }
}
