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
    // every bit pattern is an `i8`; `bench`, which never returns, is the only caller, once.
    unsafe { slice::from_raw_parts_mut(start.cast(), len) }
}

/// The lowest address of the stack.
pub(crate) fn stack_bottom() -> *mut u32 {
    (&raw const _stack_end).cast_mut()
}
