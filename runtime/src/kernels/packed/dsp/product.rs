//! The inner product of convolutions: 4 output channels for 2 pixels at a time.
//!
//! Registers: r0 to r7 sums, r8 activations, r9 stream, r10 r11 activations of the two pixels, r12 lr weights.
//! s0 s1: start and end of the activations; s2 s3: outputs; s4: end of the stream; s5: bytes by which the
//! first pass is shorter; s6: where it is entered; s7: shift.
//!
//! r9 is a word before the start of a block, then two words before the weights of a step, so that the
//! last load of a pass moves it at no cost. A pass is [`STEPS`] steps of two columns; the first one is
//! entered where what is left of it ends with the last column of a pass.
#![expect(unsafe_code, reason = "assembly")]

use core::arch::naked_asm;

/// Steps of a pass.
pub(super) const STEPS: usize = 16;

/// What a run over blocks of channels reads and writes.
#[repr(C)]
pub(super) struct Blocks {
    /// Words of columns, two of each pixel in turn: 8 bytes for each step; that many bytes before the
    /// first one as steps are skipped.
    pub(super) x: *const i16,
    /// Behind the last of them.
    pub(super) x_end: *const i16,
    /// A word before the first block.
    pub(super) stream: *const i32,
    /// A word before the end of the last block.
    pub(super) stream_end: *const i32,
    /// Outputs of the first pixel, 4 for each block.
    pub(super) first: *mut i8,
    /// Outputs of the second pixel.
    pub(super) second: *mut i8,
    /// Bytes of the steps that the first pass skips.
    pub(super) skipped: usize,
    /// Of [`crate::blob::Finish::Twin`].
    pub(super) shift: usize,
}

/// A kernel over blocks.
///
/// # Safety
///
/// - `x` to `x_end` can be read but for the first `skipped` bytes; `skipped` is 8 times 0 to `STEPS - 1`,
///   and the length a multiple of 8 times `STEPS`, at least that.
/// - `stream` to `stream_end` are whole blocks of the kernel's format with as many steps, at least one.
/// - `first` and `second` can be written, 4 bytes for each block, and nothing of what is read lies there.
pub(super) type Kernel = unsafe extern "C" fn(&Blocks);

