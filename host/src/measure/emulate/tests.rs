use super::*;
use crate::elf::fixture::Fixture;
use crate::measure::cost::m4;
use std::process::Command;

/// Counts a loop with an IT block between two marks, says "ok" and exits with 3.
const PROGRAM: &[u16] = &[
    0x2005, // 40: movs r0, #5
    0xf000, 0xf81b, // 42: bl __mark (7c)
    0x2800, // 46: cmp r0, #0
    0xbfd4, // 48: ite le
    0x3101, // 4a: addle r1, #1
    0x3201, // 4c: addgt r2, #1
    0x3801, // 4e: subs r0, #1
    0xd1f9, // 50: bne 46
    0xf000, 0xf813, // 52: bl __mark (7c)
    0x2004, // 56: movs r0, #4 (SYS_WRITE0)
    0xa106, // 58: adr r1, 74
    0xbeab, // 5a: bkpt 0xab
    0x2020, // 5c: movs r0, #0x20 (SYS_EXIT_EXTENDED)
    0xa103, // 5e: adr r1, 6c
    0xbeab, // 60: bkpt 0xab
    0xe7fe, // 62: b .
    0xbf00, 0xbf00, 0xbf00, 0xbf00, // 64: up to a word boundary
    0x0026, 0x0002, 0x0003, 0x0000, // 6c: ADP_Stopped_ApplicationExit, 3
    0x6b6f, 0x0000, 0xbf00, 0xbf00, // 74: "ok"
    0x4770, // 7c: bx lr
];

fn program(code: &[u16]) -> Image {
    Image::parse(
        &Fixture::new(code)
            .symbol("main", 0x41)
            .symbol("__mark", 0x7d)
            .build(),
    )
    .unwrap()
}

fn machine() -> Machine {
    Machine {
        flash: Region {
            origin: 0,
            len: 0x1_0000,
        },
        ram: Region {
            origin: 0x2000_0000,
            len: 0x1000,
        },
        qemu_machine: Some("mps2-an386".into()),
        core: Core::M4F,
    }
}

fn run_with(emulator: Emulator, code: &[u16], limit: u64) -> Result<Run, EmulateError> {
    let options = RunOptions {
        instruction_limit: limit,
        ..RunOptions::default()
    };
    run(emulator, &program(code), &machine(), options)
}

/// The emulators to test: QEMU only where it is installed.
fn emulators() -> Vec<Emulator> {
    if Command::new("qemu-system-arm")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("skipped: no qemu-system-arm");
        return vec![Emulator::InProcess];
    }
    vec![Emulator::InProcess, Emulator::Qemu]
}

#[test]
fn counts_of_every_phase_are_exact() {
    for emulator in emulators() {
        let run = run_with(emulator, PROGRAM, 1000).unwrap();
        assert_eq!(
            (run.exit_code, run.stdout.as_slice()),
            (3, b"ok".as_slice()),
            "{emulator:?}"
        );
        let listed: Vec<Vec<_>> = run
            .phases
            .iter()
            .map(|phase| {
                phase
                    .counts
                    .iter()
                    .map(|(at, n)| (*at, n.size, n.executed, n.taken))
                    .collect()
            })
            .collect();
        let main = vec![(0x40, 2, 1, 0), (0x42, 4, 1, 1)];
        let mut looped: Vec<_> = (0x46..0x50).step_by(2).map(|at| (at, 2, 5, 0)).collect();
        looped.extend([(0x50, 2, 5, 4), (0x52, 4, 1, 1), (0x7c, 2, 1, 1)]);
        let mut ending: Vec<_> = (0x56..0x62).step_by(2).map(|at| (at, 2, 1, 0)).collect();
        ending.push((0x7c, 2, 1, 1));
        assert_eq!(listed, [main, looped, ending], "{emulator:?}");
        let cost = m4::Model::new(&program(PROGRAM)).cost(&run.phases[1]);
        assert_eq!(
            (cost.instructions, cost.taken, cost.cycles.mid),
            (32, 6, 44),
            "{emulator:?}"
        );
    }
}

