//! Arrays' elements as a model's ports have them.

use crate::data::Elements;
use tiivis_runtime::blob::{DType, Port};

/// The elements as the integers that a port of this type holds, if they are of its type or, for
/// int32, integers that fit.
pub(super) fn as_they_are(dtype: DType, elements: &Elements) -> Option<Vec<i32>> {
    match (dtype, elements) {
        (DType::I8 | DType::I32, Elements::I8(values)) => Some(widened(values)),
        (DType::I16 | DType::I32, Elements::I16(values)) => Some(widened(values)),
        (DType::I32, Elements::U8(values)) => Some(widened(values)),
        (DType::I32, Elements::I32(values)) => Some(values.clone()),
        (DType::I32, Elements::I64(values)) => {
            let narrowed = values.iter().map(|&value| i32::try_from(value).ok());
            narrowed.collect()
        }
        (DType::Bool, Elements::Bool(values)) => Some(widened(values)),
        (DType::I8 | DType::I16 | DType::I32 | DType::Bool, _) => None,
    }
}

fn widened<T: Copy + Into<i32>>(values: &[T]) -> Vec<i32> {
    values.iter().map(|&value| value.into()).collect()
}

/// What a port of this type takes.
pub(super) fn accepted(dtype: DType) -> &'static str {
    match dtype {
        DType::I8 => "float32, int8 that is quantized already, or uint8 pixels (scaled by 1/255)",
        DType::I16 => "float32, int16 that is quantized already, or uint8 pixels (scaled by 1/255)",
        DType::I32 => "integers that fit int32, or float32 that is rounded",
        DType::Bool => "bool, or float32 that is true unless 0",
    }
}

/// The integers that bytes of this type are.
pub(super) fn values_of(dtype: DType, bytes: &[i8]) -> Vec<i32> {
    let length = usize::try_from(dtype.bytes()).expect("a few bytes");
    let value = |element: &[i8]| match (dtype, element) {
        (DType::Bool, &[value]) => i32::from(value != 0),
        (DType::I16, &[low, high]) => i16::from_le_bytes(unsigned([low, high])).into(),
        (DType::I32, &[a, b, c, d]) => i32::from_le_bytes(unsigned([a, b, c, d])),
        (DType::I8 | DType::I16 | DType::I32 | DType::Bool, _) => element[0].into(),
    };
    bytes.chunks_exact(length).map(value).collect()
}

fn unsigned<const N: usize>(bytes: [i8; N]) -> [u8; N] {
    bytes.map(i8::cast_unsigned)
}

/// The bytes of an integer that the type holds.
pub(super) fn bytes_of(dtype: DType, value: i32) -> impl Iterator<Item = i8> {
    let length = usize::try_from(dtype.bytes()).expect("a few bytes");
    let bytes = value.to_le_bytes().map(u8::cast_signed);
    bytes.into_iter().take(length)
}

/// Integers of this type as an array's elements.
///
/// # Panics
/// If the type does not hold them.
pub(super) fn array_elements(dtype: DType, values: &[i32]) -> Elements {
    match dtype {
        DType::I8 => Elements::I8(narrowed(values)),
        DType::I16 => Elements::I16(narrowed(values)),
        DType::I32 => Elements::I32(values.to_vec()),
        DType::Bool => Elements::Bool(values.iter().map(|&value| value != 0).collect()),
    }
}

fn narrowed<T: TryFrom<i32>>(values: &[i32]) -> Vec<T> {
    let narrow = |&value: &i32| T::try_from(value).ok();
    let narrowed: Option<_> = values.iter().map(narrow).collect();
    narrowed.expect("values of the type fit it")
}

/// Whether the port's integers stand for reals.
pub(super) fn is_quantized(port: &Port<'_>) -> bool {
    match port.dtype {
        DType::I8 | DType::I16 => true,
        DType::I32 => port.scale != 1.0 || port.zero_point != 0,
        DType::Bool => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_survive_the_way_through_bytes() {
        for dtype in [DType::I8, DType::I16, DType::I32, DType::Bool] {
            let (min, max) = dtype.range();
            let values = vec![min, 0, max, min / 2, 1];
            let bytes: Vec<i8> = values
                .iter()
                .flat_map(|&value| bytes_of(dtype, value))
                .collect();
            assert_eq!(values_of(dtype, &bytes), values);
            let elements = array_elements(dtype, &values);
            assert_eq!(elements.type_name(), dtype.name());
            assert_eq!(as_they_are(dtype, &elements), Some(values));
        }
    }

    #[test]
    fn indices_of_any_width_are_taken_if_they_fit() {
        let wide = |value| as_they_are(DType::I32, &Elements::I64(vec![value]));
        assert_eq!(wide(7), Some(vec![7]));
        assert_eq!(wide(1 << 31), None);
        let int8 = Elements::I8(vec![1]);
        assert_eq!(as_they_are(DType::I16, &int8), None);
        assert_eq!(as_they_are(DType::Bool, &int8), None);
    }
}
