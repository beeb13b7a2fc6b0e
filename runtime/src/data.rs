//! The data part of a blob: constants, read where they lie.
#![expect(
    unsafe_code,
    reason = "the one place where bytes become int8 and int32"
)]

use crate::blob::Span;
use crate::index;

/// The data part. [`crate::Model::parse`] has proven the spans that steps name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Data<'a>(pub(crate) &'a [u8]);

impl<'a> Data<'a> {
    fn bytes(self, span: Span) -> &'a [u8] {
        &self.0[index(span.offset)..][..index(span.len)]
    }

    /// The span as int8.
    pub(crate) fn int8(self, span: Span) -> &'a [i8] {
        // SAFETY: every bit pattern of a byte is an i8 of the same size and alignment.
        let (_, values, _) = unsafe { self.bytes(span).align_to::<i8>() };
        values
    }

    /// The span as int16, little endian as the target; see [`Data::int32`].
    pub(crate) fn int16(self, span: Span) -> &'a [i16] {
        // SAFETY: every bit pattern of two bytes is an i16; `align_to` keeps to aligned ones.
        let (_, values, _) = unsafe { self.bytes(span).align_to::<i16>() };
        values
    }

    /// The span as int64, little endian as the target; see [`Data::int32`].
    pub(crate) fn int64(self, span: Span) -> &'a [i64] {
        // SAFETY: every bit pattern of eight bytes is an i64; `align_to` keeps to aligned ones.
        let (_, values, _) = unsafe { self.bytes(span).align_to::<i64>() };
        values
    }

    /// The span as int32, in the order of the blob, which is that of the target (little endian,
    /// see the crate root). All of it if the span is 4-byte aligned and a multiple of 4 long, as
    /// `parse` proves; whatever lies outside the alignment is left out.
    pub(crate) fn int32(self, span: Span) -> &'a [i32] {
        // SAFETY: every bit pattern of four bytes is an i32; `align_to` keeps to aligned ones.
        let (_, values, _) = unsafe { self.bytes(span).align_to::<i32>() };
        values
    }
}
