//! What a board needs, whether it is there, and how to get it.

mod install;

pub use install::{FixError, fix, install_qemu};

#[cfg(feature = "probe")]
use super::probe;
use super::toolchain::version;
use super::{Board, Toolchain};
use serde::Serialize;
use std::path::Path;

/// QEMU's program for Arm, and Debian's package of it.
const QEMU: &str = "qemu-system-arm";

/// Support for debug probes.
const PROBES: &str = "debug probes, for the real board";

/// One thing that a board needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked for.
    pub what: String,
    /// Whether the board can be built and emulated without it.
    pub optional: bool,
    /// What was found.
    pub state: State,
}

impl Check {
    /// Whether the board cannot be built or emulated for want of this.
    #[must_use]
    pub fn is_in_the_way(&self) -> bool {
        !self.optional && matches!(self.state, State::Missing { .. })
    }
}

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is there; the text says which.
    Ok(String),
    /// It is not.
    Missing {
        /// What was looked for in vain.
        why: String,
        /// What to do.
        remedy: String,
    },
}

/// Looks for everything that building and emulating `board` takes.
#[must_use]
pub fn check(board: &Board) -> Vec<Check> {
    let mut checks = vec![check_compiler(board)];
    if let Some(machine) = board
        .emulator
        .as_ref()
        .and_then(|emulator| emulator.qemu_machine.as_deref())
    {
        checks.push(check_qemu(board, machine));
    }
    if let Some(chip) = board.chip.as_deref() {
        checks.extend(check_hardware(board, chip));
    }
    checks
}

fn check_compiler(board: &Board) -> Check {
    let state = match Toolchain::find(&board.target, &board.id) {
        Ok(toolchain) => State::Ok(toolchain.describe()),
        Err(error) => State::Missing {
            why: error.to_string(),
            remedy: format!("tiivis doctor --fix --board {}", board.id),
        },
    };
    Check {
        what: format!("compiler and linker for {}", board.target),
        optional: false,
        state,
    }
}

fn check_qemu(board: &Board, machine: &str) -> Check {
    let in_process = board
        .emulator
        .as_ref()
        .is_some_and(|emulator| emulator.in_process);
    let state = match version(Path::new(QEMU)) {
        Some(version) => State::Ok(version),
        None => State::Missing {
            why: format!("{QEMU} does not answer"),
            remedy: "tiivis doctor --fix --qemu, or your system's package of it".into(),
        },
    };
    Check {
        what: format!("QEMU (machine {machine})"),
        optional: in_process,
        state,
    }
}

/// What the real board takes; the emulated one does without.
#[cfg(feature = "probe")]
fn check_hardware(board: &Board, chip: &str) -> Vec<Check> {
    let known = match probe::check_chip(board) {
        Ok(()) => State::Ok("known; core, flash, RAM and erase sectors agree".into()),
        Err(error) => State::Missing {
            why: error.to_string(),
            remedy: format!("edit the file of board {}", board.id),
        },
    };
    let probes = probe::attached();
    let attached = if probes.is_empty() {
        State::Missing {
            why: "none is plugged in".into(),
            remedy: "connect one; the emulators need none".into(),
        }
    } else {
        State::Ok(probes.join("; "))
    };
    let optional = |what: &str, state| Check {
        what: what.into(),
        optional: true,
        state,
    };
    vec![
        optional(PROBES, State::Ok("compiled in".into())),
        optional(&format!("probe-rs' description of chip {chip}"), known),
        optional("debug probes that are plugged in", attached),
    ]
}

#[cfg(not(feature = "probe"))]
fn check_hardware(_: &Board, _: &str) -> Vec<Check> {
    vec![Check {
        what: PROBES.into(),
        optional: true,
        state: State::Missing {
            why: "this tiivis was built without the feature `probe`".into(),
            remedy: "cargo install tiivis, without --no-default-features".into(),
        },
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::find;

    #[test]
    fn a_board_without_an_in_process_emulator_needs_qemu() {
        let mut board = find("netduinoplus2").expect("there");
        let qemu = |board: &Board| {
            let checks = check(board);
            checks
                .iter()
                .find(|check| check.what.contains("QEMU"))
                .map(|check| check.optional)
        };
        assert_eq!(qemu(&board), Some(true));
        if let Some(emulator) = board.emulator.as_mut() {
            emulator.in_process = false;
        }
        assert_eq!(qemu(&board), Some(false));
    }

    #[test]
    fn a_board_file_that_contradicts_its_chip_is_reported_and_not_in_the_way() {
        let mut board = find("netduinoplus2").expect("there");
        let about_probes = |board: &Board| -> Vec<Check> {
            let checks = check(board).into_iter();
            checks
                .filter(|check| check.what.contains("probe"))
                .collect()
        };
        let checks = about_probes(&board);
        assert!(checks.iter().all(|check| !check.is_in_the_way()));
        if cfg!(feature = "probe") {
            assert_eq!(checks.len(), 3);
            assert!(matches!(checks[1].state, State::Ok(_)), "{checks:?}");
            board.ram.bytes *= 2;
            let checks = about_probes(&board);
            assert!(matches!(&checks[1].state, State::Missing { why, .. } if why.contains("ram")));
            assert!(!checks[1].is_in_the_way());
        } else {
            assert_eq!(checks.len(), 1);
            assert!(
                matches!(checks[0].state, State::Missing { .. }),
                "{checks:?}"
            );
        }
        board.chip = None;
        assert!(about_probes(&board).is_empty());
    }
}
