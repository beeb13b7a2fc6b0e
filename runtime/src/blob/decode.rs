//! Decoding from the front of a list: what `postcard` encodes, in less code than `postcard` itself needs.
//!
//! Numbers cannot fail here: where the bytes end or are none of a number's, [`Reader`] remembers it,
//! gives 0, and [`decode`] looks once, at the end. So the compiler sees no error in most fields of a
//! struct and makes a call and a store of each: measured on a Cortex-M4, the parameters of the
//! operators of a keyword spotter took 3.4 KB of `postcard`'s code.

use crate::fault::Fault;
use core::fmt;
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// Takes a value from the front of `bytes`.
pub(crate) fn decode<'a, T: Deserialize<'a>>(bytes: &mut &'a [u8]) -> Result<T, Fault> {
    let mut reader = Reader {
        rest: bytes,
        failed: false,
    };
    match T::deserialize(&mut reader) {
        Ok(value) if !reader.failed => {
            *bytes = reader.rest;
            Ok(value)
        }
        _ => Err(Fault::Encoding),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    failed: bool,
}

impl<'a> Reader<'a> {
    #[inline(never)]
    fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((&byte, rest)) => {
                self.rest = rest;
                byte
            }
            None => {
                self.failed = true;
                0
            }
        }
    }

    /// Seven bits a byte, the low ones first; the high bit is set in all bytes but the last.
    #[inline(never)]
    fn varint(&mut self) -> u32 {
        let mut value = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte();
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                // Of the fifth byte, four bits are the number's.
                self.failed |= shift == 28 && byte > 0x0f;
                return value;
            }
            shift += 7;
            if shift == 35 {
                self.failed = true;
                return 0;
            }
        }
    }

    /// A varint of the number's double, or of that of its complement plus one.
    #[inline(never)]
    fn signed(&mut self) -> i32 {
        let value = self.varint();
        (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
    }

    /// A length and as many bytes.
    #[inline(never)]
    fn bytes(&mut self) -> &'a [u8] {
        let len = crate::index(self.varint());
        match self.rest.split_at_checked(len) {
            Some((bytes, rest)) => {
                self.rest = rest;
                bytes
            }
            None => {
                self.failed = true;
                &[]
            }
        }
    }

    fn word(&mut self) -> u32 {
        u32::from_le_bytes([(); 4].map(|()| self.byte()))
    }
}

/// What a visitor says of a variant, a string or a length that is none.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Fault::Encoding.text())
    }
}

impl core::error::Error for Refused {}

impl serde::de::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'a> Deserializer<'a> for &mut Reader<'a> {
    type Error = Refused;

    /// For types that the format does not use.
    fn deserialize_any<V: Visitor<'a>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    forward_to_deserialize_any! {
        <V: Visitor<'a>>
        i64 i128 u16 u64 u128 f64 char string byte_buf unit unit_struct map identifier ignored_any
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refused> {
        let byte = self.byte();
        self.failed |= byte > 1;
        visitor.visit_bool(byte == 1)
    }

    fn deserialize_u8<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_u8(self.byte())
    }

    fn deserialize_i8<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_i8(self.byte().cast_signed())
    }

    fn deserialize_i16<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refused> {
        let value = i16::try_from(self.signed());
        self.failed |= value.is_err();
        visitor.visit_i16(value.unwrap_or(0))
    }

    fn deserialize_i32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_i32(self.signed())
    }

    fn deserialize_u32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_u32(self.varint())
    }

    fn deserialize_f32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_f32(f32::from_bits(self.word()))
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refused> {
        let text = core::str::from_utf8(self.bytes()).map_err(|_| Refused)?;
        visitor.visit_borrowed_str(text)
    }

    fn deserialize_bytes<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_borrowed_bytes(self.bytes())
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.byte() {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self),
            _ => Err(Refused),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Refused> {
        let remaining = self.varint();
        visitor.visit_seq(List {
            reader: self,
            remaining,
        })
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_seq(Fields(self))
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_seq(Fields(self))
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_seq(Fields(self))
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_enum(self)
    }
}