#[test]
fn a_bad_access_is_a_fault_at_its_place() {
    // 40: movs r0, #0; mvns r0, r0; ldr r0, [r0]
    for emulator in emulators() {
        match run_with(emulator, &[0x2000, 0x43c0, 0x6800], 1000) {
            Err(EmulateError::Fault { at }) => {
                assert_eq!(at.function.as_deref(), Some("main"), "{emulator:?}");
                assert_eq!(
                    at.address,
                    if emulator == Emulator::InProcess {
                        0x44
                    } else {
                        0x40
                    }
                );
            }
            other => panic!("{emulator:?} gave {other:?}"),
        }
    }
}

#[test]
fn a_branch_to_itself_is_stuck_and_a_longer_loop_meets_the_limit() {
    for emulator in emulators() {
        let stuck = run_with(emulator, &[0x2000, 0xe7fe], 1000);
        assert!(
            matches!(&stuck, Err(EmulateError::Stuck { at }) if at.address == 0x42),
            "{stuck:?}"
        );
        let endless = run_with(emulator, &[0x3001, 0xe7fd], 1000);
        assert!(
            matches!(
                &endless,
                Err(EmulateError::InstructionLimit { limit: 1000, .. })
            ),
            "{endless:?}"
        );
    }
}

#[test]
fn what_the_in_process_emulator_cannot_do_is_named() {
    // 40: movs r0, #0x10 (SYS_CLOCK); bkpt 0xab
    let error = run_with(Emulator::InProcess, &[0x2010, 0xbeab], 1000).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("SYS_CLOCK (0x10) at 0x00000042 in main"),
        "{error}"
    );
    // 40: svc 0, with no handler but address 0
    let error = run_with(Emulator::InProcess, &[0xdf00], 1000).unwrap_err();
    assert!(
        matches!(
            error,
            EmulateError::Fault { .. } | EmulateError::Exception { .. }
        ),
        "{error}"
    );
    // 40: movs r0, #1; lsls r0, r0, #30; adds r0, #1; bx r0
    let error = run_with(Emulator::InProcess, &[0x2001, 0x0780, 0x3001, 0x4700], 1000).unwrap_err();
    assert!(
        matches!(&error, EmulateError::Escaped { from, .. } if from.address == 0x46),
        "{error}"
    );
    let m33 = Machine {
        core: Core::M33,
        ..machine()
    };
    let error = run(
        Emulator::InProcess,
        &program(PROGRAM),
        &m33,
        RunOptions::default(),
    )
    .unwrap_err();
    assert!(matches!(error, EmulateError::Unsupported { .. }), "{error}");
}

#[test]
fn segments_outside_the_machine_are_refused() {
    let mut image = program(PROGRAM);
    image.add_segment(0x1_0000, vec![0; 4]).unwrap();
    let error = run(
        Emulator::InProcess,
        &image,
        &machine(),
        RunOptions::default(),
    )
    .unwrap_err();
    assert!(
        matches!(
            error,
            EmulateError::DoesNotFit {
                address: 0x1_0000,
                len: 4,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn added_segments_are_there_when_the_program_runs() {
    // 40: movs r0, #1; lsls r0, r0, #12; ldr r2, [r0]; movs r0, #0x20; mov r1, r2; bkpt: the block's address is stored.
    let code = [0x2001, 0x0300, 0x6802, 0x2020, 0x0011, 0xbeab];
    let block = [0x1004u32, 0x2_0026, 9]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let mut image = program(&code);
    image.add_segment(0x1000, block).unwrap();
    for emulator in emulators() {
        let run = run(emulator, &image, &machine(), RunOptions::default()).unwrap();
        assert_eq!(run.exit_code, 9, "{emulator:?}");
    }
}

#[test]
fn progress_is_reported() {
    let mut seen = Vec::new();
    let mut note = |executed| seen.push(executed);
    // 40: ldr r0, [pc, #4] (48); subs r0, #1; bne 42; b .
    let code = [0x4801, 0x3801, 0xd1fd, 0xe7fe, 0x0000, 0x0040];
    let options = RunOptions {
        progress: Some(&mut note),
        ..RunOptions::default()
    };
    run(Emulator::InProcess, &program(&code), &machine(), options).unwrap_err();
    assert_eq!(seen, [1 << 22, 2 << 22]);
}
