//! Scales and zero points as the file has them.

use super::flatbuffer::{Table, Vector};
use super::schema::field;
use crate::import::ImportError;

/// What quantized numbers of a tensor mean.
#[derive(Debug)]
pub(super) struct Quantization<'a> {
    /// One float32, or one for each index along `axis`; none if the tensor is not quantized.
    pub(super) scales: Vector<'a>,
    /// int64, as many; [`Self::zero_points`] has them as the numbers are.
    stored_zero_points: Vector<'a>,
    /// By how much the numbers, and so the zero points, are less than the file has them.
    pub(super) shift: i64,
    pub(super) axis: i32,
    pub(super) has_details: bool,
}

impl<'a> Quantization<'a> {
    pub(super) fn read(tensor: Table<'a>) -> Result<Self, ImportError> {
        let Some(table) = tensor.table(field::tensor::QUANTIZATION)? else {
            return Ok(Self {
                scales: Vector::empty(4),
                stored_zero_points: Vector::empty(8),
                shift: 0,
                axis: 0,
                has_details: false,
            });
        };
        Ok(Self {
            scales: table.vector(field::quantization::SCALE, 4)?,
            stored_zero_points: table.vector(field::quantization::ZERO_POINT, 8)?,
            shift: 0,
            axis: table.i32(field::quantization::AXIS, 0)?,
            has_details: table.u8(field::quantization::DETAILS_TYPE)? != 0,
        })
    }

    /// Number of zero points.
    pub(super) fn zero_point_count(&self) -> usize {
        self.stored_zero_points.len()
    }

    /// The zero points; 0, shifted as the numbers are, if the file has none.
    pub(super) fn zero_points(&self) -> impl Iterator<Item = i64> + '_ {
        let shifted = |bytes| i64::from_le_bytes(bytes).saturating_sub(self.shift);
        let left_out =
            (self.stored_zero_points.len() == 0).then_some(0i64.saturating_sub(self.shift));
        self.stored_zero_points
            .elements()
            .map(shifted)
            .chain(left_out)
    }
}
