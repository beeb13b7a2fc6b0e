//! The board file.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tiivis_runtime::blob::Isa;

/// A board, as its TOML file describes it. Data only: what a file cannot say belongs into the
/// firmware.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The file's stem, lower-case kebab; what users type.
    #[serde(skip_deserializing)]
    pub id: String,
    /// The file's text; the firmware's build script reads the same.
    #[serde(skip)]
    pub text: String,
    /// Name for people.
    pub name: String,
    /// One line: what it is.
    pub description: String,
    /// The chip's name in probe-rs, or absent if there is no such board or it was never tried.
    pub chip: Option<String>,
    /// The core.
    pub core: Core,
    /// Rust's target triple.
    pub target: String,
    /// What the core has beyond its architecture.
    pub features: Features,
    /// Clock in Hz at which latencies are stated.
    pub clock_hz: u32,
    /// RAM in bytes kept for the stack, a multiple of 8; it lies at the lower end of RAM.
    pub stack_bytes: u32,
    /// The table that prices instructions.
    pub cost_model: CostModel,
    /// What else a user should know, a sentence each.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Code memory.
    pub flash: Flash,
    /// Data memory.
    pub ram: Ram,
    /// How it is emulated, or absent if it is not.
    pub emulator: Option<Emulator>,
}

/// Cores for which there are a firmware and a cost model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Core {
    /// Armv7E-M.
    #[serde(rename = "cortex-m4")]
    CortexM4,
}

impl std::fmt::Display for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CortexM4 => "Cortex-M4",
        })
    }
}

/// Optional parts of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Has a floating-point unit; the target triple must say the same.
    pub fpu: bool,
    /// Has the DSP extension (SMLAD and its kind).
    pub dsp: bool,
}

/// Code memory: the firmware from the start to `model_offset`, models from there to the end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Flash {
    /// Address of the first byte.
    pub start: u32,
    /// Length in bytes.
    pub bytes: u32,
    /// The erase sectors from the first on; together as long as the flash.
    pub sectors: Vec<Sectors>,
    /// Bytes from the start to the model region; starts on a sector, a multiple of 16.
    pub model_offset: u32,
}

/// Equal erase sectors that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sectors {
    /// How many.
    pub count: u32,
    /// Bytes of one.
    pub bytes: u32,
}

/// Data memory, one region: from below the stack, statics, the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Ram {
    /// Address of the first byte, a multiple of 8.
    pub start: u32,
    /// Length in bytes, a multiple of 8.
    pub bytes: u32,
}

/// How a board is emulated.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Emulator {
    /// `qemu-system-arm -M` this, or absent if QEMU has no such machine.
    pub qemu_machine: Option<String>,
    /// The emulator that is part of the program can run it.
    pub in_process: bool,
}

/// Tables that price instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum CostModel {
    /// Cortex-M4 with zero wait states.
    #[serde(rename = "m4")]
    M4,
}

/// Why there is no board.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// No board file has this name.
    #[error("board `{id}` is not known, the nearest are {}; `tiivis boards` lists all, and the path of a .toml file does too", nearest.join(", "))]
    Unknown {
        /// What was asked for.
        id: String,
        /// Similar ids, the most similar first.
        nearest: Vec<String>,
    },
    /// The file cannot be read.
    #[error("cannot read board file `{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML, lacks a field or has one too many.
    #[error("the file of board `{id}` is not sound: {}", source.to_string().trim_end())]
    Format {
        /// The board.
        id: String,
        /// What is wrong, with its line.
        source: toml::de::Error,
    },
    /// A field contradicts another or leaves its range.
    #[error("board `{id}`: {field} is {found}, expected {expected}")]
    Field {
        /// The board.
        id: String,
        /// The field.
        field: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
}

impl Board {
    /// Reads and checks the text of a board file.
    ///
    /// # Errors
    ///
    /// [`BoardError::Format`] and [`BoardError::Field`].
    pub fn parse(id: &str, text: &str) -> Result<Self, BoardError> {
        let mut board: Self = toml::from_str(text).map_err(|source| BoardError::Format {
            id: id.into(),
            source,
        })?;
        board.id = id.into();
        board.text = text.into();
        board.validate()?;
        Ok(board)
    }

    /// Address of the model region.
    #[must_use]
    pub fn model_address(&self) -> u32 {
        self.flash.start + self.flash.model_offset
    }

    /// What weights are packed for, and what kernels the firmware has.
    #[must_use]
    pub fn isa(&self) -> Isa {
        match self.features.dsp {
            true => Isa::Dsp,
            false => Isa::Portable,
        }
    }

    /// Bytes of the model region.
    #[must_use]
    pub fn model_region_bytes(&self) -> u32 {
        self.flash.bytes - self.flash.model_offset
    }
}
