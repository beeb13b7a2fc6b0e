//! The regions that the linker script names: the model in flash, the arena and the stack in RAM.

#![expect(unsafe_code, reason = "the linker's symbols become slices here")]

use core::slice;

unsafe extern "C" {
    static __tiivis_model: u8;
    static __tiivis_model_end: u8;
    static mut __arena_start: u8;
    static __arena_end: u8;
    static _stack_end: u32;
}

/// The model region of flash, to its end.
pub(crate) fn model_region() -> &'static [u8] {
    let start = &raw const __tiivis_model;
    let len = (&raw const __tiivis_model_end).addr() - start.addr();
    // SAFETY: `memory.x` places both symbols in flash, the second not before the first; the linker
    // puts nothing there, and nothing writes to flash while this firmware runs.
    unsafe { slice::from_raw_parts(start, len) }
}

/// All of RAM that neither statics nor the stack take, 16-byte aligned.
///
/// To be called once: the bytes are lent for ever.
pub(crate) fn arena() -> &'static mut [i8] {
    let start = &raw mut __arena_start;
    let len = (&raw const __arena_end).addr() - start.addr();
    // SAFETY: `memory.x` places both symbols in RAM, behind the last static and above the stack;
    // every bit pattern is an `i8`; `bench`, `listen` and `check_kernels`,
    // which never return, are the only callers, and one program calls one of them once.
    unsafe { slice::from_raw_parts_mut(start.cast(), len) }
}

/// The same memory in two parts, each 16-byte aligned: at least `bytes` for a front-end, and the
/// rest as the arena; `None` if there are fewer.
///
/// To be called once, and not beside [`arena`].
pub(crate) fn split_arena(bytes: usize) -> Option<(&'static mut [u8], &'static mut [i8])> {
    let bytes = bytes.checked_next_multiple_of(16)?;
    let (front, rest) = arena().split_at_mut_checked(bytes)?;
    let start: *mut u8 = front.as_mut_ptr().cast();
    // SAFETY: the same bytes as `front`, which ends here; every bit pattern is a `u8`.
    let front = unsafe { slice::from_raw_parts_mut(start, bytes) };
    Some((front, rest))
}

/// Bytes of flash as little-endian int16, which this target's integers are.
pub(crate) fn samples(bytes: &'static [u8]) -> &'static [i16] {
    // SAFETY: every bit pattern is an `i16`; `align_to` leaves out what is misaligned, which the
    // batch's place, a multiple of 16, makes nothing.
    let (_, samples, _) = unsafe { bytes.align_to() };
    samples
}

/// The lowest address of the stack.
pub(crate) fn stack_bottom() -> *mut u32 {
    (&raw const _stack_end).cast_mut()
}
