//! The inner product of fully connected layers: 8 output channels at a time.
//!
//! Registers: r0 to r7 sums, r8 activations, r9 stream, r10 activations, r11 r12 lr weights. s0 s1: start and
//! end of the activations; s2: outputs; s4: end of the stream; s5: bytes of the stream by which the first
//! pass is shorter; s6: where it is entered; s7: shift.
#![expect(unsafe_code, reason = "assembly")]

use core::arch::naked_asm;

/// Steps of a pass, of two columns each.
pub(super) const STEPS: usize = 8;

/// What a run over blocks of channels reads and writes.
#[repr(C)]
pub(super) struct Rows {
    /// Words of columns, 4 bytes for each step; that many bytes before the first one as steps are skipped.
    pub(super) x: *const i16,
    /// Behind the last of them.
    pub(super) x_end: *const i16,
    /// The first block.
    pub(super) stream: *const i32,
    /// Behind the last block.
    pub(super) stream_end: *const i32,
    /// Outputs, 8 for each block.
    pub(super) output: *mut i8,
    /// Steps that the first pass skips.
    pub(super) skipped: usize,
    /// Of [`crate::blob::Finish::Twin`].
    pub(super) shift: usize,
}

/// A kernel over blocks.
///
/// # Safety
///
/// - `x` to `x_end` can be read but for the first `skipped` words; `skipped` is 0 to `STEPS - 1`, and the
///   length a multiple of 4 times `STEPS`, at least that.
/// - `stream` to `stream_end` are whole blocks of the kernel's format with as many steps, at least one.
/// - `output` can be written, 8 bytes for each block, and nothing of what is read lies there.
pub(super) type Kernel = unsafe extern "C" fn(&Rows);

// `$step` instructions of 4 bytes in a step.
macro_rules! entry {
    ($step:literal) => {
        concat!(
            "
    .fpu fpv4-sp-d16
    push {{r4-r11, lr}}
    ldm r0, {{r1-r7}}
    vmov s0, r1
    vmov s1, r2
    mov r9, r3
    vmov s4, r4
    vmov s2, r5
    vmov s7, r7
    lsl r1, r6, #4
    vmov s5, r1
    mov r1, #4*",
            $step,
            "
    adr.w r12, 2f
    mla r12, r6, r1, r12
    add r12, r12, #1
    vmov s6, r12
1:  ldm r9!, {{r0-r7}}
    vmov r8, s0
    vmov r10, s5
    vmov r12, s6
    sub r9, r9, r10
    bx r12
"
        )
    };
}

macro_rules! sum_products {
    ($w:literal, $both:literal, $second:literal) => {
        concat!(
            "
    smlad ",
            $both,
            ", ",
            $w,
            ", r10, ",
            $both,
            "
    sxtb16 ",
            $w,
            ", ",
            $w,
            "
    smlad ",
            $second,
            ", ",
            $w,
            ", r10, ",
            $second,
            "
"
        )
    };
}

macro_rules! bytes_products {
    ($w:literal, $first:literal, $second:literal) => {
        concat!(
            "
    sxtb16 lr, ",
            $w,
            "
    smlad ",
            $first,
            ", lr, r10, ",
            $first,
            "
    sxtb16 lr, ",
            $w,
            ", ror #8
    smlad ",
            $second,
            ", lr, r10, ",
            $second,
            "
"
        )
    };
}