/// The fields of a struct, of which the visitor asks for as many as there are.
struct Fields<'r, 'a>(&'r mut Reader<'a>);

impl<'a> SeqAccess<'a> for Fields<'_, 'a> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        seed.deserialize(&mut *self.0).map(Some)
    }
}

/// A list that states its length.
struct List<'r, 'a> {
    reader: &'r mut Reader<'a>,
    remaining: u32,
}

impl<'a> SeqAccess<'a> for List<'_, 'a> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        match self.remaining.checked_sub(1) {
            None => Ok(None),
            Some(remaining) => {
                self.remaining = remaining;
                seed.deserialize(&mut *self.reader).map(Some)
            }
        }
    }
}

impl<'a> EnumAccess<'a> for &mut Reader<'a> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, Self), Refused> {
        let variant = self.varint();
        let variant = seed.deserialize(variant.into_deserializer())?;
        Ok((variant, self))
    }
}

impl<'a> VariantAccess<'a> for &mut Reader<'a> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_seq(Fields(self))
    }

    fn struct_variant<V: Visitor<'a>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_seq(Fields(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::fmt::Debug;
    use proptest::prelude::*;
    use serde::Serialize;
    use std::borrow::ToOwned;
    use std::string::String;
    use std::vec::Vec;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Choice {
        Nothing,
        One(u32),
        Pair { a: i16, b: Option<i32> },
        Bytes([u8; 3]),
    }

    type All<'a> = (
        (u32, i32, i16, i8, u8, bool, f32),
        &'a str,
        &'a [u8],
        heapless::Vec<u32, 4>,
        [i32; 3],
        Choice,
    );

    fn choices() -> impl Strategy<Value = Choice> {
        prop_oneof![
            Just(Choice::Nothing),
            any::<u32>().prop_map(Choice::One),
            any::<(i16, Option<i32>)>().prop_map(|(a, b)| Choice::Pair { a, b }),
            any::<[u8; 3]>().prop_map(Choice::Bytes),
        ]
    }

    fn same<'a, T: Deserialize<'a> + PartialEq + Debug>(bytes: &'a [u8]) {
        let mut rest = bytes;
        let found = decode::<T>(&mut rest);
        match postcard::take_from_bytes::<T>(bytes) {
            Ok((value, after)) => {
                assert_eq!(found, Ok(value));
                assert_eq!(rest, after);
            }
            Err(_) => {
                assert_eq!(found, Err(Fault::Encoding));
                assert_eq!(rest, bytes);
            }
        }
    }

    proptest! {
        #[test]
        fn what_postcard_encodes_is_decoded(
            numbers in any::<(u32, i32, i16, i8, u8, bool)>(),
            text in "\\PC{0,9}",
            bytes in any::<Vec<u8>>(),
            list in prop::collection::vec(any::<u32>(), 0..4),
            array in any::<[i32; 3]>(),
            choice in choices(),
            cut in any::<prop::sample::Index>(),
        ) {
            let text: String = text.to_owned();
            let (a, b, c, d, e, f) = numbers;
            let list = heapless::Vec::from_slice(&list).unwrap();
            let all: All<'_> = ((a, b, c, d, e, f, 1.5), &text, &bytes, list, array, choice);
            let encoded = postcard::to_stdvec(&all).unwrap();
            same::<All<'_>>(&encoded);
            same::<All<'_>>(&encoded[..cut.index(encoded.len())]);
        }

        #[test]
        fn any_bytes_are_read_as_postcard_reads_them(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            same::<u32>(&bytes);
            same::<i32>(&bytes);
            same::<Choice>(&bytes[..bytes.len().min(1)]);
            same::<&str>(&bytes);
            same::<heapless::Vec<u32, 4>>(&bytes);
            same::<(bool, Option<u8>)>(&bytes);
        }
    }
}
