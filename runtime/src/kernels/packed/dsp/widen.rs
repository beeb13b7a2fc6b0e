//! From int8 to int16 in the order of packed columns.
#![expect(unsafe_code, reason = "assembly")]

use core::arch::naked_asm;

/// Widens `runs` runs of `words` whole words of int8, `stride` bytes from one to the next, into the
/// columns of one of two pixels: 8 bytes from word to word.
///
/// # Safety
///
/// - `words` and `runs` are at least 1.
/// - `4 * words` bytes of each run can be read.
/// - `4 * words * runs` int16 in pairs, a pair of another pixel between two, can be written from `x` on,
///   which is 4-byte aligned.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn widen(
    from: *const i8,
    x: *mut i16,
    words: usize,
    runs: usize,
    stride: usize,
) {
    naked_asm!(
        "
    push {{r4-r9, lr}}
    ldr r12, [sp, #28]
1:  add lr, r0, r12
    subs r9, r2, #1
    beq 3f
2:  ldr r4, [r0], #8
    ldr r5, [r0, #-4]
    sxtb16 r6, r4
    sxtb16 r4, r4, ror #8
    sxtb16 r7, r5
    sxtb16 r5, r5, ror #8
    str r6, [r1], #32
    str r4, [r1, #-24]
    str r7, [r1, #-16]
    str r5, [r1, #-8]
    subs r9, r9, #2
    bhi 2b
    bmi 4f
3:  ldr r4, [r0]
    sxtb16 r6, r4
    sxtb16 r4, r4, ror #8
    str r6, [r1], #16
    str r4, [r1, #-8]
4:  mov r0, lr
    subs r3, r3, #1
    bne 1b
    pop {{r4-r9, pc}}
"
    )
}

/// [`widen`] of one word of each run.
///
/// # Safety
///
/// As of [`widen`] with `words` 1.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn widen_words(
    from: *const i8,
    x: *mut i16,
    runs: usize,
    stride: usize,
) {
    naked_asm!(
        "
    push {{r4, r5}}
1:  ldr r4, [r0]
    add r0, r0, r3
    sxtb16 r5, r4
    sxtb16 r4, r4, ror #8
    str r5, [r1], #16
    str r4, [r1, #-8]
    subs r2, r2, #1
    bne 1b
    pop {{r4, r5}}
    bx lr
"
    )
}

/// Runs of three taps of three channels.
pub(super) const NINE: usize = 9;

/// Widens three runs of [`NINE`] into all 28 columns of one of two pixels; the last is any number.
///
/// # Safety
///
/// - `NINE` bytes of each run can be read.
/// - 28 int16 in pairs, a pair of another pixel between two, can be written from `x` on, which is 4-byte
///   aligned.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn widen_nines(from: *const i8, x: *mut i16, stride: usize) {
    naked_asm!(
        "
    push {{r4-r8}}
    .macro nine rest
    ldr r4, [r0]
    ldr r5, [r0, #4]
    ldrsb \\rest, [r0, #8]
    add r0, r0, r2
    sxtb16 r7, r4
    sxtb16 r4, r4, ror #8
    sxtb16 r8, r5
    sxtb16 r5, r5, ror #8
    str r7, [r1], #32
    str r4, [r1, #-24]
    str r8, [r1, #-16]
    str r5, [r1, #-8]
    .endm
    nine r3
    nine r12
    nine r6
    .purgem nine
    pkhbt r3, r3, r12, lsl #16
    str r3, [r1]
    str r6, [r1, #8]
    pop {{r4-r8}}
    bx lr
"
    )
}

/// Widens `words` whole words of two pixels into their columns.
///
/// # Safety
///
/// - `words` is at least 1, and as many words of each pixel can be read.
/// - 8 int16 for each word can be written from `x` on, which is 4-byte aligned.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn widen_pair(
    first: *const i8,
    second: *const i8,
    x: *mut i16,
    words: usize,
) {
    naked_asm!(
        "
    push {{r4-r11, lr}}
    subs r3, r3, #1
    beq 3f
2:  ldr r4, [r0], #8
    ldr r5, [r0, #-4]
    ldr r6, [r1]
    ldr r7, [r1, #4]
    adds r1, #8
    sxtb16 r8, r4
    sxtb16 r9, r6
    sxtb16 r4, r4, ror #8
    sxtb16 r6, r6, ror #8
    sxtb16 r10, r5
    sxtb16 r11, r7
    sxtb16 r5, r5, ror #8
    sxtb16 r7, r7, ror #8
    str r8, [r2], #32
    str r9, [r2, #-28]
    str r4, [r2, #-24]
    str r6, [r2, #-20]
    str r10, [r2, #-16]
    str r11, [r2, #-12]
    str r5, [r2, #-8]
    str r7, [r2, #-4]
    subs r3, r3, #2
    bhi 2b
    bmi 4f
3:  ldr r4, [r0]
    ldr r6, [r1]
    sxtb16 r8, r4
    sxtb16 r9, r6
    sxtb16 r4, r4, ror #8
    sxtb16 r6, r6, ror #8
    str r8, [r2]
    str r9, [r2, #4]
    str r4, [r2, #8]
    str r6, [r2, #12]
4:  pop {{r4-r11, pc}}
"
    )
}

/// Widens `words` whole words of int8 into columns that lie side by side.
///
/// # Safety
///
/// - `words` is at least 1.
/// - `4 * words` bytes can be read, as many int16 be written from `x` on, which is 4-byte aligned.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn widen_row(from: *const i8, x: *mut i16, words: usize) {
    naked_asm!(
        "
    push {{r4-r6, lr}}
1:  ldr r4, [r0], #4
    sxtb16 r6, r4
    sxtb16 r4, r4, ror #8
    str r6, [r1], #8
    str r4, [r1, #-4]
    subs r2, r2, #1
    bne 1b
    pop {{r4-r6, pc}}
"
    )
}
