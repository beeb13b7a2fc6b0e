//! Counts every step: a mark before each; see the library.

#![no_std]
#![no_main]

use tiivis_firmware::{__mark, Samples, bench};
use tiivis_runtime::Hook;
use tiivis_runtime::blob::Step;

struct Marker;

impl Hook for Marker {
    fn before_step(&mut self, _index: u32, _step: &Step) {
        __mark();
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    bench(Samples::First, |session| session.run_with(&mut Marker))
}
