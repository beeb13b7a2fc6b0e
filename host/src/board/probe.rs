//! What probe-rs knows: the debug probes that are plugged in, and the chips. Nothing else names it.
//!
//! No board is flashed yet; this is what can be known before one is connected.

use super::{Board, Core};
use probe_rs::config::{CoreType, FlashProperties, MemoryRegion, Registry, RegistryError, Target};
use probe_rs::probe::list::{Accessibility, Lister, ProbeListItem};
use std::ops::Range;

/// How many chips an error proposes.
const PROPOSALS: usize = 5;

/// Why a board file does not describe its chip.
#[derive(Debug, thiserror::Error)]
pub enum ChipError {
    /// The board file says that there is no chip, or that it was never tried.
    #[error("board `{board}` names no chip, so that no probe can program it; add `chip`")]
    NoChip {
        /// The board.
        board: String,
    },
    /// Not one chip of probe-rs' list.
    #[error(
        "board `{board}`: chip `{chip}` is {found} in probe-rs' list, expected exactly one; \
         correct `chip`"
    )]
    Unknown {
        /// The board.
        board: String,
        /// The chip.
        chip: String,
        /// How many there are, and which.
        found: String,
    },
    /// A field contradicts what probe-rs knows of the chip.
    #[error(
        "board `{board}`: {field} is {found}, expected {expected} of chip `{chip}`; correct the \
         board file"
    )]
    Field {
        /// The board.
        board: String,
        /// The chip.
        chip: String,
        /// The field.
        field: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
}

/// The debug probes that are plugged in, a line each: name, USB ids, serial number, driver, and
/// whether the user may open it.
#[must_use]
pub fn attached() -> Vec<String> {
    let probes = Lister::new().list_all_with_access();
    probes.iter().map(describe).collect()
}

fn describe(probe: &ProbeListItem) -> String {
    match probe.accessibility {
        Accessibility::Accessible => probe.info.to_string(),
        Accessibility::PermissionDenied => {
            format!("{}, which this user may not open", probe.info)
        }
    }
}

/// Compares a board file with what probe-rs knows of its chip: the name, the core, that flash and
/// RAM are memory of that kind and that the erase sectors are the chip's.
///
/// Memory is what that core can reach, regions that touch or overlap being one. It is never summed,
/// because maps list some memory at several addresses: nRF52 calls the usual 0x20000000 the alias
/// of 0x00800000, so that an alias is as good as what it stands for. Some maps have windows, longer
/// than any memory behind them (RP2040's flash: 128 MiB); there the length is not proven.
///
/// # Errors
///
/// See [`ChipError`].
pub fn check_chip(board: &Board) -> Result<(), ChipError> {
    let chip = board.chip.as_deref().ok_or_else(|| ChipError::NoChip {
        board: board.id.clone(),
    })?;
    let target = Registry::from_builtin_families()
        .get_target_by_name(chip)
        .map_err(|error| ChipError::Unknown {
            board: board.id.clone(),
            chip: chip.into(),
            found: matches(error),
        })?;
    let misfit = |field, found, expected| ChipError::Field {
        board: board.id.clone(),
        chip: chip.into(),
        field,
        found,
        expected,
    };
    let core = core_of(board.core, &target).ok_or_else(|| {
        let cores: Vec<_> = target.cores.iter().map(|core| core.core_type).collect();
        let expected = format!("one of {cores:?}");
        misfit("core", board.core.to_string(), expected)
    })?;
    let flash = span(board.flash.start, board.flash.bytes);
    let runs = flash_of(&target, core);
    if !lies_in(&flash, &runs) {
        return Err(misfit("flash", shown(&flash), any_of(&runs)));
    }
    let ram = span(board.ram.start, board.ram.bytes);
    let runs = ram_of(&target, core);
    if !lies_in(&ram, &runs) {
        return Err(misfit("ram", shown(&ram), any_of(&runs)));
    }
    let mut sectors = sectors_of(board);
    match sectors.find(|sector| !erases(&target, sector)) {
        None => Ok(()),
        Some(sector) => {
            let there = target.flash_algorithms.iter().filter_map(|algorithm| {
                sector_at(&algorithm.flash_properties, sector.start).map(|range| shown(&range))
            });
            let expected = format!("one of [{}]", there.collect::<Vec<_>>().join(", "));
            Err(misfit("an erase sector", shown(&sector), expected))
        }
    }
}

/// What the registry found instead of one chip.
fn matches(error: RegistryError) -> String {
    match error {
        RegistryError::ChipNotFound(_) => "not".into(),
        RegistryError::ChipNotUnique(_, chips) => {
            let chips: Vec<_> = chips.split(", ").take(PROPOSALS).collect();
            format!("more than one ({}, …)", chips.join(", "))
        }
        other => other.to_string(),
    }
}

/// The name of the chip's first core of this kind.
fn core_of(core: Core, target: &Target) -> Option<&str> {
    let wanted = match core {
        Core::CortexM4 => CoreType::Armv7em,
    };
    let mut cores = target.cores.iter();
    let found = cores.find(|core| core.core_type == wanted)?;
    Some(&found.name)
}