// What is shorter in the first pass, in instructions: `bytes` for each step, of which s5 has 8.
macro_rules! entry {
    ($bytes:expr) => {
        concat!(
            "
    .fpu fpv4-sp-d16
    push {{r4-r11, lr}}
    ldm r0, {{r1-r8}}
    vmov s0, r1
    vmov s1, r2
    mov r9, r3
    vmov s4, r4
    vmov s2, r5
    vmov s3, r6
    vmov s5, r7
    vmov s7, r8
    adr.w r12, 2f
",
            $bytes,
            "
    add r12, r12, #1
    vmov s6, r12
1:  ldr r4, [r9, #12]!
    ldr r0, [r9, #-8]
    ldr r2, [r9, #-4]
    ldr r6, [r9, #4]
    vmov r8, s0
    vmov r10, s5
    vmov r12, s6
    mov r1, r0
    mov r3, r2
    mov r5, r4
    mov r7, r6
    sub r9, r9, r10
    bx r12
"
        )
    };
}

// 14 instructions of 4 bytes for 8 bytes of columns.
macro_rules! sum_entry {
    () => {
        "
    rsb r10, r7, r7, lsl #3
    add r12, r12, r10
"
    };
}

// 16 instructions.
macro_rules! bytes_entry {
    () => {
        "
    add r12, r12, r7, lsl #3
"
    };
}

macro_rules! sum_products {
    () => {
        "
    smlad r0, r12, r10, r0
    smlad r1, r12, r11, r1
    sxtb16 r12, r12
    smlad r2, r12, r10, r2
    smlad r3, r12, r11, r3
    smlad r4, lr, r10, r4
    smlad r5, lr, r11, r5
    sxtb16 lr, lr
    smlad r6, lr, r10, r6
    smlad r7, lr, r11, r7
"
    };
}

macro_rules! sum_pass {
    () => {
        concat!(
            "
2:
    .set ko, 0
    .rept 15
    ldr r10, [r8, #ko]
    ldr r11, [r8, #ko+4]
    ldr r12, [r9, #ko+8]
    ldr lr, [r9, #ko+12]
",
            sum_products!(),
            "
    .set ko, ko+8
    .endr
    ldr r12, [r9, #128]!
    ldr lr, [r9, #4]
    ldr r10, [r8, #120]
    ldr r11, [r8, #124]
",
            sum_products!()
        )
    };
}

macro_rules! bytes_products {
    ($load:expr) => {
        concat!(
            "
    sxtb16 lr, r12
    smlad r0, lr, r10, r0
    smlad r1, lr, r11, r1
    sxtb16 lr, r12, ror #8
    smlad r2, lr, r10, r2
    smlad r3, lr, r11, r3
",
            $load,
            "
    sxtb16 lr, r12
    smlad r4, lr, r10, r4
    smlad r5, lr, r11, r5
    sxtb16 lr, r12, ror #8
    smlad r6, lr, r10, r6
    smlad r7, lr, r11, r7
"
        )
    };
}

macro_rules! bytes_pass {
    () => {
        concat!(
            "
2:
    .set ko, 0
    .rept 15
    ldr r10, [r8, #ko]
    ldr r11, [r8, #ko+4]
    ldr r12, [r9, #ko+8]
",
            bytes_products!("ldr r12, [r9, #ko+12]"),
            "
    .set ko, ko+8
    .endr
    ldr r12, [r9, #128]!
    ldr r10, [r8, #120]
    ldr r11, [r8, #124]
",
            bytes_products!("ldr r12, [r9, #4]")
        )
    };
}

macro_rules! again {
    () => {
        "
    add r8, r8, #128
    vmov r10, s1
    cmp r8, r10
    bne 2b
"
    };
}

// What is left are 256 times the sums of the first channel of a pair.
macro_rules! subtract {
    () => {
        "
    subs r0, r0, r2
    subs r1, r1, r3
    subs r4, r4, r6
    subs r5, r5, r7
"
    };
}

macro_rules! twins {
    () => {
        "
    ldr r8, [r9, #8]
    ldr r10, [r9, #12]
    ldr r11, [r9, #16]
    ldr r12, [r9, #20]
    smmla r0, r0, r8, r10
    smmla r1, r1, r8, r10
    smmla r2, r2, r11, r12
    smmla r3, r3, r11, r12
    ldr r12, [r9, #36]!
    ldr r11, [r9, #-4]
    ldr r10, [r9, #-8]
    ldr r8, [r9, #-12]
    smmla r4, r4, r8, r10
    smmla r5, r5, r8, r10
    smmla r6, r6, r11, r12
    smmla r7, r7, r11, r12
"
    };
}

// The shift is known.
macro_rules! saturate_by {
    ($first:literal, $second:literal) => {
        concat!(
            "
    ssat r0, #8, r0, asr #",
            $first,
            "
    ssat r1, #8, r1, asr #",
            $first,
            "
    ssat r2, #8, r2, asr #",
            $second,
            "
    ssat r3, #8, r3, asr #",
            $second,
            "
    ssat r4, #8, r4, asr #",
            $first,
            "
    ssat r5, #8, r5, asr #",
            $first,
            "
    ssat r6, #8, r6, asr #",
            $second,
            "
    ssat r7, #8, r7, asr #",
            $second,
            "
"
        )
    };
}

// It is in s7.
macro_rules! saturate {
    () => {
        "
    vmov r11, s7
    add r12, r11, #8
    asr r0, r0, r12
    asr r1, r1, r12
    asr r2, r2, r11
    asr r3, r3, r11
    asr r4, r4, r12
    asr r5, r5, r12
    asr r6, r6, r11
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

// Of r8 multiplier, r10 offset, r11 shift: both pixels of a channel, of which `$double` makes twice the sum.
macro_rules! round {
    ($first:literal, $second:literal, $double:literal, $by:literal) => {
        concat!(
            $double,
            " r12, ",
            $first,
            ", #",
            $by,
            "
    ",
            $double,
            " lr, ",
            $second,
            ", #",
            $by,
            "
    smmlar r12, r12, r8, r10
    smmlar lr, lr, r8, r10
    add r12, r12, ",
            $first,
            ", asr #31
    add lr, lr, ",
            $second,
            ", asr #31
    asr r12, r12, r11
    asr lr, lr, r11
    ssat ",
            $first,
            ", #8, r12
    ssat ",
            $second,
            ", #8, lr
"
        )
    };
}

macro_rules! rounded {
    ($first:literal, $by:literal) => {
        concat!(
            "
    ldr r8, [r9, #8]
    ldr r10, [r9, #12]
    ldr r11, [r9, #16]
    ",
            round!("r0", "r1", $first, $by),
            "
    ldr r8, [r9, #20]
    ldr r10, [r9, #24]
    ldr r11, [r9, #28]
    ",
            round!("r2", "r3", "lsl", "1"),
            "
    ldr r8, [r9, #32]
    ldr r10, [r9, #36]
    ldr r11, [r9, #40]
    ",
            round!("r4", "r5", $first, $by),
            "
    ldr r11, [r9, #52]!
    ldr r10, [r9, #-4]
    ldr r8, [r9, #-8]
    ",
            round!("r6", "r7", "lsl", "1")
        )
    };
}

macro_rules! store {
    () => {
        "
    vmov r8, s2
    vmov r10, s3
    strb r0, [r8], #4
    strb r2, [r8, #-3]
    strb r4, [r8, #-2]
    strb r6, [r8, #-1]
    strb r1, [r10], #4
    strb r3, [r10, #-3]
    strb r5, [r10, #-2]
    strb r7, [r10, #-1]
    vmov r11, s4
    vmov s2, r8
    vmov s3, r10
    cmp r9, r11
    bne 1b
    pop {{r4-r11, pc}}
"
    };
}

/// [`crate::blob::Pairing::Sum`], [`crate::blob::Finish::Twin`] with shift 5.
///
/// # Safety
///
/// See [`Kernel`].
#[unsafe(naked)]
pub(super) unsafe extern "C" fn sum_twin_5(blocks: &Blocks) {
    naked_asm!(concat!(
        entry!(sum_entry!()),
        sum_pass!(),
        again!(),
        subtract!(),
        twins!(),
        saturate_by!("13", "5"),
        store!()
    ))
}

/// [`crate::blob::Pairing::Sum`], [`crate::blob::Finish::Twin`] with any shift.
///
/// # Safety
///
/// See [`Kernel`]; `shift` is at most 15.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn sum_twin(blocks: &Blocks) {
    naked_asm!(concat!(
        entry!(sum_entry!()),
        sum_pass!(),
        again!(),
        subtract!(),
        twins!(),
        saturate!(),
        store!()
    ))
}

/// [`crate::blob::Pairing::Sum`], [`crate::blob::Finish::Rounded`].
///
/// # Safety
///
/// See [`Kernel`].
#[unsafe(naked)]
pub(super) unsafe extern "C" fn sum_rounded(blocks: &Blocks) {
    naked_asm!(concat!(
        entry!(sum_entry!()),
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
pub(super) unsafe extern "C" fn bytes_rounded(blocks: &Blocks) {
    naked_asm!(concat!(
        entry!(bytes_entry!()),
        bytes_pass!(),
        again!(),
        rounded!("lsl", "1"),
        store!()
    ))
}
