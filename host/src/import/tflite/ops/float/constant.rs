//! Constants as float32, however they are stored.

use super::super::super::budget::Budget;
use super::super::super::bytes::halves;
use super::super::super::failure::{Checked, operand};
use super::super::super::importer::{constant, elements};
use super::super::super::model::Tensor;
use super::super::super::schema::Type;

/// The numbers of a constant: float32, float16, truths as 0 and 1, or int4, int8, uint8 or int16
/// with a scale, or one for each index along an axis: `scale * (q - zero_point)`.
pub(super) fn floats(tensor: &Tensor<'_>, budget: &mut Budget, what: &str) -> Checked<Vec<f32>> {
    let data = constant(tensor, what)?;
    let count = elements(&tensor.shape).unwrap_or(usize::MAX);
    let fault = || {
        let expected = format!("of shape {:?}", tensor.shape);
        let found = format!("{} bytes of {}", data.len(), tensor.element.describe());
        operand(what, expected, found)
    };
    let bits = match tensor.element {
        Type::FLOAT32 => 32,
        Type::FLOAT16 | Type::INT16 => 16,
        Type::INT8 | Type::UINT8 | Type::BOOL => 8,
        Type::INT4 => 4,
        _ => return Err(fault()),
    };
    if count.checked_mul(bits).map(|bits| bits.div_ceil(8)) != Some(data.len()) {
        return Err(fault());
    }
    budget.take(count.saturating_mul(size_of::<f32>()))?;
    let numbers = match tensor.element {
        Type::FLOAT32 => words(data, f32::from_le_bytes),
        Type::FLOAT16 => words(data, |bytes| widened(u16::from_le_bytes(bytes))),
        Type::BOOL => words(data, |[byte]| f32::from(u8::from(byte != 0))),
        _ => dequantize(tensor, integers(tensor.element, data), what)?,
    };
    match numbers.iter().find(|number| !number.is_finite()) {
        None => Ok(numbers),
        Some(found) => Err(operand(
            what,
            "of finite numbers",
            format!("`{}` with {found}", tensor.name),
        )),
    }
}

/// The float32 numbers, little-endian, that a DEQUANTIZE of a constant gives.
pub(in super::super::super) fn dequantized(
    tensor: &Tensor<'_>,
    budget: &mut Budget,
) -> Checked<Vec<u8>> {
    let numbers = floats(tensor, budget, "input")?;
    budget.take(numbers.len().saturating_mul(size_of::<f32>()))?;
    Ok(numbers.into_iter().flat_map(f32::to_le_bytes).collect())
}

fn words<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let word = |bytes: &[u8]| number(bytes.try_into().expect("chunks of this length"));
    data.chunks_exact(N).map(word).collect()
}

/// Integers of at most 16 bits; of int4 perhaps one too many.
fn integers(element: Type, data: &[u8]) -> Vec<i32> {
    let signed = |byte: u8| i8::from_le_bytes([byte]);
    match element {
        Type::UINT8 => data.iter().map(|&byte| byte.into()).collect(),
        Type::INT16 => data
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]).into())
            .collect(),
        Type::INT4 => data
            .iter()
            .flat_map(|&byte| halves(byte))
            .map(i32::from)
            .collect(),
        _ => data.iter().map(|&byte| signed(byte).into()).collect(),
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a difference of numbers of 16 bits is exact in float32"
)]
fn dequantize(tensor: &Tensor<'_>, integers: Vec<i32>, what: &str) -> Checked<Vec<f32>> {
    let quantization = &tensor.quantization;
    let scales: Vec<f32> = quantization
        .scales
        .elements()
        .map(f32::from_le_bytes)
        .collect();
    let zero_points: Vec<i64> = quantization.zero_points().collect();
    let axis = usize::try_from(quantization.axis).unwrap_or(usize::MAX);
    let extent = tensor.shape.get(axis).copied();
    let is_sound = match scales.len() {
        0 => false,
        1 => true,
        found => Some(found) == extent,
    };
    let in_range = |zero_point: &i64| (-32_768..=32_767).contains(zero_point);
    if !is_sound
        || !(zero_points.len() <= 1 || zero_points.len() == scales.len())
        || !zero_points.iter().all(in_range)
    {
        let found = format!(
            "`{}` with {} scales and {} zero points",
            tensor.name,
            scales.len(),
            zero_points.len()
        );
        return Err(operand(
            what,
            "with a scale, or one for each index along an axis",
            found,
        ));
    }
    // How many numbers in a row have the same scale.
    let run: usize = match scales.len() {
        1 => 1,
        _ => tensor.shape[axis + 1..].iter().product(),
    };
    let count = elements(&tensor.shape).unwrap_or(0);
    let number = |(at, q): (usize, i32)| {
        let channel = at / run.max(1) % scales.len();
        let zero_point = zero_points.get(channel).or(zero_points.first());
        let zero_point = zero_point.map_or(0, |&zero_point| zero_point as i32);
        scales[channel] * (q - zero_point) as f32
    };
    Ok(integers
        .into_iter()
        .take(count)
        .enumerate()
        .map(number)
        .collect())
}

/// A float16 as float32, which has it exactly (IEEE 754-2008, binary16).
fn widened(half: u16) -> f32 {
    let sign = u32::from(half >> 15) << 31;
    let exponent = u32::from(half >> 10) & 31;
    let fraction = u32::from(half & 1023);
    let bits = match (exponent, fraction) {
        (0, _) => {
            // Multiples of 2^-24.
            let magnitude = f32::from(half & 1023) * 2f32.powi(-24);
            return if sign == 0 { magnitude } else { -magnitude };
        }
        (31, _) => sign | 255 << 23 | fraction << 13,
        _ => sign | (exponent + 127 - 15) << 23 | fraction << 13,
    };
    f32::from_bits(bits)
}

#[cfg(test)]
mod tests {
    use super::widened;

    #[test]
    fn float16_at_its_corners() {
        for (half, expected) in [
            (0x0000, 0.0),
            (0x0001, 2f32.powi(-24)),
            (0x03ff, 1023.0 * 2f32.powi(-24)),
            (0x0400, 2f32.powi(-14)),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(widened(half), expected, "{half:#x}");
        }
        assert!(widened(0x7e00).is_nan() && widened(0x8000).is_sign_negative());
    }
}
