//! What a model is compiled for.

use super::model;
use crate::board::Board;
use crate::lower::Goal;
use anyhow::bail;
use clap::{Args, ValueEnum};
use std::path::Path;
use tiivis_runtime::blob::Isa;

/// As users type it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum IsaName {
    /// Any core.
    Portable,
    /// Cores with the DSP extension: Cortex-M4, M7, and M33 and M55 where they have it.
    Dsp,
}

impl From<IsaName> for Isa {
    fn from(name: IsaName) -> Self {
        match name {
            IsaName::Portable => Self::Portable,
            IsaName::Dsp => Self::Dsp,
        }
    }
}

/// What comes first, as users type it.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum GoalName {
    /// Weights as long as they are, and kernels as fast as these allow.
    #[default]
    Balanced,
    /// The fewest cycles, at the price of longer weights and more scratch.
    Speed,
    /// The smallest arena.
    Ram,
    /// The smallest blob and firmware.
    Flash,
}

impl From<GoalName> for Goal {
    fn from(name: GoalName) -> Self {
        match name {
            GoalName::Balanced => Self::Balanced,
            GoalName::Speed => Self::Speed,
            GoalName::Ram => Self::Ram,
            GoalName::Flash => Self::Flash,
        }
    }
}

/// What a model is compiled for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Target {
    pub(super) isa: Isa,
    pub(super) goal: Goal,
}

impl From<Isa> for Target {
    fn from(isa: Isa) -> Self {
        Self {
            isa,
            goal: Goal::default(),
        }
    }
}

/// What a model file is compiled for on its way to a board; a compiled model has no choice left.
#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// Compile a .tflite for this instruction set instead of the board's.
    #[arg(long, value_name = "ISA")]
    isa: Option<IsaName>,
    /// Compile a .tflite with this first: balanced [the default], speed, ram or flash.
    #[arg(long, value_name = "GOAL", hide_possible_values = true)]
    optimize: Option<GoalName>,
}

impl TargetArgs {
    /// What `path` is compiled for; an error if it is compiled, and something is asked for.
    pub(super) fn target(&self, path: &Path, board: &Board) -> anyhow::Result<Target> {
        if (self.isa.is_some() || self.optimize.is_some()) && model::is_blob(path)? {
            bail!(
                "`{}` is compiled already, and its weights are packed: leave --isa and --optimize out, or give the \
                 model file that it was made from",
                path.display()
            );
        }
        Ok(Target {
            isa: choose(self.isa, Some(board)),
            goal: self.optimize.unwrap_or_default().into(),
        })
    }
}

/// What is asked for, else what the board has, else what any core runs.
pub(super) fn choose(asked: Option<IsaName>, board: Option<&Board>) -> Isa {
    match (asked, board) {
        (Some(name), _) => name.into(),
        (None, Some(board)) => board.isa(),
        (None, None) => Isa::Portable,
    }
}
