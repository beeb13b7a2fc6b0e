//! How much memory a file may make the importer use.

use crate::import::ImportError;

/// Bytes that names, lists and constants may take in memory for each byte of the file: a file that
/// names each of them a few times stays far below, one that points at one long list a million
/// times is stopped. int4 weights that a DEQUANTIZE widens and a depthwise layer turns are four times
/// float32: 32 bytes for each.
const BUDGET_PER_BYTE: usize = 32;

/// What may be used on top of that.
const BUDGET_BYTES: usize = 1 << 20;

/// Memory that the file may still make the importer use.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    left_bytes: usize,
}

impl Budget {
    pub(super) const fn of(file: &[u8]) -> Self {
        Self {
            left_bytes: file
                .len()
                .saturating_mul(BUDGET_PER_BYTE)
                .saturating_add(BUDGET_BYTES),
        }
    }

    /// Takes so many bytes.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), ImportError> {
        self.left_bytes = self
            .left_bytes
            .checked_sub(bytes)
            .ok_or(ImportError::Model {
                found: "refers to the same names, lists or constants over and over".to_owned(),
                remedy: "convert it again",
            })?;
        Ok(())
    }
}
