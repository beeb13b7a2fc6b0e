//! Which instruction set a model is compiled for.

use crate::board::Board;
use clap::ValueEnum;
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

/// What is asked for, else what the board has, else what any core runs.
pub(super) fn choose(asked: Option<IsaName>, board: Option<&Board>) -> Isa {
    match (asked, board) {
        (Some(name), _) => name.into(),
        (None, Some(board)) => board.isa(),
        (None, None) => Isa::Portable,
    }
}
