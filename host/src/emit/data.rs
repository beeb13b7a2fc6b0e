//! The data part of a blob: constants one after the other, each distinct one once.

use super::EmitError;
use std::collections::HashMap;
use tiivis_runtime::blob::{DATA_ALIGNMENT, DType, Span};

/// Alignment of int32 arrays, in bytes.
const WORD: u32 = 4;

/// Constants by offset. Only lookups go through the map, so that its order does not matter.
#[derive(Default)]
pub(super) struct Data {
    bytes: Vec<u8>,
    spans: HashMap<Vec<u8>, Vec<Span>>,
}

impl Data {
    /// Adds weights, 16-byte aligned.
    pub(super) fn weights(&mut self, values: &[i8]) -> Result<Span, EmitError> {
        self.add(bytes_of(values), DATA_ALIGNMENT)
    }

    /// Adds int8 values that may lie anywhere.
    pub(super) fn int8(&mut self, values: &[i8]) -> Result<Span, EmitError> {
        self.add(bytes_of(values), 1)
    }

    /// Adds the bytes of a tensor of these elements.
    pub(super) fn elements(&mut self, bytes: &[i8], dtype: DType) -> Result<Span, EmitError> {
        self.add(bytes_of(bytes), dtype.bytes())
    }

    /// Adds int32 values, little endian.
    pub(super) fn int32(
        &mut self,
        values: impl IntoIterator<Item = i32>,
    ) -> Result<Span, EmitError> {
        let bytes = values.into_iter().flat_map(i32::to_le_bytes).collect();
        self.add(bytes, WORD)
    }

    /// Adds packed weights: int32 values, 16-byte aligned.
    pub(super) fn words(
        &mut self,
        values: impl IntoIterator<Item = i32>,
    ) -> Result<Span, EmitError> {
        let bytes = values.into_iter().flat_map(i32::to_le_bytes).collect();
        self.add(bytes, DATA_ALIGNMENT)
    }

    /// Adds int64 values, little endian.
    pub(super) fn int64(
        &mut self,
        values: impl IntoIterator<Item = i64>,
    ) -> Result<Span, EmitError> {
        let bytes = values.into_iter().flat_map(i64::to_le_bytes).collect();
        self.add(bytes, 2 * WORD)
    }

    /// Adds int16 values, little endian.
    pub(super) fn int16(
        &mut self,
        values: impl IntoIterator<Item = i16>,
    ) -> Result<Span, EmitError> {
        let bytes = values.into_iter().flat_map(i16::to_le_bytes).collect();
        self.add(bytes, WORD / 2)
    }

    /// The bytes of everything that was added.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn add(&mut self, content: Vec<u8>, alignment: u32) -> Result<Span, EmitError> {
        let known = self.spans.get(&content).into_iter().flatten();
        let mut fitting = known.filter(|span| span.offset.is_multiple_of(alignment));
        if let Some(span) = fitting.next() {
            return Ok(*span);
        }
        let end = u32::try_from(self.bytes.len()).ok();
        let offset = end.and_then(|end| end.checked_next_multiple_of(alignment));
        let (Some(offset), Ok(len)) = (offset, u32::try_from(content.len())) else {
            return Err(EmitError::TooLarge);
        };
        let span = Span { offset, len };
        self.bytes
            .resize(usize::try_from(offset).map_err(|_| EmitError::TooLarge)?, 0);
        self.bytes.extend_from_slice(&content);
        self.spans.entry(content).or_default().push(span);
        Ok(span)
    }
}

fn bytes_of(values: &[i8]) -> Vec<u8> {
    values.iter().map(|value| value.cast_unsigned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_constant_is_written_once_where_its_alignment_allows() {
        let mut data = Data::default();
        let odd = data.int8(&[1, 2, 3]).unwrap();
        let words = data.int32([-2, 1 << 30]).unwrap();
        assert_eq!((odd.offset, odd.len), (0, 3));
        assert_eq!((words.offset, words.len), (4, 8));
        assert_eq!(data.int32([-2, 1 << 30]).unwrap(), words);
        // Bytes that lie on a word only are no weights; weights serve as anything.
        let weights = data.weights(&[-2, -1, -1, -1, 0, 0, 0, 64]).unwrap();
        assert_eq!((weights.offset, weights.len), (16, 8));
        assert_eq!(data.weights(&[1, 2, 3]).unwrap(), odd);
        let bytes = data.into_bytes();
        assert_eq!(bytes.len(), 24);
        assert_eq!(
            bytes[..12],
            [1, 2, 3, 0, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0x40]
        );
    }
}
