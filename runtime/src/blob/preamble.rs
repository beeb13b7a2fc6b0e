//! The first 32 bytes of a blob.

use super::Crc32;
use crate::error::ParseError;
use crate::fault::Fault;
use crate::index;

/// First bytes of a blob.
pub const MAGIC: [u8; 4] = *b"TIIV";
/// Major version: a runtime reads this one and no other.
pub const MAJOR: u16 = 2;
/// Minor version: additions that a runtime of the same major version may not know.
pub const MINOR: u16 = 0;
/// Length of the preamble; the program starts here.
pub const PREAMBLE_BYTES: u32 = 32;
/// Alignment of the data part and of weight sections in it, relative to the blob's start.
pub const DATA_ALIGNMENT: u32 = 16;

/// What the preamble says. Little endian:
///
/// | Offset | Type | Field |
/// |---:|---|---|
/// | 0 | 4 bytes | magic, `TIIV` |
/// | 4 | u16 | major version |
/// | 6 | u16 | minor version |
/// | 8 | u32 | length of the blob in bytes |
/// | 12 | u32 | CRC-32 of every byte but these four |
/// | 16 | u32 | flags, 0 |
/// | 20 | u32 | length of the program in bytes; it starts at 32 |
/// | 24 | u32 | offset of the data part, a multiple of 16 |
/// | 28 | u32 | reserved, 0 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preamble {
    /// Length of the whole blob.
    pub total_len: u32,
    /// CRC-32 of every byte of the blob but the checksum's own four.
    pub checksum: u32,
    /// Length of the postcard-encoded program.
    pub program_len: u32,
    /// Where the data part starts.
    pub data_offset: u32,
}

impl Preamble {
    /// Reads the preamble at the start of `bytes`, which may be longer than the blob: a firmware
    /// that finds a model in a flash region learns its length here.
    ///
    /// # Errors
    ///
    /// [`ParseError::Length`] under 32 bytes, [`ParseError::Magic`], [`ParseError::Version`], and
    /// [`ParseError::Preamble`] where flags or reserved bits are set or the parts do not follow
    /// each other.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let Some(fields) = bytes.first_chunk::<32>() else {
            return Err(ParseError::Length {
                stated: PREAMBLE_BYTES,
                found: saturated(bytes.len()),
            });
        };
        let found = [fields[0], fields[1], fields[2], fields[3]];
        if found != MAGIC {
            return Err(ParseError::Magic { found });
        }
        let (major, minor) = (half(fields, 4), half(fields, 6));
        if major != MAJOR {
            return Err(ParseError::Version { major, minor });
        }
        if word(fields, 16) != 0 || word(fields, 28) != 0 {
            return Err(ParseError::Preamble(Fault::Reserved));
        }
        let this = Self {
            total_len: word(fields, 8),
            checksum: word(fields, 12),
            program_len: word(fields, 20),
            data_offset: word(fields, 24),
        };
        let program_end = PREAMBLE_BYTES.checked_add(this.program_len);
        let in_order = program_end.is_some_and(|end| end <= this.data_offset)
            && this.data_offset <= this.total_len
            && this.data_offset.is_multiple_of(DATA_ALIGNMENT);
        if in_order {
            Ok(this)
        } else {
            Err(ParseError::Preamble(Fault::Layout))
        }
    }

    /// Writes the preamble.
    pub fn emit(&self, out: &mut [u8; 32]) {
        *out = [0; 32];
        out[..4].copy_from_slice(&MAGIC);
        out[4..6].copy_from_slice(&MAJOR.to_le_bytes());
        out[6..8].copy_from_slice(&MINOR.to_le_bytes());
        out[8..12].copy_from_slice(&self.total_len.to_le_bytes());
        out[12..16].copy_from_slice(&self.checksum.to_le_bytes());
        out[20..24].copy_from_slice(&self.program_len.to_le_bytes());
        out[24..28].copy_from_slice(&self.data_offset.to_le_bytes());
    }

    /// CRC-32 of a blob, which is at least 16 bytes long; the field itself is left out.
    ///
    /// # Panics
    ///
    /// If `blob` is shorter.
    #[must_use]
    pub fn checksum_of(blob: &[u8]) -> u32 {
        Crc32::new()
            .update(&blob[..12])
            .update(&blob[16..])
            .finish()
    }

    /// The parts of a blob that is `total_len` bytes long: program, padding, data.
    pub(crate) fn split<'a>(&self, blob: &'a [u8]) -> (&'a [u8], &'a [u8], &'a [u8]) {
        let (head, data) = blob.split_at(index(self.data_offset));
        let (program, padding) = head[index(PREAMBLE_BYTES)..].split_at(index(self.program_len));
        (program, padding, data)
    }
}

fn half(fields: &[u8; 32], at: usize) -> u16 {
    u16::from_le_bytes([fields[at], fields[at + 1]])
}

fn word(fields: &[u8; 32], at: usize) -> u32 {
    u32::from_le_bytes([fields[at], fields[at + 1], fields[at + 2], fields[at + 3]])
}

/// A length for an error message.
pub(crate) fn saturated(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Preamble = Preamble {
        total_len: 80,
        checksum: 0x0102_0304,
        program_len: 5,
        data_offset: 48,
    };

    #[test]
    fn what_is_emitted_is_parsed() {
        let mut bytes = [0xff; 32];
        GOOD.emit(&mut bytes);
        assert_eq!(Preamble::parse(&bytes), Ok(GOOD));
    }

    #[test]
    fn every_field_is_judged() {
        let refused = |at: usize, value: u8| {
            let mut bytes = [0; 32];
            GOOD.emit(&mut bytes);
            bytes[at] = value;
            Preamble::parse(&bytes)
        };
        assert_eq!(refused(0, b'X'), Err(ParseError::Magic { found: *b"XIIV" }));
        assert_eq!(
            refused(4, 1),
            Err(ParseError::Version { major: 1, minor: 0 })
        );
        assert!(refused(6, 9).is_ok(), "a later minor version loads");
        assert_eq!(refused(16, 1), Err(ParseError::Preamble(Fault::Reserved)));
        assert_eq!(refused(31, 1), Err(ParseError::Preamble(Fault::Reserved)));
        for (at, value) in [(20, 17), (23, 0xff), (24, 49), (24, 96), (8, 47)] {
            assert_eq!(
                refused(at, value),
                Err(ParseError::Preamble(Fault::Layout)),
                "byte {at} = {value}"
            );
        }
        assert_eq!(
            Preamble::parse(&[0; 31]),
            Err(ParseError::Length {
                stated: 32,
                found: 31
            })
        );
    }
}
