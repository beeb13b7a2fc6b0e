// An allocator that refuses what a model file has no business to ask for, so that a file of a few
// kilobytes which makes the importer fill the memory is a finding.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator with an upper bound for what is allocated at a time.
pub struct Bounded {
    /// Most bytes; beyond them an allocation fails, which ends the process.
    pub max_bytes: usize,
    live_bytes: AtomicUsize,
}

impl Bounded {
    pub const fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            live_bytes: AtomicUsize::new(0),
        }
    }
}

// SAFETY: every call goes to the system's allocator with the layout that was given, or fails.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let before = self.live_bytes.fetch_add(layout.size(), Ordering::Relaxed);
        if before.saturating_add(layout.size()) > self.max_bytes {
            self.live_bytes.fetch_sub(layout.size(), Ordering::Relaxed);
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's layout.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.live_bytes.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: allocated above with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}