/// Non-volatile memory that code runs from. Where the map says what the chip boots from, only
/// that, lest a window for an external memory or configuration words pass for the flash.
fn flash_of(target: &Target, core: &str) -> Vec<Range<u64>> {
    let regions: Vec<_> = target
        .memory_map
        .iter()
        .filter_map(MemoryRegion::as_nvm_region)
        .filter(|region| region.accessible_by(core) && region.is_executable())
        .collect();
    let mut runs = merge(regions.iter().map(|region| region.range.clone()));
    let boots: Vec<_> = regions
        .iter()
        .filter(|region| region.is_boot_memory())
        .collect();
    if !boots.is_empty() {
        runs.retain(|run| boots.iter().any(|boot| run.contains(&boot.range.start)));
    }
    runs
}

/// Memory that data can live in.
fn ram_of(target: &Target, core: &str) -> Vec<Range<u64>> {
    let regions = target
        .memory_map
        .iter()
        .filter_map(MemoryRegion::as_ram_region)
        .filter(|region| region.accessible_by(core))
        .filter(|region| region.is_readable() && region.is_writable());
    merge(regions.map(|region| region.range.clone()))
}

/// The union of ranges, as ranges that do not touch, by address.
fn merge(ranges: impl Iterator<Item = Range<u64>>) -> Vec<Range<u64>> {
    let mut sorted: Vec<_> = ranges.collect();
    sorted.sort_by_key(|range| range.start);
    let mut runs: Vec<Range<u64>> = Vec::new();
    for range in sorted {
        match runs.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => runs.push(range),
        }
    }
    runs
}

fn lies_in(range: &Range<u64>, runs: &[Range<u64>]) -> bool {
    runs.iter()
        .any(|run| run.start <= range.start && range.end <= run.end)
}

/// The board's erase sectors.
fn sectors_of(board: &Board) -> impl Iterator<Item = Range<u64>> {
    let runs = &board.flash.sectors;
    let each = runs
        .iter()
        .flat_map(|run| (0..run.count).map(|_| u64::from(run.bytes)));
    each.scan(u64::from(board.flash.start), |next, bytes| {
        let start = *next;
        *next += bytes;
        Some(start..*next)
    })
}

/// Whether one of the chip's ways to program has this erase sector.
fn erases(target: &Target, sector: &Range<u64>) -> bool {
    target.flash_algorithms.iter().any(|algorithm| {
        sector_at(&algorithm.flash_properties, sector.start).as_ref() == Some(sector)
    })
}

/// The erase sector that `address` lies in.
fn sector_at(flash: &FlashProperties, address: u64) -> Option<Range<u64>> {
    if !flash.address_range.contains(&address) {
        return None;
    }
    let offset = address - flash.address_range.start;
    let run = flash
        .sectors
        .iter()
        .filter(|run| run.address <= offset && run.size > 0)
        .max_by_key(|run| run.address)?;
    let start = address - (offset - run.address) % run.size;
    Some(start..start + run.size)
}

fn span(start: u32, bytes: u32) -> Range<u64> {
    u64::from(start)..u64::from(start) + u64::from(bytes)
}

fn shown(range: &Range<u64>) -> String {
    format!("{:#010x}..{:#010x}", range.start, range.end)
}

