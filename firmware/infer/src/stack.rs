//! How deep the program digs into its stack, from its top: painted before, looked at after.

#![expect(
    unsafe_code,
    reason = "writes and reads memory below the stack pointer"
)]

use core::arch::asm;

unsafe extern "C" {
    static _stack_end: u32;
    static _stack_start: u32;
}

const PAINT: u32 = 0xa5a5_5a5a;

/// Paints everything below the stack pointer.
#[inline(never)]
pub(crate) fn paint() {
    let sp: usize;
    // SAFETY: copies a register.
    unsafe { asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    let mut at = (&raw const _stack_end).cast_mut();
    while at.addr() < sp {
        // SAFETY: between the end of the stack and the stack pointer lies nothing that is alive.
        unsafe { at.write_volatile(PAINT) };
        at = at.wrapping_add(1);
    }
}

/// Bytes from the top of the stack to the deepest word that is not paint.
pub(crate) fn peak_bytes() -> usize {
    let top = &raw const _stack_start;
    let mut at = &raw const _stack_end;
    // SAFETY: inside the stack, which was painted or is in use; volatile, because others wrote there.
    while at < top && unsafe { at.read_volatile() } == PAINT {
        at = at.wrapping_add(1);
    }
    top.addr() - at.addr()
}
