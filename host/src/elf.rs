//! Firmware images: 32-bit little-endian ARM ELF files.
//!
//! Reads what measuring needs (loadable segments, symbols, runs of code) and can append segments to a copy of the file.
//! Every offset in the file is checked: hostile input gives an [`ElfError`], never a panic. It does not relocate or link.

mod groups;
mod parse;
mod symbols;
mod write;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

pub use groups::{Group, UNNAMED};
use std::ops::Range;

/// Why a file cannot be used as a firmware image.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ElfError {
    /// The file does not start with the ELF magic.
    #[error(
        "not an ELF file: expected it to start with 7f 45 4c 46; pass the linked firmware, not a .bin or .hex"
    )]
    NotElf,
    /// An ELF file for another kind of machine.
    #[error("expected {expected}, found {field} {found}; build the firmware for a thumb target")]
    WrongKind {
        /// The header field that differs.
        field: &'static str,
        /// What a firmware image has there.
        expected: &'static str,
        /// The value found.
        found: u32,
    },
    /// A table or a segment lies outside the file.
    #[error(
        "{what} at offset {offset:#x}, {len} bytes, lies outside the file of {file_len} bytes; link the firmware again"
    )]
    OutOfBounds {
        /// What was to be read.
        what: &'static str,
        /// Where it should start.
        offset: u64,
        /// How long it should be.
        len: u64,
        /// The length of the file.
        file_len: u64,
    },
    /// A loadable segment runs over the end of the address space.
    #[error(
        "segment at {address:#010x} with {len} bytes runs over the end of the 32-bit address space"
    )]
    AddressOverflow {
        /// Where the segment is loaded.
        address: u32,
        /// Its length.
        len: u64,
    },
    /// An added segment covers addresses that are already taken.
    #[error(
        "segment at {address:#010x} with {len} bytes overlaps the one at {other:#010x} with {other_len} bytes; choose a free flash address"
    )]
    Overlap {
        /// Where the new segment should go.
        address: u32,
        /// Its length.
        len: u64,
        /// Where the present one lies.
        other: u32,
        /// The length of the present one.
        other_len: u64,
    },
    /// The program header table or the file would outgrow the 32-bit format.
    #[error("the file would outgrow the 32-bit ELF format with one more segment of {len} bytes")]
    TooLarge {
        /// Length of the segment that does not fit.
        len: u64,
    },
}

/// A piece of memory to be loaded before the program starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Load (physical) address: where the bytes lie in flash.
    pub address: u32,
    /// The bytes of the file; what the program header zero-fills behind them is left out.
    pub bytes: &'a [u8],
}

/// A named address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// The name as the linker wrote it (mangled).
    pub name: &'a str,
    /// Address, without the Thumb bit for functions.
    pub address: u32,
    /// Size in bytes, 0 if the producer did not give one.
    pub size: u32,
    /// Whether it names a function.
    pub is_function: bool,
}

/// A run of Thumb instructions: a part of an executable section that no mapping symbol calls data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRun<'a> {
    /// Address of the first instruction.
    pub address: u32,
    /// The instructions.
    pub bytes: &'a [u8],
}

/// A parsed firmware image.
#[derive(Debug, Clone)]
pub struct Image {
    file: Vec<u8>,
    entry: u32,
    segments: Vec<Piece>,
    symbols: Vec<SymbolEntry>,
    code: Vec<Piece>,
    added: Vec<(u32, Vec<u8>)>,
}

/// Part of the file with its address.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    address: u32,
    range: Range<usize>,
}

#[derive(Debug, Clone)]
struct SymbolEntry {
    name: Range<usize>,
    address: u32,
    size: u32,
    is_function: bool,
}

impl Image {
    /// Reads an image.
    ///
    /// # Errors
    /// [`ElfError::NotElf`], [`ElfError::WrongKind`] for another machine, [`ElfError::OutOfBounds`] and
    /// [`ElfError::AddressOverflow`] for a damaged file.
    pub fn parse(bytes: &[u8]) -> Result<Self, ElfError> {
        parse::parse(bytes)
    }

    /// Address at which the program starts, without the Thumb bit. A Cortex-M takes it from the vector table instead.
    pub fn entry(&self) -> u32 {
        self.entry & !1
    }

    /// Loadable segments with bytes in the file, in file order, added ones last.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        let own = self.segments.iter().map(|piece| Segment {
            address: piece.address,
            bytes: self.slice(&piece.range),
        });
        own.chain(self.added.iter().map(|(address, bytes)| Segment {
            address: *address,
            bytes,
        }))
    }

    /// Flash bytes of the program: vectors, code, constants and the load image of `.data`; added segments do not count.
    pub fn code_bytes(&self) -> u64 {
        self.segments
            .iter()
            .map(|piece| u64_of(piece.range.len()))
            .sum()
    }

    /// Every named symbol, by address; mapping symbols (`$t`, `$d`) are left out.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol<'_>> {
        self.symbols.iter().map(|entry| self.view(entry))
    }

    /// The symbol called `name`, the first by address if several are.
    pub fn symbol(&self, name: &str) -> Option<Symbol<'_>> {
        self.symbols().find(|symbol| symbol.name == name)
    }

    /// The function that holds `address`, or the nearest one before it if that has no size.
    pub fn function_at(&self, address: u32) -> Option<Symbol<'_>> {
        let behind = self
            .symbols
            .partition_point(|symbol| symbol.address <= address);
        let entry = self.symbols[..behind]
            .iter()
            .rev()
            .find(|symbol| symbol.is_function)?;
        let inside = entry.size == 0 || address - entry.address < entry.size;
        inside.then(|| self.view(entry))
    }

    /// Runs of Thumb code by address: executable sections without what their mapping symbols mark as data.
    pub fn code(&self) -> impl Iterator<Item = CodeRun<'_>> {
        self.code.iter().map(|piece| CodeRun {
            address: piece.address,
            bytes: self.slice(&piece.range),
        })
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        // Ranges are checked once, by the parser.
        self.file.get(range.clone()).unwrap_or_default()
    }

    fn view(&self, entry: &SymbolEntry) -> Symbol<'_> {
        let name = std::str::from_utf8(self.slice(&entry.name)).unwrap_or_default();
        Symbol {
            name,
            address: entry.address,
            size: entry.size,
            is_function: entry.is_function,
        }
    }
}

fn u64_of(len: usize) -> u64 {
    u64::try_from(len).expect("a length in memory fits 64 bits")
}
