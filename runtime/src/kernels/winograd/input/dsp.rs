//! The input transform for cores with the DSP extension: about 210 cycles for a tile of two channels on
//! a Cortex-M4.
#![expect(unsafe_code, reason = "assembly")]

use crate::kernels::winograd::{PATCH, POSITIONS};
use core::arch::naked_asm;

/// As the portable one.
pub(super) fn four_channels(patch: &[i32; PATCH], tiles: &mut [i32; 4 * POSITIONS]) {
    // SAFETY: the loops read rows 0 to 5 and columns 0 to 9 of the patch, and write positions 0 to 35
    // of two pairs of channels and two tiles, which is what the arrays have. They keep the registers
    // that the procedure call standard (AAPCS32) wants kept.
    unsafe { transform(patch.as_ptr(), tiles.as_mut_ptr()) }
}

// A column, or row, d0 to d5 in r4 to r9 becomes that of the transform, in the same registers.
macro_rules! line {
    () => {
        "
    sub r10, r8, r6
    sub r11, r7, r5
    sub r12, r8, r6, lsl #2
    sub lr, r7, r5, lsl #2
    sub r4, r4, r6
    add r4, r10, r4, lsl #2
    sub r9, r9, r7
    sub r9, r9, r11, lsl #2
    add r5, r12, lr
    sub r6, r12, lr
    add r7, r10, r11, lsl #1
    sub r8, r10, r11, lsl #1
"
    };
}
// A column of the patch at r0, and of the transform at r3.
macro_rules! column {
    ($ror:literal) => {
        concat!(
            "
    ldr r4, [r0], #4
    ldr r5, [r0, #36]
    ldr r6, [r0, #76]
    ldr r7, [r0, #116]
    ldr r8, [r0, #156]
    ldr r9, [r0, #196]
    uxtb16 r4, r4",
            $ror,
            "
    uxtb16 r5, r5",
            $ror,
            "
    uxtb16 r6, r6",
            $ror,
            "
    uxtb16 r7, r7",
            $ror,
            "
    uxtb16 r8, r8",
            $ror,
            "
    uxtb16 r9, r9",
            $ror,
            line!(),
            "
    stm r3!, {{r4-r9}}
"
        )
    };
}
macro_rules! put {
    ($register:literal, $at:literal) => {
        concat!(
            "
    and r10, ",
            $register,
            ", #0x8000
    add ",
            $register,
            ", ",
            $register,
            ", r10, lsl #1
    str ",
            $register,
            ", [r1, #",
            $at,
            "]
"
        )
    };
}
// A tile at r0 for the pair of channels that the rotation chooses, to r1, which moves on by a row of
// positions at a time.
macro_rules! tile {
    ($ror:literal) => {
        concat!(
            "
    mov r3, sp
    .rept 6
",
            column!($ror),
            "
    .endr
    sub r3, r3, #144
    .rept 6
    ldr r4, [r3], #4
    ldr r5, [r3, #20]
    ldr r6, [r3, #44]
    ldr r7, [r3, #68]
    ldr r8, [r3, #92]
    ldr r9, [r3, #116]
",
            line!(),
            put!("r4", "0"),
            put!("r5", "8"),
            put!("r6", "16"),
            put!("r7", "24"),
            put!("r8", "32"),
            put!("r9", "40"),
            "
    add r1, #48
    .endr
"
        )
    };
}

/// `patch` has 60 words, `tiles` 144. On the stack: the transformed columns.
#[unsafe(naked)]
unsafe extern "C" fn transform(patch: *const i32, tiles: *mut i32) {
    naked_asm!(concat!(
        "
    push {{r4-r11, lr}}
    sub sp, #148
    mov r2, #2
0:
",
        tile!(""),
        "
    sub r0, #24
",
        tile!(", ror #8"),
        "
    sub r0, #8
    sub r1, #572
    subs r2, #1
    bne 0b
    add sp, #148
    pop {{r4-r11, pc}}
"
    ))
}
