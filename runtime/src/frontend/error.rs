//! Why a front-end cannot be set up.

use crate::fault::Fault;
use core::error::Error;
use core::fmt;

/// Why [`super::Frontend::new`] or [`super::Frontend::from_spec`] gives none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum FrontendError {
    /// The model has fewer front-ends.
    Missing {
        /// Which one was asked for.
        index: usize,
    },
    /// The memory is smaller than [`super::Frontend::memory_bytes`].
    MemoryTooSmall {
        /// Bytes that the front-end needs.
        needed: usize,
        /// Bytes that there are.
        found: usize,
    },
    /// The memory does not start at a multiple of [`crate::ALIGNMENT`]; [`crate::Aligned`] helps.
    MemoryMisaligned,
    /// The description is wrong.
    Spec(Fault),
}

impl fmt::Display for FrontendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Missing { index } => write!(f, "the model has no front-end {index}"),
            Self::MemoryTooSmall { needed, found } => {
                write!(f, "the front-end needs {needed} bytes and has {found}")
            }
            Self::MemoryMisaligned => {
                f.write_str("the front-end's memory is not 16-byte aligned, wrap it in Aligned")
            }
            Self::Spec(fault) => write!(f, "the front-end is wrong, {fault}"),
        }
    }
}

impl Error for FrontendError {}
