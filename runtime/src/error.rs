//! Errors: small, `Copy`, without text of their own until they are displayed.

use crate::fault::Fault;
use core::error::Error;
use core::fmt;

/// Why [`crate::Model::parse`] refuses bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ParseError {
    /// The bytes do not start at a multiple of [`crate::ALIGNMENT`]; [`crate::Aligned`] helps.
    Misaligned,
    /// Fewer or more bytes than the preamble states; a preamble needs 32.
    Length {
        /// Bytes that there should be.
        stated: u32,
        /// Bytes that there are (saturated).
        found: u32,
    },
    /// The bytes are no blob. Erased flash ends here too.
    Magic {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// Another major version of the format: compile the model again.
    Version {
        /// Major version of the blob.
        major: u16,
        /// Minor version of the blob.
        minor: u16,
    },
    /// The bytes are damaged.
    Checksum {
        /// CRC-32 in the preamble.
        stated: u32,
        /// CRC-32 of the bytes.
        computed: u32,
    },
    /// The preamble contradicts itself.
    Preamble(Fault),
    /// The program as a whole is wrong.
    Program(Fault),
    /// An input or output is wrong.
    Port {
        /// Which list.
        kind: PortKind,
        /// Place in the list.
        index: u32,
        /// What is wrong.
        fault: Fault,
    },
    /// A state is wrong.
    State {
        /// Place in the list.
        index: u32,
        /// What is wrong.
        fault: Fault,
    },
    /// A front-end is wrong.
    Frontend {
        /// Place in the list.
        index: u32,
        /// What is wrong.
        fault: Fault,
    },
    /// A step is wrong.
    Step {
        /// Place in the program.
        index: u32,
        /// What is wrong.
        fault: Fault,
    },
}

/// A list of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum PortKind {
    /// Inputs of the model.
    Input,
    /// Outputs of the model.
    Output,
}

/// Why a caller's buffer does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RunError {
    /// The arena is smaller than [`crate::Model::arena_bytes`].
    ArenaTooSmall {
        /// Bytes that the model needs.
        needed: usize,
        /// Bytes that there are.
        found: usize,
    },
    /// The arena does not start at a multiple of [`crate::ALIGNMENT`]; [`crate::Aligned`] helps.
    ArenaMisaligned,
    /// A buffer of real values is not as long as the input or output.
    Length {
        /// Values that the input or output has.
        expected: usize,
        /// Values that there are.
        found: usize,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Misaligned => f.write_str("the model is not 16-byte aligned, wrap it in Aligned"),
            Self::Length { stated, found } => {
                write!(f, "the model is {stated} bytes long, {found} are there")
            }
            Self::Magic { found } => write!(f, "no model here, the bytes start with {found:02x?}"),
            Self::Version { major, minor } => write!(
                f,
                "the model has format {major}.{minor}, this runtime reads {}.x, compile it again",
                crate::blob::MAJOR
            ),
            Self::Checksum { stated, computed } => write!(
                f,
                "the model is damaged, its checksum is {computed:08x} instead of {stated:08x}"
            ),
            Self::Preamble(fault) => write!(f, "the preamble is wrong, {fault}"),
            Self::Program(fault) => write!(f, "the program is wrong, {fault}"),
            Self::Port { kind, index, fault } => match kind {
                PortKind::Input => write!(f, "input {index} is wrong, {fault}"),
                PortKind::Output => write!(f, "output {index} is wrong, {fault}"),
            },
            Self::State { index, fault } => write!(f, "state {index} is wrong, {fault}"),
            Self::Frontend { index, fault } => write!(f, "front-end {index} is wrong, {fault}"),
            Self::Step { index, fault } => write!(f, "step {index} is wrong, {fault}"),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ArenaTooSmall { needed, found } => {
                write!(f, "the arena needs {needed} bytes and has {found}")
            }
            Self::ArenaMisaligned => {
                f.write_str("the arena is not 16-byte aligned, wrap it in Aligned")
            }
            Self::Length { expected, found } => {
                write!(f, "{expected} values are expected and {found} are there")
            }
        }
    }
}

impl Error for ParseError {}
impl Error for RunError {}
