//! `tiivis doctor`.

use super::{output, progress};
use crate::board::doctor::{self, Check, State};
use crate::board::{self, Board};
use crate::report::{Align, Table};
use anyhow::bail;
use clap::Args;
use serde::Serialize;

/// Says what this machine lacks to build for and run a board, and installs it
///
/// A thumb target that is installed is used; else, where `RUSTUP_AUTO_INSTALL` is 0, Debian's
/// packages are installed; else `rustup target add` is called.
///
/// Example: tiivis doctor --board mps2-an386 --fix
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Doctor {
    /// Look at what this board needs only.
    #[arg(long, value_name = "BOARD")]
    board: Option<String>,
    /// Install what is missing.
    #[arg(long)]
    fix: bool,
    /// With --fix: install QEMU too, which is optional where the in-process emulator serves.
    #[arg(long, requires = "fix")]
    qemu: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Examined<'a> {
    board: &'a str,
    checks: Vec<Check>,
}

impl Doctor {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let boards = match &self.board {
            Some(id) => vec![board::find(id)?],
            None => board::all()?,
        };
        if self.fix {
            self.install(&boards)?;
        }
        let examined: Vec<_> = boards
            .iter()
            .map(|board| Examined {
                board: &board.id,
                checks: doctor::check(board),
            })
            .collect();
        if self.json {
            output::json(&examined)?;
        } else {
            output::text(table(&examined))?;
        }
        let missing = examined
            .iter()
            .flat_map(|board| &board.checks)
            .filter(|check| check.is_in_the_way());
        if missing.count() > 0 {
            bail!("needed things are missing: run `tiivis doctor --fix`");
        }
        Ok(())
    }

    fn install(&self, boards: &[Board]) -> anyhow::Result<()> {
        let bar = progress::spinner("installing what is missing");
        let mut say = |line: &str| progress::say(&bar, line);
        for board in boards {
            doctor::fix(board, &mut say)?;
        }
        if self.qemu {
            doctor::install_qemu(&mut say)?;
        }
        bar.finish_and_clear();
        Ok(())
    }
}

fn table(examined: &[Examined<'_>]) -> String {
    let mut table = Table::new(&[
        ("board", Align::Left),
        ("what", Align::Left),
        ("state", Align::Left),
        ("", Align::Left),
    ]);
    for Examined { board, checks } in examined {
        for check in checks {
            let (state, detail) = match &check.state {
                State::Ok(detail) => ("ok", detail.clone()),
                State::Missing { why, remedy } if check.optional => {
                    ("optional", format!("{why}: {remedy}"))
                }
                State::Missing { why, remedy } => ("MISSING", format!("{why}: {remedy}")),
            };
            table.row([
                (*board).to_owned(),
                check.what.clone(),
                state.to_owned(),
                detail,
            ]);
        }
    }
    table.to_string()
}
