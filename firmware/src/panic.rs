//! Panics and exceptions: logged with their place, then the program ends.

#![expect(unsafe_code, reason = "exception handlers are declared unsafe")]

use crate::exit::{Status, exit};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};
use cortex_m_rt::{ExceptionFrame, exception};

static PANICKED: AtomicBool = AtomicBool::new(false);

/// The vectors of the device's interrupts, of which none is enabled. `cortex-m-rt` wants one; its
/// own table has 240.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [u32; 1] = [0];

/// Logs the place only: the message would bring `core::fmt` into the image.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // The logger itself panics where it is entered twice.
    if !PANICKED.load(Ordering::Relaxed) {
        PANICKED.store(true, Ordering::Relaxed);
        match info.location() {
            Some(place) => defmt::error!("panicked at {=str}:{=u32}", place.file(), place.line()),
            None => defmt::error!("panicked"),
        }
    }
    exit(Status::Defect)
}

/// defmt's own assertions panic like all others.
#[defmt::panic_handler]
fn defmt_panic() -> ! {
    exit(Status::Defect)
}

// SAFETY: as `cortex_m_rt` asks: it is only called by the hardware, and touches no shared state but
// the logger, which the panic flag guards.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    if !PANICKED.load(Ordering::Relaxed) {
        PANICKED.store(true, Ordering::Relaxed);
        defmt::error!("hard fault at {=u32:#010x}", frame.pc());
    }
    exit(Status::Defect)
}
