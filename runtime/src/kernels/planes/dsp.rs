//! The halves for cores with the DSP extension, in assembly: `SMLAD` and its kind on pairs of int16,
//! `SMMLA` and `SSAT` for the rounding. Registers and counts are derived in our `kernels.md`, section 4.
//!
//! What does not fit into the registers is kept in those of the floating-point unit, where the calling
//! convention says that there is one, else on the stack.
#![expect(
    unsafe_code,
    reason = "assembly, on addresses that the caller's slices hold"
)]

use super::{PlaneGeometry, Record, Tensors};
use crate::blob::PlaneRounding;
use crate::index;
use core::arch::naked_asm;

/// What [`gather1`] and [`gather2`] read, in the order of the offsets in their text.
#[repr(C)]
struct Gather {
    from: *const i8,
    to: *mut i16,
    /// Bytes from a column of the image to the next, and from a row.
    column_step: usize,
    row_step: usize,
    /// Bytes from a strip of the scratch to the next.
    strip_bytes: usize,
    /// Full strips.
    groups: usize,
    /// Columns in the last one behind the head.
    tail: usize,
    rows: usize,
    /// Columns before the groups, 1 or 2.
    head: usize,
}

/// What the filters read, in the order of the offsets in their text.
#[repr(C)]
struct Filter {
    scratch: *const i16,
    out: *mut i8,
    record: *const i32,
    rows: usize,
    strips: usize,
    /// Output columns of the last strip, 1 to 4.
    last: usize,
    /// Bytes from an output column to the next, and from a row.
    column_step: usize,
    row_step: usize,
}

/// As [`super::portable::gather`].
pub(super) fn gather(
    plane: &PlaneGeometry,
    input: &[i8],
    [channel, channels]: [usize; 2],
    scratch: &mut [i16],
) {
    let row_len = index(plane.row_len());
    let full = plane.strips - 1;
    let [row_step, column_step] = plane.steps.map(|step| index(step) * channels);
    let arguments = Gather {
        from: input[channel..].as_ptr(),
        to: scratch[index(plane.top) * row_len..].as_mut_ptr(),
        column_step,
        row_step,
        strip_bytes: index(plane.scratch_rows) * row_len * 2,
        groups: index(full),
        tail: index(plane.columns - plane.head() - plane.group() * full),
        rows: index(plane.rows),
        head: index(plane.head()),
    };
    // SAFETY: `super::run` has asserted that `input` is an image of `channels` and `scratch` as long
    // as the geometry says. By `PlaneGeometry::of` the head, the groups and the tail are `plane.columns`
    // columns, no more than the image has, and fill no more than the strips; rows likewise.
    unsafe {
        match plane.stride {
            1 => gather1(&arguments),
            _ => gather2(&arguments),
        }
    }
}

/// As [`super::portable::filter`].
pub(super) fn filter(
    plane: &PlaneGeometry,
    scratch: &[i16],
    record: &Record<'_>,
    rounding: PlaneRounding,
    [channel, channels]: [usize; 2],
    tensors: &mut Tensors<'_>,
) {
    let [row_step, column_step] = plane.out_steps.map(|step| index(step) * channels);
    let arguments = Filter {
        scratch: scratch.as_ptr(),
        out: tensors.output()[channel..].as_mut_ptr(),
        record: record.0.as_ptr(),
        rows: index(plane.out_rows),
        strips: index(plane.strips),
        last: index(plane.out_columns - 4 * (plane.strips - 1)),
        column_step,
        row_step,
    };
    // SAFETY: `super::run` has asserted that the output is an image of `channels`, that `scratch` is as
    // long as the geometry says, which is what `rows` and `strips` read, and that a record has
    // its six words. Columns of the last strip that are not in the output are written to one that
    // is, before that one.
    unsafe {
        match (plane.stride, rounding) {
            (1, PlaneRounding::Upper4) => filter1::<4>(&arguments),
            (1, PlaneRounding::Upper8) => filter1::<8>(&arguments),
            (1, PlaneRounding::Twice) => filter1_twice(&arguments),
            (_, PlaneRounding::Upper4) => filter2::<4>(&arguments),
            (_, PlaneRounding::Upper8) => filter2::<8>(&arguments),
            (_, PlaneRounding::Twice) => filter2_twice(&arguments),
        }
    }
}

