//! `tiivis boards`.

use super::output;
use crate::board;
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
                format!("{} KiB", board.flash.length_bytes / 1024),
                format!("{} KiB", board.ram.length_bytes / 1024),
                board.emulators().join(", "),
            ]);
        }
        output::text(table)
    }
}
