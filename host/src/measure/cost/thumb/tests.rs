use super::*;

const WRITE_BACK: Class = Class::Load { write_back: true };
const REGISTER_STORE: Class = Class::Store {
    register_offset: true,
};

/// Halfwords, class, and the instruction as objdump writes it.
type Row = (u16, u16, Class, &'static str);

const NARROW: &[Row] = &[
    (0x2001, 0xffff, Class::Other, "movs r0, #1"),
    (0x4348, 0xffff, Class::Other, "muls r0, r1"),
    (0x4770, 0xffff, Class::Branch, "bx lr"),
    (0x4798, 0xffff, Class::Branch, "blx r3"),
    (0x46c1, 0xffff, Class::Other, "mov r9, r8"),
    (0x4801, 0xffff, LOAD, "ldr r0, [pc, #4]"),
    (0x5088, 0xffff, REGISTER_STORE, "str r0, [r1, r2]"),
    (0x5488, 0xffff, REGISTER_STORE, "strb r0, [r1, r2]"),
    (0x5688, 0xffff, LOAD, "ldrsb r0, [r1, r2]"),
    (0x5e88, 0xffff, LOAD, "ldrsh r0, [r1, r2]"),
    (0x6048, 0xffff, STORE, "str r0, [r1, #4]"),
    (0x7848, 0xffff, LOAD, "ldrb r0, [r1, #1]"),
    (0x8848, 0xffff, LOAD, "ldrh r0, [r1, #2]"),
    (0x9001, 0xffff, STORE, "str r0, [sp, #4]"),
    (0x9801, 0xffff, LOAD, "ldr r0, [sp, #4]"),
    (0xa801, 0xffff, Class::Other, "add r0, sp, #4"),
    (0xb082, 0xffff, Class::Other, "sub sp, #8"),
    (0xb100, 0xffff, Class::Branch, "cbz r0, ."),
    (0xbb00, 0xffff, Class::Branch, "cbnz r0, ."),
    (
        0xb510,
        0xffff,
        Class::StoreMultiple { words: 2 },
        "push {r4, lr}",
    ),
    (
        0xbdf0,
        0xffff,
        Class::LoadMultiple { words: 5 },
        "pop {r4-r7, pc}",
    ),
    (0xbf08, 0xffff, Class::Other, "it eq"),
    (0xbe00, 0xffff, Class::Other, "bkpt"),
    (
        0xc007,
        0xffff,
        Class::StoreMultiple { words: 3 },
        "stmia r0!, {r0-r2}",
    ),
    (
        0xc8ff,
        0xffff,
        Class::LoadMultiple { words: 8 },
        "ldmia r0, {r0-r7}",
    ),
    (0xd0fe, 0xffff, Class::Branch, "beq ."),
    (0xde00, 0xffff, Class::Other, "udf #0"),
    (0xdf00, 0xffff, Class::Other, "svc 0"),
    (0xe7fe, 0xffff, Class::Branch, "b ."),
];

const WIDE: &[Row] = &[
    (
        0xe92d,
        0x4ff0,
        Class::StoreMultiple { words: 9 },
        "stmdb sp!, {r4-fp, lr}",
    ),
    (
        0xe8bd,
        0x8ff0,
        Class::LoadMultiple { words: 9 },
        "ldmia sp!, {r4-fp, pc}",
    ),
    (
        0xe910,
        0x0006,
        Class::LoadMultiple { words: 2 },
        "ldmdb r0, {r1, r2}",
    ),
    (0xe9d0, 0x1202, Class::Double, "ldrd r1, r2, [r0, #8]"),
    (0xe8e0, 0x1202, Class::Double, "strd r1, r2, [r0], #8"),
    (0xe850, 0x1f00, LOAD, "ldrex r1, [r0]"),
    (0xe840, 0x2100, STORE, "strex r1, r2, [r0]"),
    (0xe8d0, 0x1f4f, LOAD, "ldrexb r1, [r0]"),
    (0xe8d0, 0x1f5f, Class::Other, "ldrexh r1, [r0]"),
    (0xe8c0, 0x2f41, Class::Other, "strexb r1, r2, [r0]"),
    (0xe8df, 0xf000, Class::TableBranch, "tbb [pc, r0]"),
    (0xe8df, 0xf010, Class::TableBranch, "tbh [pc, r0, lsl #1]"),
    (0xea4f, 0x0000, Class::Other, "mov.w r0, r0"),
    (0xf000, 0xf800, Class::Branch, "bl"),
    (0xf000, 0xb800, Class::Branch, "b.w"),
    (0xf000, 0x8000, Class::Branch, "beq.w"),
    (0xf3bf, 0x8f4f, Class::Other, "dsb"),
    (0xf3ef, 0x8010, Class::Other, "mrs r0, primask"),
    (0xf240, 0x0000, Class::Other, "movw r0, #0"),
    (0xf850, 0x1b04, WRITE_BACK, "ldr.w r1, [r0], #4"),
    (0xf850, 0x1f04, WRITE_BACK, "ldr.w r1, [r0, #4]!"),
    (0xf850, 0x1c04, LOAD, "ldr.w r1, [r0, #-4]"),
    (0xf850, 0x1022, LOAD, "ldr.w r1, [r0, r2, lsl #2]"),
    (0xf8d0, 0x1800, LOAD, "ldr.w r1, [r0, #2048]"),
    (0xf85f, 0x1b04, LOAD, "ldr.w r1, [pc, #-2820]"),
    (0xf850, 0x1e04, LOAD, "ldrt r1, [r0, #4]"),
    (0xf810, 0x1e04, Class::Other, "ldrbt r1, [r0, #4]"),
    (0xf840, 0x1e04, Class::Other, "strt r1, [r0, #4]"),
    (0xf890, 0xf000, Class::Other, "pld [r0]"),
    (0xf930, 0x1b02, WRITE_BACK, "ldrsh.w r1, [r0], #2"),
    (0xf840, 0x1b04, STORE, "str.w r1, [r0], #4"),
    (0xf840, 0x1022, REGISTER_STORE, "str.w r1, [r0, r2, lsl #2]"),
    (0xf8a0, 0x1800, STORE, "strh.w r1, [r0, #2048]"),
    (0xfb20, 0x1002, Class::Other, "smlad r0, r0, r2, r1"),
    (0xfb90, 0xf0f1, Class::Divide, "sdiv r0, r0, r1"),
    (0xfbb0, 0xf0f1, Class::Divide, "udiv r0, r0, r1"),
    (0xfba0, 0x0102, Class::Other, "umull r0, r1, r0, r2"),
];

const FLOAT: &[Row] = &[
    (0xed90, 0x0a01, LOAD, "vldr s0, [r0, #4]"),
    (0xed80, 0x0b01, STORE, "vstr d0, [r0, #4]"),
    (
        0xed2d,
        0x8b04,
        Class::StoreMultiple { words: 4 },
        "vpush {d8, d9}",
    ),
    (
        0xecbd,
        0x8b04,
        Class::LoadMultiple { words: 4 },
        "vpop {d8, d9}",
    ),
    (
        0xecb0,
        0x0a03,
        Class::LoadMultiple { words: 3 },
        "vldmia r0!, {s0-s2}",
    ),
    (0xec41, 0x0b10, Class::Other, "vmov d0, r0, r1"),
    (0xee30, 0x0a01, Class::Other, "vadd.f32 s0, s0, s2"),
    (0xee20, 0x0a01, Class::Other, "vmul.f32 s0, s0, s2"),
    (
        0xee00,
        0x0a01,
        Class::FloatMultiplyAccumulate,
        "vmla.f32 s0, s0, s2",
    ),
    (
        0xeea0,
        0x0a01,
        Class::FloatMultiplyAccumulate,
        "vfma.f32 s0, s0, s2",
    ),
    (
        0xee90,
        0x0a41,
        Class::FloatMultiplyAccumulate,
        "vfnma.f32 s0, s0, s2",
    ),
    (0xee80, 0x0a01, Class::FloatDivide, "vdiv.f32 s0, s0, s2"),
    (0xeeb1, 0x0ac1, Class::FloatDivide, "vsqrt.f32 s0, s2"),
    (0xeeb1, 0x0a41, Class::Other, "vneg.f32 s0, s2"),
    (0xeeb0, 0x0ac1, Class::Other, "vabs.f32 s0, s2"),
    (0xee00, 0x0a10, Class::Other, "vmov s0, r0"),
    (0xeef1, 0xfa10, Class::Other, "vmrs APSR_nzcv, fpscr"),
];

#[test]
fn every_class_is_that_of_the_architecture_manual() {
    for (bytes, table) in [(2, NARROW), (4, WIDE), (4, FLOAT)] {
        for (first, second, class, text) in table {
            assert_eq!(instruction_bytes(*first), bytes, "{text}");
            assert_eq!(classify(*first, *second), *class, "{text}");
        }
    }
}

/// Guards the tables above: the text beside an encoding is what another decoder calls it.
#[test]
fn objdump_reads_the_encodings_as_written_here() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("code.bin");
    let rows: Vec<&Row> = [NARROW, WIDE, FLOAT].into_iter().flatten().collect();
    // Four bytes each; the NOP also takes up the condition of an IT.
    let pair = |row: &Row| [row.0, if row.1 == 0xffff { 0xbf00 } else { row.1 }];
    let code: Vec<u8> = rows
        .iter()
        .flat_map(|row| pair(row))
        .flat_map(u16::to_le_bytes)
        .collect();
    std::fs::write(&file, code).unwrap();
    let arguments = [
        "-D",
        "-z",
        "-b",
        "binary",
        "-m",
        "arm",
        "-M",
        "force-thumb",
        "--no-show-raw-insn",
    ];
    let Ok(output) = std::process::Command::new("arm-none-eabi-objdump")
        .args(arguments)
        .arg(&file)
        .output()
    else {
        eprintln!("skipped: no arm-none-eabi-objdump");
        return;
    };
    let listing = String::from_utf8(output.stdout).unwrap();
    for (index, (_, _, _, text)) in rows.iter().enumerate() {
        let address = format!("{:x}:", 4 * index);
        let line = listing
            .lines()
            .find_map(|line| line.trim_start().strip_prefix(&address))
            .unwrap();
        let name = |text: &str| {
            text.split_whitespace()
                .next()
                .map(|word| word.trim_end_matches(".w").to_owned())
        };
        assert_eq!(
            name(line).map(|word| word.trim_end_matches(".n").to_owned()),
            name(text),
            "{line} for {text}"
        );
    }
}
