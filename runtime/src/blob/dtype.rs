//! What the elements of a tensor are.

use serde::{Deserialize, Serialize};

/// The type of a tensor's elements, little endian. The order is the encoding: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum DType {
    /// int8.
    I8,
    /// int16, two bytes.
    I16,
    /// int32, four bytes. Numbers that stand for themselves, as indices do, have scale 1 and zero
    /// point 0.
    I32,
    /// A byte that is 0 or 1; scale 1 and zero point 0.
    Bool,
}

impl DType {
    /// Bytes of an element, and the alignment of a tensor.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::I8 | Self::Bool => 1,
            Self::I16 => 2,
            Self::I32 => 4,
        }
    }

    /// The type's name, as NumPy has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::Bool => "bool",
        }
    }

    /// Smallest and largest value of an element.
    #[must_use]
    pub const fn range(self) -> (i32, i32) {
        match self {
            Self::I8 => (-128, 127),
            Self::I16 => (-32_768, 32_767),
            Self::I32 => (i32::MIN, i32::MAX),
            Self::Bool => (0, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_fills_the_element() {
        for dtype in [DType::I8, DType::I16, DType::I32] {
            let (min, max) = dtype.range();
            let values = i64::from(max) - i64::from(min) + 1;
            assert_eq!(values, 1 << (8 * dtype.bytes()), "{}", dtype.name());
        }
    }
}
