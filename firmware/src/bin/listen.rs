//! Counts the front-end, fed with the raw samples behind the model; see the library.

#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    tiivis_firmware::listen()
}
