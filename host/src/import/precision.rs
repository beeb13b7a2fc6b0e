//! The arithmetic of an operator, as tables of what is supported name it.

use serde::Serialize;
use std::fmt;

/// What an operator's activations are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Precision {
    /// float32.
    #[serde(rename = "float")]
    Float,
    /// int8, with weights of int8 or less.
    #[serde(rename = "int8")]
    Int8,
    /// uint8, with weights of uint8, as int8 less by 128.
    #[serde(rename = "uint8")]
    Uint8,
    /// int16, with weights of int8.
    #[serde(rename = "int16x8")]
    Int16x8,
}

impl Precision {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Float, Self::Int8, Self::Uint8, Self::Int16x8];
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Float => "float",
            Self::Int8 => "int8",
            Self::Uint8 => "uint8",
            Self::Int16x8 => "int16\u{d7}8",
        })
    }
}