/// Widens rows: `$group` is the text of a full strip, `$row` the bytes of a row of a strip.
macro_rules! gather {
    ($group:literal, $row:literal) => {
        concat!(
            "
    push {{r4-r11, lr}}
    ldr r10, [r0]
    ldr r1, [r0, #4]
    ldr r2, [r0, #8]
    ldr r8, [r0, #16]
    ldr lr, [r0, #28]
    add r3, r2, r2, lsl #1
0:  ldr r9, [r0, #32]
    ldrsb r4, [r10]
    mov r12, r1
    cmp r9, #2
    beq 1f
    add r11, r10, r2
    strh r4, [r12, #2]
    b 2f
1:  ldrsb r5, [r10, r2]
    add r11, r10, r2, lsl #1
    pkhbt r4, r4, r5, lsl #16
    str r4, [r12]
2:  ldr r9, [r0, #20]
    cmp r9, #0
    beq 4f
3:
",
            $group,
            "
    add r12, r12, r8
    subs r9, r9, #1
    bne 3b
4:  ldr r9, [r0, #24]
5:  subs r9, r9, #2
    blt 6f
    ldrsb r4, [r11]
    ldrsb r5, [r11, r2]
    add r11, r11, r2, lsl #1
    pkhbt r4, r4, r5, lsl #16
    str r4, [r12, #4]!
    b 5b
6:  adds r9, r9, #1
    bne 7f
    ldrsb r4, [r11]
    strh r4, [r12, #4]
7:  ldr r4, [r0, #12]
    add r1, r1, #",
            $row,
            "
    add r10, r10, r4
    subs lr, lr, #1
    bne 0b
    pop {{r4-r11, pc}}
"
        )
    };
}

/// Widens a channel, for strides of 1.
///
/// # Safety
/// `from` is the first of `rows` × (`head` + 4 · `groups` + `tail`) pixels at the given steps, and `to` the
/// first row of `groups + 1` strips of 12-byte rows; `head` is 1 or 2, `tail` at most 4, `rows` at least 1.
#[unsafe(naked)]
unsafe extern "C" fn gather1(arguments: &Gather) {
    naked_asm!(gather!(
        "
    ldrsb r4, [r11]
    ldrsb r5, [r11, r2]
    ldrsb r6, [r11, r2, lsl #1]
    ldrsb r7, [r11, r3]
    add r11, r11, r2, lsl #2
    pkhbt r4, r4, r5, lsl #16
    pkhbt r6, r6, r7, lsl #16
    str r4, [r12, #4]
    str r6, [r12, #8]
    str r6, [r12, r8]
",
        "12"
    ))
}

/// Widens a channel, for strides of 2.
///
/// # Safety
/// As [`gather1`], with 8 pixels to a group, 20 bytes to a row and a tail of at most 8.
#[unsafe(naked)]
unsafe extern "C" fn gather2(arguments: &Gather) {
    naked_asm!(gather!(
        "
    ldrsb r4, [r11]
    ldrsb r5, [r11, r2]
    ldrsb r6, [r11, r2, lsl #1]
    ldrsb r7, [r11, r3]
    add r11, r11, r2, lsl #2
    pkhbt r4, r4, r5, lsl #16
    pkhbt r6, r6, r7, lsl #16
    str r4, [r12, #4]
    str r6, [r12, #8]
    ldrsb r4, [r11]
    ldrsb r5, [r11, r2]
    ldrsb r6, [r11, r2, lsl #1]
    ldrsb r7, [r11, r3]
    add r11, r11, r2, lsl #2
    pkhbt r4, r4, r5, lsl #16
    pkhbt r6, r6, r7, lsl #16
    str r4, [r12, #12]
    str r6, [r12, #16]
    str r6, [r12, r8]
",
        "20"
    ))
}

// A naked function without generics is assembled without the target's unit, hence `.fpu`.
#[cfg(target_abi = "eabihf")]
macro_rules! enter {
    () => {
        ".fpu fpv4-sp-d16\npush {{r4-r11, lr}}\n"
    };
}
#[cfg(target_abi = "eabihf")]
macro_rules! leave {
    () => {
        "pop {{r4-r11, pc}}\n"
    };
}
#[cfg(target_abi = "eabihf")]
macro_rules! put {
    ($slot:literal, $register:literal) => {
        concat!("vmov s", $slot, ", ", $register, "\n")
    };
}
#[cfg(target_abi = "eabihf")]
macro_rules! get {
    ($register:literal, $slot:literal) => {
        concat!("vmov ", $register, ", s", $slot, "\n")
    };
}
#[cfg(not(target_abi = "eabihf"))]
macro_rules! enter {
    () => {
        "push {{r4-r11, lr}}\nsub sp, #56\n"
    };
}
#[cfg(not(target_abi = "eabihf"))]
macro_rules! leave {
    () => {
        "add sp, #56\npop {{r4-r11, pc}}\n"
    };
}
#[cfg(not(target_abi = "eabihf"))]
macro_rules! put {
    ($slot:literal, $register:literal) => {
        concat!("str ", $register, ", [sp, #4*", $slot, "]\n")
    };
}
#[cfg(not(target_abi = "eabihf"))]
macro_rules! get {
    ($register:literal, $slot:literal) => {
        concat!("ldr ", $register, ", [sp, #4*", $slot, "]\n")
    };
}

// Slots: 0 bias, 1 multiplier, 2 offset, 3 output cursor, 4 end of the strip, 5 first output of the
// strip, 6 strips left, 7 8 9 distance of the second, third and fourth column, 10 of the next row,
// 11 exponent, 12 bytes of scratch that the rows advance by, 13 the arguments.

/// The text of a filter: `$weights` makes r4 to r9 of the nine weights, `$sums` leaves four sums in r0 to r3
/// and advances lr by `$advance`, `$round` makes int8 of them; `$gap` is what is left of a strip
/// after the last row.
macro_rules! filter {
    ($weights:expr, $sums:expr, $round:expr, $advance:literal, $gap:literal) => {
        concat!(
            enter!(),
            "
    ldr r1, [r0, #8]
    ldr lr, [r0]
    ldr r2, [r1]
    ldr r3, [r1, #4]
    ldr r12, [r1, #8]
",
            put!("0", "r2"),
            put!("1", "r3"),
            put!("2", "r12"),
            "
    ldrb r2, [r1, #21]
",
            put!("11", "r2"),
            $weights,
            "
    ldr r1, [r0, #4]
    ldr r2, [r0, #24]
    ldr r3, [r0, #28]
    ldr r12, [r0, #16]
    ldr r10, [r0, #12]
    mov r11, #",
            $advance,
            "
    mul r10, r10, r11
    add r11, r2, r2, lsl #1
",
            put!("3", "r1"),
            put!("5", "r1"),
            put!("7", "r2"),
            put!("10", "r3"),
            put!("6", "r12"),
            put!("12", "r10"),
            put!("13", "r0"),
            put!("9", "r11"),
            "
    lsl r2, r2, #1
",
            put!("8", "r2"),
            "
0:
",
            get!("r0", "6"),
            "
    subs r0, r0, #1
",
            put!("6", "r0"),
            "
    bne 2f
",
            // The last strip: columns that are not there lie on the last that is.
            get!("r1", "13"),
            get!("r2", "7"),
            get!("r3", "8"),
            "
    ldr r1, [r1, #20]
    cmp r1, #2
    it lo
    movlo r2, #0
    cmp r1, #3
    it lo
    movlo r3, r2
",
            put!("7", "r2"),
            put!("8", "r3"),
            get!("r2", "9"),
            "
    cmp r1, #4
    it lo
    movlo r2, r3
",
            put!("9", "r2"),
            "
2:
",
            get!("r0", "12"),
            "
    add r0, r0, lr
",
            put!("4", "r0"),
            "
1:
",
            $sums,
            get!("r10", "1"),
            get!("r11", "2"),
            $round,
            get!("r12", "3"),
            get!("r10", "9"),
            get!("r11", "8"),
            "
    strb r3, [r12, r10]
    strb r2, [r12, r11]
",
            get!("r10", "7"),
            get!("r11", "10"),
            "
    strb r1, [r12, r10]
    strb r0, [r12]
    add r12, r12, r11
",
            get!("r10", "4"),
            put!("3", "r12"),
            "
    cmp lr, r10
    bne 1b
",
            get!("r0", "5"),
            get!("r1", "7"),
            get!("r2", "6"),
            "
    add r0, r0, r1, lsl #2
    add lr, lr, #",
            $gap,
            "
",
            put!("5", "r0"),
            put!("3", "r0"),
            "
    cmp r2, #0
    bne 0b
",
            leave!()
        )
    };
}

/// r4 to r9: (w0, w1) and (w1, w2) of each row.
macro_rules! weights1 {
    () => {
        "
    ldrsb r2, [r1, #12]
    ldrsb r3, [r1, #13]
    ldrsb r12, [r1, #14]
    pkhbt r4, r2, r3, lsl #16
    pkhbt r5, r3, r12, lsl #16
    ldrsb r2, [r1, #15]
    ldrsb r3, [r1, #16]
    ldrsb r12, [r1, #17]
    pkhbt r6, r2, r3, lsl #16
    pkhbt r7, r3, r12, lsl #16
    ldrsb r2, [r1, #18]
    ldrsb r3, [r1, #19]
    ldrsb r12, [r1, #20]
    pkhbt r8, r2, r3, lsl #16
    pkhbt r9, r3, r12, lsl #16
"
    };
}
/// r4 to r6: (w0, w1) of each row; r7: w2 of the first two, r8: of the third.
macro_rules! weights2 {
    () => {
        "
    ldrsb r2, [r1, #12]
    ldrsb r3, [r1, #13]
    ldrsb r7, [r1, #14]
    pkhbt r4, r2, r3, lsl #16
    ldrsb r2, [r1, #15]
    ldrsb r3, [r1, #16]
    ldrsb r12, [r1, #17]
    pkhbt r5, r2, r3, lsl #16
    pkhbt r7, r7, r12, lsl #16
    ldrsb r2, [r1, #18]
    ldrsb r3, [r1, #19]
    ldrsb r8, [r1, #20]
    pkhbt r6, r2, r3, lsl #16
"
    };
}
/// Twice the weights.
macro_rules! doubled {
    ($weights:expr) => {
        concat!(
            $weights,
            "
    sadd16 r4, r4, r4
    sadd16 r5, r5, r5
    sadd16 r6, r6, r6
    sadd16 r7, r7, r7
    sadd16 r8, r8, r8
    sadd16 r9, r9, r9
"
        )
    };
}

/// The products of one row of six values in r10 to r12.
macro_rules! row1 {
    ($a:literal, $b:literal) => {
        concat!(
            "
    smlad r0, r10, ",
            $a,
            ", r0
    smlad r1, r11, ",
            $b,
            ", r1
    smlad r2, r11, ",
            $a,
            ", r2
    smlad r3, r12, ",
            $b,
            ", r3
    smlabt r0, r11, ",
            $b,
            ", r0
    smlatb r1, r10, ",
            $a,
            ", r1
    smlabt r2, r12, ",
            $b,
            ", r2
    smlatb r3, r11, ",
            $a,
            ", r3
"
        )
    };
}
macro_rules! sums1 {
    () => {
        concat!(
            get!("r3", "0"),
            "
    ldr r10, [lr], #12
    ldr r11, [lr, #-8]
    ldr r12, [lr, #-4]
    smlad r0, r10, r4, r3
    smlad r1, r11, r5, r3
    smlad r2, r11, r4, r3
    smlad r3, r12, r5, r3
    smlabt r0, r11, r5, r0
    smlatb r1, r10, r4, r1
    smlabt r2, r12, r5, r2
    smlatb r3, r11, r4, r3
    ldr r10, [lr]
    ldr r11, [lr, #4]
    ldr r12, [lr, #8]
",
            row1!("r6", "r7"),
            "
    ldr r10, [lr, #12]
    ldr r11, [lr, #16]
    ldr r12, [lr, #20]
",
            row1!("r8", "r9")
        )
    };
}

/// The products of one row of nine values, the first eight in r9 to r12; `$last` loads the ninth into r9.
macro_rules! row2 {
    ($pair:literal, $third:literal, $multiply:literal, $last:literal) => {
        concat!(
            "
    smlad r0, r9, ",
            $pair,
            ", r0
    smlad r1, r10, ",
            $pair,
            ", r1
    smlad r2, r11, ",
            $pair,
            ", r2
    smlad r3, r12, ",
            $pair,
            ", r3
    ",
            $last,
            "
    ",
            $multiply,
            " r0, r10, ",
            $third,
            ", r0
    ",
            $multiply,
            " r1, r11, ",
            $third,
            ", r1
    ",
            $multiply,
            " r2, r12, ",
            $third,
            ", r2
    ",
            $multiply,
            " r3, r9, ",
            $third,
            ", r3
"
        )
    };
}
macro_rules! sums2 {
    () => {
        concat!(
            get!("r3", "0"),
            "
    mov r0, r3
    mov r1, r3
    mov r2, r3
    ldr r9, [lr], #40
    ldr r10, [lr, #-36]
    ldr r11, [lr, #-32]
    ldr r12, [lr, #-28]
",
            row2!("r4", "r7", "smlabb", "ldr r9, [lr, #-24]"),
            "
    ldr r9, [lr, #-20]
    ldr r10, [lr, #-16]
    ldr r11, [lr, #-12]
    ldr r12, [lr, #-8]
",
            row2!("r5", "r7", "smlabt", "ldr r9, [lr, #-4]"),
            "
    ldr r9, [lr]
    ldr r10, [lr, #4]
    ldr r11, [lr, #8]
    ldr r12, [lr, #12]
",
            row2!("r6", "r8", "smlabb", "ldr r9, [lr, #16]")
        )
    };
}

/// [`PlaneRounding::Upper4`] and its kind.
macro_rules! upper {
    () => {
        "
    smmla r0, r0, r10, r11
    smmla r1, r1, r10, r11
    smmla r2, r2, r10, r11
    smmla r3, r3, r10, r11
    ssat r0, #8, r0, asr #{shift}
    ssat r1, #8, r1, asr #{shift}
    ssat r2, #8, r2, asr #{shift}
    ssat r3, #8, r3, asr #{shift}
"
    };
}
/// [`PlaneRounding::Twice`].
macro_rules! twice {
    () => {
        concat!(
            "
    smmlar r12, r0, r10, r11
    add r0, r12, r0, asr #31
    smmlar r12, r1, r10, r11
    add r1, r12, r1, asr #31
    smmlar r12, r2, r10, r11
    add r2, r12, r2, asr #31
    smmlar r12, r3, r10, r11
    add r3, r12, r3, asr #31
",
            get!("r10", "11"),
            "
    asr r0, r0, r10
    asr r1, r1, r10
    asr r2, r2, r10
    asr r3, r3, r10
    ssat r0, #8, r0
    ssat r1, #8, r1
    ssat r2, #8, r2
    ssat r3, #8, r3
"
        )
    };
}

/// Filters a channel with strides of 1.
///
/// # Safety
/// `scratch` is the first of `strips` strips of `rows + 2` rows of 12 bytes; `out` the first of
/// `rows` × (4 · (`strips` - 1) + `last`) results at the given steps; `record` the first of six words.
#[unsafe(naked)]
unsafe extern "C" fn filter1<const SHIFT: u32>(arguments: &Filter) {
    naked_asm!(filter!(weights1!(), sums1!(), upper!(), "12", "24"), shift = const SHIFT)
}
/// As [`filter1`], rounding twice.
///
/// # Safety
/// As [`filter1`].
#[unsafe(naked)]
unsafe extern "C" fn filter1_twice(arguments: &Filter) {
    naked_asm!(filter!(
        doubled!(weights1!()),
        sums1!(),
        twice!(),
        "12",
        "24"
    ))
}
/// Filters a channel with strides of 2.
///
/// # Safety
/// As [`filter1`], with `2 * rows + 1` rows of 20 bytes.
#[unsafe(naked)]
unsafe extern "C" fn filter2<const SHIFT: u32>(arguments: &Filter) {
    naked_asm!(filter!(weights2!(), sums2!(), upper!(), "40", "20"), shift = const SHIFT)
}
/// As [`filter2`], rounding twice.
///
/// # Safety
/// As [`filter2`].
#[unsafe(naked)]
unsafe extern "C" fn filter2_twice(arguments: &Filter) {
    naked_asm!(filter!(
        doubled!(weights2!()),
        sums2!(),
        twice!(),
        "40",
        "20"
    ))
}
