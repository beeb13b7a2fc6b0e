//! The tables of a front-end, as they lie in a blob's data part.

use super::FrontendError;
use tiivis_runtime::blob::{DATA_ALIGNMENT, Span};

/// Bytes from an aligned offset of the data part on.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    start: u32,
    bytes: Vec<u8>,
}

impl Tables {
    /// Tables that will lie from `start` on, a multiple of the data's alignment.
    pub(super) fn new(start: u32) -> Self {
        Self {
            start,
            bytes: Vec::new(),
        }
    }

    pub(super) fn int16(&mut self, values: &[i16]) -> Result<Span, FrontendError> {
        self.add(values.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    pub(super) fn int32(&mut self, values: &[i32]) -> Result<Span, FrontendError> {
        self.add(values.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn add(&mut self, content: Vec<u8>) -> Result<Span, FrontendError> {
        let too_large = |_| FrontendError::TooLarge;
        let alignment = usize::try_from(DATA_ALIGNMENT).map_err(too_large)?;
        self.bytes
            .resize(self.bytes.len().next_multiple_of(alignment), 0);
        let at = u32::try_from(self.bytes.len()).map_err(too_large)?;
        let span = Span {
            offset: self.start.checked_add(at).ok_or(FrontendError::TooLarge)?,
            len: u32::try_from(content.len()).map_err(too_large)?,
        };
        self.bytes.extend(content);
        Ok(span)
    }
}
