//! The checksum of a blob.

/// CRC-32 as in IEEE 802.3, zip and PNG: polynomial 0x04c11db7, reflected, initial value and final
/// exclusive or all ones.
///
/// Four bits at a time from a table of 64 bytes: a bitwise one takes four times as long at every
/// boot, the usual one of 1 KB is more flash than many kernels.
#[derive(Clone, Copy, Debug)]
pub struct Crc32(u32);

/// Remainders of the 16 values of four bits, by the reflected polynomial 0xedb88320.
const REMAINDERS: [u32; 16] = remainders();

const fn remainders() -> [u32; 16] {
    let mut table = [0; 16];
    let mut nibble = 0u32;
    let mut at = 0;
    while at < table.len() {
        let mut remainder = nibble;
        let mut bit = 0;
        while bit < 4 {
            let low = remainder & 1;
            remainder = (remainder >> 1) ^ (0xedb8_8320 * low);
            bit += 1;
        }
        table[at] = remainder;
        at += 1;
        nibble += 1;
    }
    table
}

impl Crc32 {
    /// Of no bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self(!0)
    }

    /// With `bytes` appended.
    #[must_use]
    pub fn update(self, bytes: &[u8]) -> Self {
        let step = |crc: u32| (crc >> 4) ^ REMAINDERS[crate::index(crc & 15)];
        Self(
            bytes
                .iter()
                .fold(self.0, |crc, &byte| step(step(crc ^ u32::from(byte)))),
        )
    }

    /// The checksum.
    #[must_use]
    pub const fn finish(self) -> u32 {
        !self.0
    }
}

impl Default for Crc32 {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_catalogue() {
        assert_eq!(Crc32::new().update(b"123456789").finish(), 0xcbf4_3926);
        assert_eq!(Crc32::new().finish(), 0);
    }

    #[test]
    fn pieces_give_the_checksum_of_the_whole() {
        let whole = Crc32::new().update(b"123456789");
        let pieces = Crc32::new().update(b"1234").update(b"").update(b"56789");
        assert_eq!(whole.finish(), pieces.finish());
    }
}