// 17 instructions a step.
macro_rules! sum_pass {
    () => {
        concat!(
            "
2:
    .set ko, 0
    .rept 8
    ldr r10, [r8, #ko]
    ldr r11, [r9, #4*ko]
    ldr r12, [r9, #4*ko+4]
    ldr lr, [r9, #4*ko+8]
",
            sum_products!("r11", "r0", "r1"),
            sum_products!("r12", "r2", "r3"),
            sum_products!("lr", "r4", "r5"),
            "
    ldr r11, [r9, #4*ko+12]
",
            sum_products!("r11", "r6", "r7"),
            "
    .set ko, ko+4
    .endr
"
        )
    };
}

// 21 instructions a step.
macro_rules! bytes_pass {
    () => {
        concat!(
            "
2:
    .set ko, 0
    .rept 8
    ldr r10, [r8, #ko]
    ldr r11, [r9, #4*ko]
    ldr r12, [r9, #4*ko+4]
",
            bytes_products!("r11", "r0", "r1"),
            bytes_products!("r12", "r2", "r3"),
            "
    ldr r11, [r9, #4*ko+8]
    ldr r12, [r9, #4*ko+12]
",
            bytes_products!("r11", "r4", "r5"),
            bytes_products!("r12", "r6", "r7"),
            "
    .set ko, ko+4
    .endr
"
        )
    };
}

macro_rules! again {
    () => {
        "
    add r8, r8, #32
    add r9, r9, #128
    vmov r10, s1
    cmp r8, r10
    bne 2b
"
    };
}

macro_rules! subtract {
    () => {
        "
    subs r0, r0, r1
    subs r2, r2, r3
    subs r4, r4, r5
    subs r6, r6, r7
"
    };
}

macro_rules! twins {
    () => {
        "
    ldm r9!, {{r10, r11, r12, lr}}
    smmla r0, r0, r10, r11
    smmla r1, r1, r12, lr
    ldm r9!, {{r10, r11, r12, lr}}
    smmla r2, r2, r10, r11
    smmla r3, r3, r12, lr
    ldm r9!, {{r10, r11, r12, lr}}
    smmla r4, r4, r10, r11
    smmla r5, r5, r12, lr
    ldm r9!, {{r10, r11, r12, lr}}
    smmla r6, r6, r10, r11
    smmla r7, r7, r12, lr
    vmov r11, s7
    add r12, r11, #8
    asr r0, r0, r12
    asr r1, r1, r11
    asr r2, r2, r12
    asr r3, r3, r11
    asr r4, r4, r12
    asr r5, r5, r11
    asr r6, r6, r12
    asr r7, r7, r11
    ssat r0, #8, r0
    ssat r1, #8, r1
    ssat r2, #8, r2
    ssat r3, #8, r3
    ssat r4, #8, r4
    ssat r5, #8, r5
    ssat r6, #8, r6
    ssat r7, #8, r7
"
    };
}

macro_rules! round {
    ($sum:literal, $double:literal, $by:literal) => {
        concat!(
            "
    ldm r9!, {{r10, r11, r12}}
    ",
            $double,
            " lr, ",
            $sum,
            ", #",
            $by,
            "
    smmlar lr, lr, r10, r11
    add lr, lr, ",
            $sum,
            ", asr #31
    asr lr, lr, r12
    ssat ",
            $sum,
            ", #8, lr
"
        )
    };
}

macro_rules! rounded {
    ($first:literal, $by:literal) => {
        concat!(
            round!("r0", $first, $by),
            round!("r1", "lsl", "1"),
            round!("r2", $first, $by),
            round!("r3", "lsl", "1"),
            round!("r4", $first, $by),
            round!("r5", "lsl", "1"),
            round!("r6", $first, $by),
            round!("r7", "lsl", "1")
        )
    };
}

macro_rules! store {
    () => {
        "
    vmov r8, s2
    strb r0, [r8], #8
    strb r1, [r8, #-7]
    strb r2, [r8, #-6]
    strb r3, [r8, #-5]
    strb r4, [r8, #-4]
    strb r5, [r8, #-3]
    strb r6, [r8, #-2]
    strb r7, [r8, #-1]
    vmov s2, r8
    vmov r10, s4
    cmp r9, r10
    bne 1b
    pop {{r4-r11, pc}}
"
    };
}

/// [`crate::blob::Pairing::Sum`], [`crate::blob::Finish::Twin`].
///
/// # Safety
///
/// See [`Kernel`]; `shift` is at most 15.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn sum_twin(rows: &Rows) {
    naked_asm!(concat!(
        entry!("17"),
        sum_pass!(),
        again!(),
        subtract!(),
        twins!(),
        store!()
    ))
}

/// [`crate::blob::Pairing::Sum`], [`crate::blob::Finish::Rounded`].
///
/// # Safety
///
/// See [`Kernel`].
#[unsafe(naked)]
pub(super) unsafe extern "C" fn sum_rounded(rows: &Rows) {
    naked_asm!(concat!(
        entry!("17"),
        sum_pass!(),
        again!(),
        subtract!(),
        rounded!("asr", "7"),
        store!()
    ))
}

/// [`crate::blob::Pairing::Bytes`], [`crate::blob::Finish::Rounded`].
///
/// # Safety
///
/// See [`Kernel`].
#[unsafe(naked)]
pub(super) unsafe extern "C" fn bytes_rounded(rows: &Rows) {
    naked_asm!(concat!(
        entry!("21"),
        bytes_pass!(),
        again!(),
        rounded!("lsl", "1"),
        store!()
    ))
}
