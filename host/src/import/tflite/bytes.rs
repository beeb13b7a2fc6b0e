//! Whole numbers as constants have them, little-endian.

/// A number of 2, 4 or 8 bytes.
pub(super) fn integer(bytes: &[u8]) -> i64 {
    match *bytes {
        [a, b] => i16::from_le_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]).into(),
        _ => i64::from_le_bytes(bytes.try_into().expect("eight bytes")),
    }
}

/// The two int4 of a byte, the first in the lower half (`PackInt4`,
/// `kernels/internal/portable_tensor_utils.h`).
pub(super) fn halves(byte: u8) -> [i8; 2] {
    let byte = i8::from_le_bytes([byte]);
    [(byte << 4) >> 4, byte >> 4]
}
