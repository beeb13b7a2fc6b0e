//! The log's way out: each defmt frame as a line of hexadecimal digits on the semihosting console.
//!
//! Text, and not the frame's own bytes, because what runs an emulator takes its output for text.
//! `xxd -r -p | defmt-print -e ELF` reads it, too. The line is the framing, so that defmt's own
//! encoding is `raw`: bytes as they are.

#![expect(unsafe_code, reason = "defmt's logger trait and its state")]

use crate::exit::{Status, exit};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};
use semihosting::io::{Stdout, Write, stdout};

/// Digits that one call of the host takes.
const BUFFER_BYTES: usize = 128;

#[defmt::global_logger]
struct Logger;

struct Line {
    /// Opened with the first line; none if the host has no console.
    console: Option<Stdout>,
    buffer: [u8; BUFFER_BYTES],
    used: usize,
}

struct Shared(UnsafeCell<Line>);

// SAFETY: there is one core and no interrupt is enabled; a fault in the middle of a line is kept
// away by `TAKEN`.
unsafe impl Sync for Shared {}

static LINE: Shared = Shared(UnsafeCell::new(Line {
    console: None,
    buffer: [0; BUFFER_BYTES],
    used: 0,
}));

/// A line has been begun and not ended.
static TAKEN: AtomicBool = AtomicBool::new(false);

impl Line {
    fn encode(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.push(digit(byte >> 4));
            self.push(digit(byte & 15));
        }
    }

    fn push(&mut self, character: u8) {
        if let Some(place) = self.buffer.get_mut(self.used) {
            *place = character;
            self.used += 1;
        }
        if self.used == BUFFER_BYTES {
            self.send();
        }
    }

    fn send(&mut self) {
        if self.console.is_none() {
            self.console = stdout().ok();
        }
        if let (Some(console), Some(text)) = (&mut self.console, self.buffer.get(..self.used)) {
            // Nobody is left to tell.
            let _ = console.write_all(text);
        }
        self.used = 0;
    }
}

fn digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        _ => b'a' + (nibble - 10),
    }
}

/// Lends the line to `use_it`.
///
/// # Safety
///
/// Between `acquire` and `release`, and not within `use_it`.
unsafe fn with_line(use_it: impl FnOnce(&mut Line)) {
    // SAFETY: the caller is the only one.
    use_it(unsafe { &mut *LINE.0.get() });
}

// SAFETY: `acquire` lets one line in at a time, and does not return where another is begun.
unsafe impl defmt::Logger for Logger {
    fn acquire() {
        if TAKEN.load(Ordering::Relaxed) {
            // A fault in the middle of a line: the logger itself is what is broken.
            exit(Status::Defect);
        }
        TAKEN.store(true, Ordering::Relaxed);
    }

    unsafe fn flush() {
        // SAFETY: defmt calls it between `acquire` and `release`.
        unsafe { with_line(Line::send) };
    }

    unsafe fn release() {
        // SAFETY: defmt calls it after `acquire`.
        unsafe {
            with_line(|line| {
                line.push(b'\n');
                line.send();
            });
        }
        TAKEN.store(false, Ordering::Relaxed);
    }

    unsafe fn write(bytes: &[u8]) {
        // SAFETY: defmt calls it between `acquire` and `release`.
        unsafe { with_line(|line| line.encode(bytes)) };
    }
}
