//! The output transform for cores with the DSP extension: about 350 cycles for a tile of a channel on a
//! Cortex-M4.
#![expect(unsafe_code, reason = "assembly")]

use super::Place;
use crate::blob::Rounding;
use crate::kernels::winograd::{BLOCK, Channel, PRODUCT_WORDS, TILE};
use core::arch::naked_asm;

/// What a loop works on.
#[repr(C)]
struct Work {
    sums: *const i32,
    channels: *const Channel,
    output: *mut i8,
    row_bytes: usize,
    pixel_bytes: usize,
}

/// As the portable one, for tiles and channels that lie in the output, whose results are clamped to
/// int8 alone.
pub(super) fn finish(
    sums: &[i32; PRODUCT_WORDS],
    channels: &[Channel; BLOCK],
    rounding: Rounding,
    place: &Place,
    output: &mut [i8],
) {
    let [_, out_w, out_c] = place.shape;
    let first = (place.top * out_w + place.left) * out_c + place.channel;
    let last = ((TILE - 1) * out_w + 2 * TILE - 1) * out_c + BLOCK - 1;
    let work = Work {
        sums: sums.as_ptr(),
        channels: channels.as_ptr(),
        output: output[first..=first + last].as_mut_ptr(),
        row_bytes: out_w * out_c,
        pixel_bytes: out_c,
    };
    // SAFETY: the loops read the sums and channels of a block, and write the outputs of its channels at
    // the rows and columns of two tiles, the last of which is `last`: all are in the slice that was
    // taken. They keep the registers that the procedure call standard (AAPCS32) wants kept.
    unsafe {
        match rounding {
            Rounding::Twin => twins(&work),
            Rounding::Double => doubles(&work),
        }
    }
}

// A column, or row, m0 to m5 in r4 to r9 becomes that of the outputs in r4, r8, r6 and r5, less the
// factors 1, 2, 4 and 4.
macro_rules! back {
    () => {
        "
    add r10, r5, r6
    sub r5, r5, r6
    add r6, r7, r8
    sub r7, r7, r8
    add r4, r4, r4, lsl #1
    add r4, r6, r4, lsl #1
    sub r4, r4, r10, lsl #2
    sub r8, r7, r5, lsl #1
    sub r6, r6, r10
    add r9, r9, r9, lsl #1
    rsb r5, r5, r7, lsl #1
    add r5, r5, r9, lsl #1
"
    };
}
// 64 times a sum, from what is left to be multiplied with a factor and 1/9 (r9), with the bias (r11).
macro_rules! sum {
    ($y:literal, $factor:literal) => {
        concat!(
            "
    mul ",
            $y,
            ", ",
            $y,
            ", r9
    add ",
            $y,
            ", r11, ",
            $y,
            $factor,
            "
"
        )
    };
}
// The result of a sum: multiplier r12, offset lr, shift r0.
macro_rules! twin {
    ($y:literal) => {
        concat!(
            "
    smmla ",
            $y,
            ", ",
            $y,
            ", r12, lr
    asr ",
            $y,
            ", ",
            $y,
            ", r0
    ssat ",
            $y,
            ", #8, ",
            $y,
            "
"
        )
    };
}
macro_rules! double {
    ($y:literal) => {
        concat!(
            "
    asr ",
            $y,
            ", ",
            $y,
            ", #5
    smmlar r7, ",
            $y,
            ", r12, lr
    add r7, r7, ",
            $y,
            ", asr #31
    asr r7, r7, r0
    ssat ",
            $y,
            ", #8, r7
"
        )
    };
}
// A row of results; the factors are those of the row times those of the columns.
macro_rules! row {
    ($result:ident, $f0:literal, $f1:literal, $f2:literal) => {
        concat!(
            "
    ldm r3!, {{r4-r9}}
",
            back!(),
            "
    movw r9, #0x8e39
    movt r9, #0x38e3
",
            sum!("r4", $f0),
            $result!("r4"),
            sum!("r8", $f1),
            $result!("r8"),
            sum!("r6", $f2),
            $result!("r6"),
            sum!("r5", $f2),
            $result!("r5"),
            "
    strb r4, [r1]
    add r10, r1, r2
    strb r8, [r10]
    strb r6, [r10, r2]
    strb r5, [r10, r2, lsl #1]
    ldr r10, [sp, #108]
    add r1, r1, r10
"
        )
    };
}

// Eight tiles: two of each channel. On the stack: 24 words of transformed columns, then, from 96 on,
// the sums, the channel, the output, bytes of a row (108), bytes of a pixel, bytes to the next tile
// (116), tiles left.
macro_rules! tiles {
    ($name:ident, $result:ident) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name(work: &Work) {
            naked_asm!(concat!(
                "
    push {{r4-r11, lr}}
    sub sp, #124
    ldm r0, {{r0, r4, r5, r6, r7}}
    lsl r8, r7, #2
    mov r9, #8
    add r3, sp, #96
    stm r3, {{r0, r4-r9}}
0:  ldr r0, [sp, #96]
    add r1, r0, #4
    str r1, [sp, #96]
    mov r3, sp
    .rept 6
    ldr r4, [r0], #32
    ldr r5, [r0, #160]
    ldr r6, [r0, #352]
    ldr r7, [r0, #544]
    ldr r8, [r0, #736]
    ldr r9, [r0, #928]
",
                back!(),
                "
    str r4, [r3], #4
    str r8, [r3, #20]
    str r6, [r3, #44]
    str r5, [r3, #68]
    .endr
    sub r3, r3, #24
    ldr r10, [sp, #100]
    ldr r1, [sp, #104]
    ldr r2, [sp, #112]
    ldm r10, {{r0, r11, r12, lr}}
",
                row!($result, "", ", lsl #1", ", lsl #2"),
                row!($result, ", lsl #1", ", lsl #2", ", lsl #3"),
                row!($result, ", lsl #2", ", lsl #3", ", lsl #4"),
                row!($result, ", lsl #2", ", lsl #3", ", lsl #4"),
                "
    ldr r4, [sp, #116]
    ldr r5, [sp, #104]
    ldr r6, [sp, #100]
    ldr r7, [sp, #120]
    add r5, r5, r4
    cmp r4, #0
    it lt
    addlt r6, r6, #16
    rsb r4, r4, #1
    subs r7, r7, #1
    str r4, [sp, #116]
    str r5, [sp, #104]
    str r6, [sp, #100]
    str r7, [sp, #120]
    bne 0b
    add sp, #124
    pop {{r4-r11, pc}}
"
            ))
        }
    };
}
tiles!(twins, twin);
tiles!(doubles, double);
