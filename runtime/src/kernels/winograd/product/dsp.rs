//! The product for cores with the DSP extension: 16 cycles for 16 products on a Cortex-M4.
#![expect(unsafe_code, reason = "assembly")]

use crate::kernels::winograd::{BLOCK, PRODUCT_WORDS};
use core::arch::naked_asm;

/// What a loop works on.
#[repr(C)]
struct Work {
    tiles: *const i32,
    filters: *const i32,
    sums: *mut i32,
    /// Bytes of the tiles of all pairs of channels.
    tiles_bytes: usize,
    sums_end: *const i32,
}

/// `tiles` are of an even number of pairs of channels, `filters` of as many and a block.
pub(super) fn product(tiles: &[i32], filters: &[i32], sums: &mut [i32; PRODUCT_WORDS]) {
    let work = Work {
        tiles: tiles.as_ptr(),
        filters: filters.as_ptr(),
        sums: sums.as_mut_ptr(),
        tiles_bytes: tiles.len() * 4,
        sums_end: sums.as_ptr_range().end,
    };
    // SAFETY: for each of the positions the loops read a word of each tile and pair of channels and
    // four of the filters, which is all that the slices have (the caller cut them so), and write 8
    // sums, which is what there is. They do so for 8 or 2 pairs at a time, of which there is a multiple
    // (the filters of a pair have `BLOCK` words at each position). They keep the registers that the
    // procedure call standard (AAPCS32) wants kept.
    unsafe {
        if filters.len().is_multiple_of(8 * BLOCK * PRODUCT_WORDS / 8) {
            by_eight(&work);
        } else {
            by_two(&work);
        }
    }
}

// One pair of channels at byte `at` of the tiles and `to` of the filters: two tiles, in r10 and r11,
// times the filters of channels 0 and 1, then of 2 and 3, in r12 and lr; the sums are in r0 to r7.
macro_rules! step {
    ($op:literal, $r0:literal, $r1:literal, $r2:literal, $r3:literal,
     $r4:literal, $r5:literal, $r6:literal, $r7:literal) => {
        concat!(
            "
    ldr r10, [r8, #at]
    ldr r11, [r8, #at+4]
    ldr r12, [r9, #to]
    ldr lr, [r9, #to+4]
    ",
            $op,
            " r0, r12, r10",
            $r0,
            "\n",
            $op,
            " r1, r12, r11",
            $r1,
            "\n",
            $op,
            " r2, lr, r10",
            $r2,
            "\n",
            $op,
            " r3, lr, r11",
            $r3,
            "
    ldr r12, [r9, #to+8]
    ldr lr, [r9, #to+12]
    ",
            $op,
            " r4, r12, r10",
            $r4,
            "\n",
            $op,
            " r5, r12, r11",
            $r5,
            "\n",
            $op,
            " r6, lr, r10",
            $r6,
            "\n",
            $op,
            " r7, lr, r11",
            $r7,
            "
    .set at, at+288
    .set to, to+16
"
        )
    };
}
macro_rules! first {
    () => {
        step!("smuad", "", "", "", "", "", "", "", "")
    };
}
macro_rules! next {
    () => {
        step!(
            "smlad", ", r0", ", r1", ", r2", ", r3", ", r4", ", r5", ", r6", ", r7"
        )
    };
}

// The sums of all positions, `steps` pairs of channels at a time. On the stack: the position's tiles,
// the next sums, bytes of all tiles, the end of the position's tiles, the end of the sums.
macro_rules! positions {
    ($name:ident, $steps:literal) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name(work: &Work) {
            naked_asm!(concat!(
                "
    push {{r4-r11, lr}}
    sub sp, #20
    ldm r0, {{r8, r9, r10, r11, r12}}
    str r8, [sp]
    str r10, [sp, #4]
    str r11, [sp, #8]
    str r12, [sp, #16]
0:  ldr r8, [sp]
    ldr r11, [sp, #8]
    add r12, r8, #8
    str r12, [sp]
    add r11, r8, r11
    str r11, [sp, #12]
    .set at, 0
    .set to, 0
",
                first!(),
                "
    .rept ",
                $steps,
                "-1
",
                next!(),
                "
    .endr
    add r8, r8, #288*",
                $steps,
                "
    add r9, r9, #16*",
                $steps,
                "
    ldr r11, [sp, #12]
    cmp r8, r11
    beq 2f
1:  .set at, 0
    .set to, 0
    .rept ",
                $steps,
                "
",
                next!(),
                "
    .endr
    add r8, r8, #288*",
                $steps,
                "
    add r9, r9, #16*",
                $steps,
                "
    ldr r11, [sp, #12]
    cmp r8, r11
    bne 1b
2:  ldr r10, [sp, #4]
    stm r10!, {{r0-r7}}
    str r10, [sp, #4]
    ldr r11, [sp, #16]
    cmp r10, r11
    bne 0b
    add sp, #20
    pop {{r4-r11, pc}}
"
            ))
        }
    };
}
positions!(by_eight, "8");
positions!(by_two, "2");
