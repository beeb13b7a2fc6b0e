//! The run, and how deep it digs into the stack: the stack is painted before and looked at after,
//! which works on hardware as it does in an emulator and leaves the run itself alone.

#![expect(
    unsafe_code,
    reason = "writes and reads memory below the stack pointer"
)]

use crate::mark::__mark;
use crate::memory::stack_bottom;
use core::arch::asm;
use tiivis_runtime::Session;

const PAINT: u32 = 0xa5a5_5a5a;

/// Runs once between two marks; returns the bytes of stack below the stack pointer at the call of
/// `run`.
///
/// The deepest word that the run writes counts. A word that it reserves and leaves alone, or that
/// it happens to write with the paint's pattern, does not.
#[inline(never)]
pub(crate) fn peak_bytes(
    session: &mut Session<'_, '_>,
    run: &impl Fn(&mut Session<'_, '_>),
) -> u32 {
    let bottom = stack_bottom();
    let top = stack_pointer();
    let mut at = bottom;
    while at.addr() < top {
        // SAFETY: between the end of the stack's region and the stack pointer, which this function
        // does not move, lies nothing that is alive; interrupts are never enabled.
        unsafe { at.write_volatile(PAINT) };
        at = at.wrapping_add(1);
    }

    __mark();
    call(session, run);
    __mark();

    let mut at = bottom;
    // SAFETY: inside the stack's region, initialized by the loop above; volatile, because the run
    // has written there without this function's knowledge.
    while at.addr() < top && unsafe { at.read_volatile() } == PAINT {
        at = at.wrapping_add(1);
    }
    u32::try_from(top - at.addr()).unwrap_or(u32::MAX)
}

/// Calls `run`. A function of its own, so that the frame of what is inlined into `run` lies below
/// the caller's stack pointer and not in the caller's frame.
#[inline(never)]
pub(crate) fn call(session: &mut Session<'_, '_>, run: &impl Fn(&mut Session<'_, '_>)) {
    run(session);
}

#[inline(always)]
fn stack_pointer() -> usize {
    let sp: usize;
    // SAFETY: copies a register.
    unsafe { asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}
