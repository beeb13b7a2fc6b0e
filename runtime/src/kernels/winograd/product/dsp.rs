//! The product for cores with the DSP extension: 16 cycles for 16 products on a Cortex-M4.
#![expect(unsafe_code, reason = "assembly")]

use crate::kernels::winograd::PRODUCT_WORDS;
use core::arch::naked_asm;

/// What a loop works on.
#[repr(C)]
struct Work {
    tiles: *const u32,
    filters: *const u32,
    sums: *mut i32,
    /// Bytes of the tiles at one position, a multiple of those of the steps that are written out.
    position_bytes: usize,
    tiles_end: *const u32,
}

/// `tiles` are of some positions and twice as long as there are pairs of channels at each, an even
/// number of them; `filters` are twice as long.
pub(super) fn product(tiles: &[u32], filters: &[u32], sums: &mut [i32; PRODUCT_WORDS]) {
    let positions = PRODUCT_WORDS / 8;
    let work = Work {
        tiles: tiles.as_ptr(),
        filters: filters.as_ptr(),
        sums: sums.as_mut_ptr(),
        position_bytes: tiles.len() / positions * 4,
        tiles_end: tiles.as_ptr_range().end,
    };
    // SAFETY: the loops read `position_bytes` of the tiles and twice as many of the filters for each
    // of the positions, which is all that the slices have, and write 8 sums for each, which is what
    // there is; 64 or 16 bytes at a time, of which the position's are a multiple: channels are a
    // multiple of 16, or of 4. They keep the registers that the procedure call standard (AAPCS32)
    // wants kept.
    unsafe {
        if work.position_bytes.is_multiple_of(64) {
            by_eight(&work);
        } else {
            by_two(&work);
        }
    }
}

// One pair of channels: r10 and r11 of the two tiles, then the filters of channels 0 and 1, and of 2
// and 3. The sums are in r0 to r7.
macro_rules! step {
    ($op:literal, $last:literal, $tiles:literal, $filters:literal) => {
        concat!(
            "
    ldr r10, [r8, #", $tiles, "]
    ldr r11, [r8, #", $tiles, "+4]
    ldr r12, [r9, #", $filters, "]
    ldr lr, [r9, #", $filters, "+4]
    ", $op, " r0, r12, r10", $last, "
",
        )
    };
}
