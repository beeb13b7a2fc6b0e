//! Tensors of other elements than bytes: the arena as int16 and int32.
#![expect(
    unsafe_code,
    reason = "the one place where bytes of the arena become int16 and int32"
)]
#![expect(clippy::as_conversions, reason = "low bits, where they are asked for")]

use crate::blob::DType;

/// A type that a tensor's elements can be read and written as.
pub trait Element: Copy + Ord + Into<i32> + sealed::Sealed {
    /// What a tensor of these is.
    const DTYPE: DType;
    /// The smallest of them.
    const LEAST: Self;

    /// The number's low bits: the number itself, where it is one of these.
    fn from_low(number: i32) -> Self;
}

impl Element for i8 {
    const DTYPE: DType = DType::I8;
    const LEAST: Self = Self::MIN;

    #[inline]
    fn from_low(number: i32) -> Self {
        number as Self
    }
}
impl Element for i16 {
    const DTYPE: DType = DType::I16;
    const LEAST: Self = Self::MIN;

    #[inline]
    fn from_low(number: i32) -> Self {
        number as Self
    }
}
impl Element for i32 {
    const DTYPE: DType = DType::I32;
    const LEAST: Self = Self::MIN;

    #[inline]
    fn from_low(number: i32) -> Self {
        number
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for i8 {}
    impl Sealed for i16 {}
    impl Sealed for i32 {}
}

/// The bytes as elements, in the order of the blob, which is that of the target (little endian,
/// see the crate root). All of them where the bytes are aligned to the element and a multiple of
/// it long, as `parse` proves of every tensor; what lies outside the alignment is left out.
pub(crate) fn elements<T: Element>(bytes: &[i8]) -> &[T] {
    // SAFETY: `Element` is sealed to integers, of which every bit pattern is a value.
    let (_, elements, _) = unsafe { bytes.align_to::<T>() };
    elements
}

/// [`elements`], to write.
pub(crate) fn elements_mut<T: Element>(bytes: &mut [i8]) -> &mut [T] {
    // SAFETY: as in `elements`; and any integer that is written leaves valid bytes.
    let (_, elements, _) = unsafe { bytes.align_to_mut::<T>() };
    elements
}

/// The element in `bytes`, which are as long as one.
pub(crate) fn load(dtype: DType, bytes: &[i8]) -> i32 {
    match (dtype, bytes) {
        (DType::Bool, &[value]) => i32::from(value != 0),
        (_, &[value]) => value.into(),
        (_, &[low, high]) => i16::from_le_bytes([low, high].map(i8::cast_unsigned)).into(),
        (_, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d].map(i8::cast_unsigned)),
        // No element is as long.
        (_, _) => 0,
    }
}

/// Writes the low bytes of `value` into `bytes`, which are as long as an element.
pub(crate) fn store(value: i32, bytes: &mut [i8]) {
    for (byte, value) in bytes.iter_mut().zip(value.to_le_bytes()) {
        *byte = value.cast_signed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_loaded() {
        for dtype in [DType::I8, DType::I16, DType::I32, DType::Bool] {
            let (min, max) = dtype.range();
            for value in [min, max, 0, 1, min / 3, max / 3] {
                let mut bytes = [0x55; 4];
                let bytes = &mut bytes[..crate::index(dtype.bytes())];
                store(value, bytes);
                assert_eq!(load(dtype, bytes), value, "{}", dtype.name());
            }
        }
        assert_eq!(load(DType::Bool, &[-3]), 1);
    }

    #[test]
    fn aligned_bytes_are_elements() {
        let mut bytes = crate::Aligned([0i8, 1, -1, -1, 0, -128, 0, 0]);
        assert_eq!(elements::<i16>(&bytes.0), [256, -1, -32768, 0]);
        elements_mut::<i32>(&mut bytes.0)[1] = -2;
        assert_eq!(elements::<i32>(&bytes.0), [-65_280, -2]);
    }
}
