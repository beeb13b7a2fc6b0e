//! The marker that separates the phases of a count.

#![expect(
    unsafe_code,
    reason = "an exported symbol and a no-operation in assembly"
)]

/// Does nothing, under a name that emulators look for: what they count between one call and the
/// next is a phase.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn __mark() {
    // SAFETY: `nop` has no effect; it is there so that the calls are not optimized away.
    unsafe { core::arch::asm!("nop") }
}