fn any_of(runs: &[Range<u64>]) -> String {
    let runs: Vec<_> = runs.iter().map(shown).collect();
    format!("part of one of [{}]", runs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::{Sectors, all, find};
    use probe_rs::probe::DebugProbeInfo;
    use probe_rs::probe::stlink::StLinkFactory;

    fn netduino() -> Board {
        find("netduinoplus2").expect("there")
    }

    /// As a board with another chip would say it.
    fn board(chip: &str, flash: (u32, u32), sector_bytes: u32, ram: (u32, u32)) -> Board {
        let mut board = netduino();
        board.chip = Some(chip.into());
        (board.flash.start, board.flash.bytes) = flash;
        board.flash.sectors = vec![Sectors {
            count: flash.1 / sector_bytes,
            bytes: sector_bytes,
        }];
        (board.ram.start, board.ram.bytes) = ram;
        board
    }

    #[test]
    fn every_board_file_describes_its_chip() {
        let boards = all().expect("every file is sound");
        let mut with_chip = 0;
        for board in boards.iter().filter(|board| board.chip.is_some()) {
            check_chip(board).unwrap_or_else(|error| panic!("{error}"));
            with_chip += 1;
        }
        assert!(with_chip >= 1);
    }

    #[test]
    fn a_chip_that_is_not_one_of_the_list_is_refused() {
        let mut board = netduino();
        for (chip, said) in [
            ("STM32F999ZZ", "`STM32F999ZZ` is not in probe-rs' list"),
            ("STM32F405", "is more than one (STM32F405"),
        ] {
            board.chip = Some(chip.into());
            let error = check_chip(&board).expect_err(chip);
            assert!(matches!(error, ChipError::Unknown { .. }), "{error}");
            assert!(error.to_string().contains(said), "{error}");
        }
        board.chip = None;
        let error = check_chip(&board).expect_err("no chip");
        assert!(matches!(error, ChipError::NoChip { .. }), "{error}");
    }

    #[test]
    fn what_the_chip_contradicts_is_named_with_what_it_has() {
        type Change = fn(&mut Board);
        let cases: [(Change, &str, &str, &str); 8] = [
            (
                |board| board.ram.bytes = 0x3_0000,
                "ram",
                "0x20000000..0x20030000",
                "part of one of [0x10000000..0x10010000, 0x20000000..0x20020000]",
            ),
            // Half in the CCM, half behind it.
            (
                |board| (board.ram.start, board.ram.bytes) = (0x1000_8000, 0x1_0000),
                "ram",
                "0x10008000..0x10018000",
                "part of one of [0x10000000..0x10010000, 0x20000000..0x20020000]",
            ),
            (
                |board| board.flash.bytes = 0x20_0000,
                "flash",
                "0x08000000..0x08200000",
                "part of one of [0x08000000..0x08100000]",
            ),
            (
                |board| board.flash.start = 0x0700_0000,
                "flash",
                "0x07000000..0x07100000",
                "part of one of [0x08000000..0x08100000]",
            ),
            // RAM for flash, and flash for RAM.
            (
                |board| (board.flash.start, board.flash.bytes) = (0x2000_0000, 0x2_0000),
                "flash",
                "0x20000000..0x20020000",
                "part of one of [0x08000000..0x08100000]",
            ),
            (
                |board| board.ram.start = 0x0800_0000,
                "ram",
                "0x08000000..0x08020000",
                "part of one of [0x10000000..0x10010000, 0x20000000..0x20020000]",
            ),
            (
                |board| {
                    board.flash.sectors = vec![Sectors {
                        count: 64,
                        bytes: 0x4000,
                    }]
                },
                "an erase sector",
                "0x08010000..0x08014000",
                "one of [0x08010000..0x08020000]",
            ),
            (
                |board| board.chip = Some("STM32F103C8".into()),
                "core",
                "Cortex-M4",
                "one of [Armv7m]",
            ),
        ];
        for (change, field, found, expected) in cases {
            let mut board = netduino();
            change(&mut board);
            let error = check_chip(&board).expect_err(found);
            let text = error.to_string();
            match error {
                ChipError::Field {
                    board,
                    chip: _,
                    field: f,
                    found: n,
                    expected: e,
                } => {
                    assert_eq!((board.as_str(), f), ("netduinoplus2", field), "{text}");
                    assert_eq!((n.as_str(), e.as_str()), (found, expected), "{text}");
                }
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn banks_are_joined_aliases_are_memory_and_only_what_boots_is_flash() {
        // Two banks of 512 KiB; 112 KiB and 16 KiB of RAM that touch.
        let flash = (0x0800_0000, 0x10_0000);
        let banks = board("STM32L476RG", flash, 0x800, (0x2000_0000, 0x1_8000));
        check_chip(&banks).unwrap_or_else(|error| panic!("{error}"));
        // The map has this RAM as an alias of 0x00800000.
        let alias = board(
            "nRF52840_xxAA",
            (0, 0x10_0000),
            0x1000,
            (0x2000_0000, 0x4_0000),
        );
        check_chip(&alias).unwrap_or_else(|error| panic!("{error}"));
        // The page of configuration words is executable, but not what the chip boots from.
        let words = board(
            "nRF52840_xxAA",
            (0x1000_1000, 0x1000),
            0x1000,
            (0x2000_0000, 0x4_0000),
        );
        let text = check_chip(&words).expect_err("not flash").to_string();
        assert!(
            text.contains("expected part of one of [0x00000000..0x00100000]"),
            "{text}"
        );
    }

    #[test]
    fn a_run_ends_where_nothing_touches_it() {
        let merged = merge([8..12, 0..4, 4..6, 1..3, 12..13].into_iter());
        assert_eq!(merged, [0..6, 8..13]);
        assert!(lies_in(&(8..13), &merged) && lies_in(&(1..6), &merged));
        for outside in [5..9, 0..7, 7..9, 12..14] {
            assert!(!lies_in(&outside, &merged), "{outside:?}");
        }
    }

    #[test]
    fn a_probe_that_may_not_be_opened_says_so() {
        let info = DebugProbeInfo::new(
            "STLink V2-1",
            0x0483,
            0x374b,
            Some("066B".into()),
            &StLinkFactory,
            None,
            false,
        );
        let mut probe = ProbeListItem::accessible(info);
        let free = describe(&probe);
        assert!(
            free.contains("STLink V2-1") && free.contains("066B"),
            "{free}"
        );
        probe.accessibility = Accessibility::PermissionDenied;
        assert_eq!(
            describe(&probe),
            format!("{free}, which this user may not open")
        );
    }
}
