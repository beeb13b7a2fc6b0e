//! What can go wrong while simplifying: only what a defect of a pass does.

use thiserror::Error;

/// Why a graph could not be simplified.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PassError {
    /// A pass left a graph that is not sound.
    #[error("the graph is not sound after pass `{pass}`, which is a defect of the compiler")]
    Broken {
        /// The pass.
        pass: &'static str,
        /// What is wrong.
        source: Box<crate::ir::VerifyError>,
    },
    /// Passes undo each other's work.
    #[error(
        "pass `{pass}` still changes the graph after {rounds} rounds, which is a defect of the \
         compiler"
    )]
    Unsettled {
        /// The pass that changed something in the last round.
        pass: &'static str,
        /// Rounds.
        rounds: usize,
    },
}
