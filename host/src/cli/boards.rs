//! `tiivis boards`.

use super::output;
use crate::board::{self, Board};
use crate::report::{Align, Table};
use clap::Args;

/// Lists the boards
///
/// Example: tiivis boards
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Boards {
    /// Print the board files' contents as JSON.
    #[arg(long)]
    json: bool,
}

impl Boards {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let boards = board::all()?;
        if self.json {
            return output::json(&boards);
        }
        let mut table = Table::new(&[
            ("board", Align::Left),
            ("core", Align::Left),
            ("clock", Align::Right),
            ("flash", Align::Right),
            ("RAM", Align::Right),
            ("runs in", Align::Left),
        ]);
        for board in &boards {
            table.row([
                board.id.clone(),
                board.core.to_string(),
                format!("{} MHz", board.clock_hz / 1_000_000),
                format!("{} KiB", board.flash.bytes / 1024),
                format!("{} KiB", board.ram.bytes / 1024),
                emulators(board),
            ]);
        }
        output::text(table)
    }
}

/// What executes a board's firmware.
fn emulators(board: &Board) -> String {
    let Some(emulator) = &board.emulator else {
        return "nothing yet".to_owned();
    };
    let own = emulator.in_process.then_some("in-process emulator");
    let qemu = emulator.qemu_machine.as_ref().map(|_| "QEMU");
    own.into_iter().chain(qemu).collect::<Vec<_>>().join(", ")
}
