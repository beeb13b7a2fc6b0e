//! Holds this build's kernels against the portable ones; see the library.

#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    tiivis_firmware::check_kernels()
}
