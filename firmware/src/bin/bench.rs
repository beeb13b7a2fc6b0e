//! Counts the whole run, with no trace of a hook; see the library.

#![no_std]
#![no_main]

use tiivis_firmware::{Samples, bench};

#[cortex_m_rt::entry]
fn main() -> ! {
    bench(Samples::All, |session| session.run())
}
