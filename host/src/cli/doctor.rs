//! `tiivis doctor`.

use super::{output, progress};
use crate::board::{self, doctor};
use anyhow::bail;
use clap::Args;

/// Says what this machine lacks to build for and run a board, and installs it
///
/// A thumb target that is installed is used; else, where RUSTUP_AUTO_INSTALL is 0, Debian's
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
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let boards = match &self.board {
            Some(id) => vec![board::find(id)?],
            None => board::all()?,
        };
        if self.fix {
            let bar = progress::spinner("installing what is missing");
            doctor::fix(&boards, &mut |line| bar.println(format!("  {line}")))?;
            bar.finish_and_clear();
        }
        let checks = doctor::examine(&boards);
        if self.json {
            output::json(&checks)?;
        } else {
            for check in &checks {
                output::text(format_args!("{check}\n"))?;
            }
        }
        let missing = checks.iter().filter(|check| check.is_needed_and_missing()).count();
        if missing > 0 {
            bail!("{missing} needed things are missing: see above, or run `tiivis doctor --fix`");
        }
        Ok(())
    }
}
