//! What the fields of a board file must fulfil together.

use super::definition::{Board, BoardError, Core, Flash};

impl Board {
    /// Checks every field against its range and the others. [`Board::parse`] calls it.
    ///
    /// # Errors
    ///
    /// [`BoardError::Field`] for the first that does not hold.
    pub fn validate(&self) -> Result<(), BoardError> {
        let check = |field, holds: bool, found: String, expected: &str| match holds {
            true => Ok(()),
            false => Err(BoardError::Field {
                id: self.id.clone(),
                field,
                found,
                expected: expected.into(),
            }),
        };
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        check(
            "the file's name",
            !self.id.is_empty() && self.id.chars().all(kebab),
            self.id.clone(),
            "lower-case letters, digits and hyphens",
        )?;
        let target = target_of(self.core, self.features.fpu);
        check("target", self.target == target, self.target.clone(), target)?;
        check(
            "features.dsp",
            self.features.dsp || !has_dsp(self.core),
            self.features.dsp.to_string(),
            "true: the architecture includes it",
        )?;
        check(
            "clock_hz",
            self.clock_hz > 0,
            self.clock_hz.to_string(),
            "a positive frequency",
        )?;
        self.validate_flash(&check)?;
        self.validate_ram(&check)
    }

    fn validate_flash(&self, check: &Check<'_>) -> Result<(), BoardError> {
        let flash = &self.flash;
        let end = u64::from(flash.start) + u64::from(flash.bytes);
        check(
            "flash.bytes",
            flash.bytes > 0 && end <= 1 << 32,
            hex(flash.bytes),
            "a length inside the 32-bit address space",
        )?;
        let total: u64 = flash
            .sectors
            .iter()
            .map(|run| u64::from(run.count) * u64::from(run.bytes))
            .sum();
        check(
            "flash.sectors",
            total == u64::from(flash.bytes),
            format!("{total:#x} bytes"),
            &format!("{:#x} bytes, as flash.bytes says", flash.bytes),
        )?;
        check(
            "flash.model_offset",
            (1..flash.bytes).contains(&flash.model_offset)
                && flash.model_offset.is_multiple_of(16)
                && starts_sector(flash, flash.model_offset),
            hex(flash.model_offset),
            "the start of an erase sector inside the flash, after the code",
        )
    }

    fn validate_ram(&self, check: &Check<'_>) -> Result<(), BoardError> {
        let (flash, ram) = (&self.flash, self.ram);
        check(
            "ram.start",
            ram.start.is_multiple_of(8),
            hex(ram.start),
            "a multiple of 8",
        )?;
        let end = u64::from(ram.start) + u64::from(ram.bytes);
        check(
            "ram.bytes",
            ram.bytes > 0 && ram.bytes.is_multiple_of(8) && end <= 1 << 32,
            hex(ram.bytes),
            "a multiple of 8 inside the 32-bit address space",
        )?;
        let flash_end = u64::from(flash.start) + u64::from(flash.bytes);
        check(
            "ram.start",
            u64::from(ram.start) >= flash_end || end <= u64::from(flash.start),
            hex(ram.start),
            "an address outside the flash",
        )?;
        check(
            "stack_bytes",
            (1..ram.bytes).contains(&self.stack_bytes) && self.stack_bytes.is_multiple_of(8),
            self.stack_bytes.to_string(),
            "a multiple of 8 smaller than the RAM",
        )
    }
}

/// Field, whether it holds, what was found, what was expected.
type Check<'a> = dyn Fn(&'static str, bool, String, &str) -> Result<(), BoardError> + 'a;

fn hex(value: u32) -> String {
    format!("{value:#x}")
}

fn target_of(core: Core, fpu: bool) -> &'static str {
    match (core, fpu) {
        (Core::CortexM4, true) => "thumbv7em-none-eabihf",
        (Core::CortexM4, false) => "thumbv7em-none-eabi",
    }
}

fn has_dsp(core: Core) -> bool {
    match core {
        Core::CortexM4 => true,
    }
}

/// Whether a sector starts `offset` bytes from the start of the flash.
fn starts_sector(flash: &Flash, offset: u32) -> bool {
    let mut rest = offset;
    for run in &flash.sectors {
        let bytes = run.count.saturating_mul(run.bytes);
        if rest < bytes {
            return rest.is_multiple_of(run.bytes);
        }
        rest -= bytes;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("../../../boards/netduinoplus2.toml");

    fn field_refused(from: &str, to: &str) -> &'static str {
        assert!(GOOD.contains(from), "{from}");
        match Board::parse("netduinoplus2", &GOOD.replacen(from, to, 1)) {
            Err(BoardError::Field { field, .. }) => field,
            other => panic!("{to}: {other:?}"),
        }
    }

    #[test]
    fn every_contradiction_names_its_field() {
        for (from, to, field) in [
            ("eabihf", "eabi", "target"),
            ("fpu = true", "fpu = false", "target"),
            ("dsp = true", "dsp = false", "features.dsp"),
            ("clock_hz = 168_000_000", "clock_hz = 0", "clock_hz"),
            ("bytes = 0x10_0000", "bytes = 0", "flash.bytes"),
            ("start = 0x0800_0000", "start = 0xfff8_0000", "flash.bytes"),
            ("count = 7", "count = 8", "flash.sectors"),
            (
                "model_offset = 0x4_0000",
                "model_offset = 0x3_0000",
                "flash.model_offset",
            ),
            (
                "model_offset = 0x4_0000",
                "model_offset = 0x10_0000",
                "flash.model_offset",
            ),
            (
                "model_offset = 0x4_0000",
                "model_offset = 0",
                "flash.model_offset",
            ),
            ("start = 0x2000_0000", "start = 0x2000_0004", "ram.start"),
            ("start = 0x2000_0000", "start = 0x0807_0000", "ram.start"),
            ("start = 0x2000_0000", "start = 0x07ff_0000", "ram.start"),
            ("bytes = 0x2_0000\n", "bytes = 0x2_0004\n", "ram.bytes"),
            (
                "stack_bytes = 16_384",
                "stack_bytes = 0x2_0000",
                "stack_bytes",
            ),
            ("stack_bytes = 16_384", "stack_bytes = 12", "stack_bytes"),
        ] {
            assert_eq!(field_refused(from, to), field, "{to}");
        }
    }

    #[test]
    fn an_unknown_a_missing_and_a_mistyped_field_are_named() {
        for (from, to, named) in [
            ("clock_hz = 168_000_000", "clock_mhz = 168", "clock_mhz"),
            ("clock_hz = 168_000_000", "", "clock_hz"),
            ("dsp = true", "dsp = 1", "dsp"),
            ("cost_model = \"m4\"", "cost_model = \"m5\"", "m5"),
            ("[ram]", "[ram]\nalias = 1", "alias"),
            ("clock_hz = 168_000_000", "clock_hz = -1", "clock_hz"),
        ] {
            let error = Board::parse("x", &GOOD.replacen(from, to, 1)).expect_err(to);
            assert!(matches!(error, BoardError::Format { .. }), "{to}: {error}");
            assert!(error.to_string().contains(named), "{to}: {error}");
        }
    }

    #[test]
    fn a_name_with_other_characters_is_refused() {
        for id in ["", "Nucleo", "nucleo_f4", "a/b"] {
            let error = Board::parse(id, GOOD).expect_err(id);
            assert!(matches!(
                error,
                BoardError::Field {
                    field: "the file's name",
                    ..
                }
            ));
        }
    }
}
