//! The symbol table, and what it says about code: mapping symbols tell instructions from data (ELF for the Arm
//! Architecture, section 5.5.5).

use super::parse::{Reader, Section, piece};
use super::{ElfError, Piece, SymbolEntry};
use std::ops::Range;

const SHT_PROGBITS: u32 = 1;
const SHT_SYMTAB: u32 = 2;
const SHF_EXECINSTR: u32 = 4;
const STT_FUNC: u8 = 2;
const STT_FILE: u8 = 4;

/// A mapping symbol: from `address` on, section number `section` holds Thumb code or something else.
pub(super) struct Mapping {
    section: usize,
    address: u32,
    is_thumb: bool,
}

/// Named symbols by address, mapping symbols by section and address.
#[derive(Default)]
pub(super) struct SymbolTable {
    pub(super) symbols: Vec<SymbolEntry>,
    pub(super) mapping: Vec<Mapping>,
}

pub(super) fn read(reader: &Reader<'_>, sections: &[Section]) -> Result<SymbolTable, ElfError> {
    let mut table = SymbolTable::default();
    for section in sections.iter().filter(|section| section.kind == SHT_SYMTAB) {
        let names = usize::try_from(section.link)
            .ok()
            .and_then(|link| sections.get(link));
        let names = match names {
            Some(names) => reader.range(
                "string table",
                u64::from(names.offset),
                u64::from(names.len),
            )?,
            None => 0..0,
        };
        for index in 0..u64::from(section.len / 16) {
            read_symbol(
                reader,
                u64::from(section.offset) + 16 * index,
                &names,
                &mut table,
            )?;
        }
    }
    table.symbols.sort_by_key(|symbol| symbol.address);
    // Stable: of several at one address the last in the file is the one that holds, as in objdump.
    table
        .mapping
        .sort_by_key(|mapping| (mapping.section, mapping.address));
    Ok(table)
}

fn read_symbol(
    reader: &Reader<'_>,
    at: u64,
    names: &Range<usize>,
    table: &mut SymbolTable,
) -> Result<(), ElfError> {
    const WHAT: &str = "symbol";
    let name_at = usize::try_from(reader.u32(WHAT, at)?)
        .ok()
        .and_then(|offset| names.start.checked_add(offset));
    let Some(start) = name_at.filter(|start| *start < names.end) else {
        return Ok(());
    };
    let (value, size) = (reader.u32(WHAT, at + 4)?, reader.u32(WHAT, at + 8)?);
    let [info, _other, section_low, section_high] = reader.field(WHAT, at + 12)?;
    let section = usize::from(u16::from_le_bytes([section_low, section_high]));
    let text = &reader.bytes[start..names.end];
    let text = &text[..text
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(text.len())];
    match text {
        // Section 0 marks an undefined symbol.
        _ if text.is_empty() || section == 0 || info & 15 == STT_FILE => {}
        [b'$', kind @ (b't' | b'd' | b'a'), rest @ ..] if rest.is_empty() || rest[0] == b'.' => {
            table.mapping.push(Mapping {
                section,
                address: value & !1,
                is_thumb: *kind == b't',
            });
        }
        _ => {
            let is_function = info & 15 == STT_FUNC;
            let address = if is_function { value & !1 } else { value };
            table.symbols.push(SymbolEntry {
                name: start..start + text.len(),
                address,
                size,
                is_function,
            });
        }
    }
    Ok(())
}

/// Executable sections cut at their mapping symbols; a section without any is all code.
pub(super) fn code(
    reader: &Reader<'_>,
    sections: &[Section],
    mapping: &[Mapping],
) -> Result<Vec<Piece>, ElfError> {
    let mut runs = Vec::new();
    for (number, section) in sections.iter().enumerate() {
        if section.kind != SHT_PROGBITS || section.flags & SHF_EXECINSTR == 0 || section.len == 0 {
            continue;
        }
        let whole = piece(
            reader,
            "section",
            section.address,
            section.offset,
            section.len,
        )?;
        let mut run_start = Some(0);
        let mut close = |run_start: Option<u32>, end: u32| {
            let Some(start) = run_start.filter(|start| *start < end) else {
                return;
            };
            let at = |offset: u32| {
                whole.range.start + usize::try_from(offset).expect("inside a section of the file")
            };
            runs.push(Piece {
                address: section.address + start,
                range: at(start)..at(end),
            });
        };
        for change in mapping.iter().filter(|change| change.section == number) {
            let Some(offset) = change
                .address
                .checked_sub(section.address)
                .filter(|offset| *offset < section.len)
            else {
                continue;
            };
            if change.is_thumb {
                run_start = run_start.or(Some(offset));
            } else {
                close(run_start.take(), offset);
            }
        }
        close(run_start, section.len);
    }
    runs.sort_by_key(|run| run.address);
    Ok(runs)
}
