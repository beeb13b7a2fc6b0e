//! The kernels for cores with the DSP extension, on the emulated core, against the portable ones.

use tiivis::board;
use tiivis::measure::bench::check_kernels;
use tiivis::measure::emulate::Emulator;
use tiivis_tests::{BOARD, set_up_board};

#[test]
fn every_kernel_is_its_portable_form_on_both_emulators() {
    set_up_board();
    let board = board::find(BOARD).expect("the board");
    let lines = |emulator| {
        check_kernels(&board, emulator, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"))
    };
    let found = lines(Emulator::Qemu);
    println!("{found:#?}");
    let cases = |line: &String| {
        let (_, counted) = line.split_once(": ")?;
        let (number, _) = counted.strip_suffix(" equal")?.split_once(' ')?;
        number.parse::<u32>().ok()
    };
    assert!(!found.is_empty());
    for line in &found {
        assert!(cases(line).is_some_and(|cases| cases >= 1000), "{line}");
    }
    assert_eq!(lines(Emulator::InProcess), found);
}
