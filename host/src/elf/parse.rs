//! Reading the headers: segments and sections. Names and offsets are those of the System V ABI, chapters 4 and 5.

use super::{ElfError, Image, Piece, symbols, u64_of};
use std::ops::Range;

const PT_LOAD: u32 = 1;
const EM_ARM: u32 = 40;

/// Bounds-checked little-endian reads of a file.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
}

impl Reader<'_> {
    pub(super) fn range(
        &self,
        what: &'static str,
        offset: u64,
        len: u64,
    ) -> Result<Range<usize>, ElfError> {
        let file_len = u64_of(self.bytes.len());
        let error = ElfError::OutOfBounds {
            what,
            offset,
            len,
            file_len,
        };
        let end = offset.checked_add(len).filter(|end| *end <= file_len);
        let range =
            end.and_then(|end| Some(usize::try_from(offset).ok()?..usize::try_from(end).ok()?));
        range.ok_or(error)
    }

    pub(super) fn field<const N: usize>(
        &self,
        what: &'static str,
        offset: u64,
    ) -> Result<[u8; N], ElfError> {
        let range = self.range(what, offset, u64_of(N))?;
        Ok(self.bytes[range]
            .try_into()
            .expect("the range is N bytes long"))
    }

    pub(super) fn u16(&self, what: &'static str, offset: u64) -> Result<u32, ElfError> {
        Ok(u32::from(u16::from_le_bytes(self.field(what, offset)?)))
    }

    pub(super) fn u32(&self, what: &'static str, offset: u64) -> Result<u32, ElfError> {
        Ok(u32::from_le_bytes(self.field(what, offset)?))
    }
}

pub(super) fn parse(bytes: &[u8]) -> Result<Image, ElfError> {
    let reader = Reader { bytes };
    if !bytes.starts_with(b"\x7fELF") {
        return Err(ElfError::NotElf);
    }
    let [class, order] = reader.field("ELF identification", 4)?;
    expect("class", "a 32-bit ELF file (class 1)", u32::from(class), 1)?;
    expect(
        "byte order",
        "a little-endian ELF file (byte order 1)",
        u32::from(order),
        1,
    )?;
    expect(
        "machine",
        "an ARM ELF file (machine 40)",
        reader.u16("ELF header", 18)?,
        EM_ARM,
    )?;
    let sections = sections(&reader)?;
    let table = symbols::read(&reader, &sections)?;
    Ok(Image {
        file: bytes.to_vec(),
        entry: reader.u32("ELF header", 24)?,
        segments: segments(&reader)?,
        code: symbols::code(&reader, &sections, &table.mapping)?,
        symbols: table.symbols,
        added: Vec::new(),
    })
}

fn expect(
    field: &'static str,
    expected: &'static str,
    found: u32,
    wanted: u32,
) -> Result<(), ElfError> {
    if found == wanted {
        Ok(())
    } else {
        Err(ElfError::WrongKind {
            field,
            expected,
            found,
        })
    }
}

fn segments(reader: &Reader<'_>) -> Result<Vec<Piece>, ElfError> {
    let table = u64::from(reader.u32("ELF header", 28)?);
    let entry_len = u64::from(reader.u16("ELF header", 42)?);
    let count = u64::from(reader.u16("ELF header", 44)?);
    let mut segments = Vec::new();
    for index in 0..count {
        let at = table + index * entry_len;
        let word = |n: u64| reader.u32("program header", at + 4 * n);
        let (kind, offset, address, len) = (word(0)?, word(1)?, word(3)?, word(4)?);
        if kind == PT_LOAD && len > 0 {
            segments.push(piece(reader, "segment", address, offset, len)?);
        }
    }
    Ok(segments)
}

pub(super) fn piece(
    reader: &Reader<'_>,
    what: &'static str,
    address: u32,
    offset: u32,
    len: u32,
) -> Result<Piece, ElfError> {
    if address.checked_add(len).is_none() {
        return Err(ElfError::AddressOverflow {
            address,
            len: u64::from(len),
        });
    }
    Ok(Piece {
        address,
        range: reader.range(what, u64::from(offset), u64::from(len))?,
    })
}

/// What a section header says.
pub(super) struct Section {
    pub(super) kind: u32,
    pub(super) flags: u32,
    pub(super) address: u32,
    pub(super) offset: u32,
    pub(super) len: u32,
    pub(super) link: u32,
}

fn sections(reader: &Reader<'_>) -> Result<Vec<Section>, ElfError> {
    let table = u64::from(reader.u32("ELF header", 32)?);
    let entry_len = u64::from(reader.u16("ELF header", 46)?);
    let count = if table == 0 {
        0
    } else {
        u64::from(reader.u16("ELF header", 48)?)
    };
    let section = |index: u64| {
        let at = table + index * entry_len;
        let word = |n: u64| reader.u32("section header", at + 4 * n);
        Ok(Section {
            kind: word(1)?,
            flags: word(2)?,
            address: word(3)?,
            offset: word(4)?,
            len: word(5)?,
            link: word(6)?,
        })
    };
    (0..count).map(section).collect()
}
