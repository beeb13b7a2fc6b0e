//! Scales and zero points as the file has them.

use super::flatbuffer::{Table, Vector};
use super::schema::field;
use crate::import::ImportError;

/// What quantized numbers of a tensor mean.
#[derive(Debug)]
pub(super) struct Quantization<'a> {
    /// One float32, or one for each index along `axis`; none if the tensor is not quantized.
    pub(super) scales: Vector<'a>,
    /// int64, as many.
    pub(super) zero_points: Vector<'a>,
    pub(super) axis: i32,
    pub(super) has_details: bool,
}

impl<'a> Quantization<'a> {
    pub(super) fn read(tensor: Table<'a>) -> Result<Self, ImportError> {
        let Some(table) = tensor.table(field::tensor::QUANTIZATION)? else {
            return Ok(Self {
                scales: Vector::empty(4),
                zero_points: Vector::empty(8),
                axis: 0,
                has_details: false,
            });
        };
        Ok(Self {
            scales: table.vector(field::quantization::SCALE, 4)?,
            zero_points: table.vector(field::quantization::ZERO_POINT, 8)?,
            axis: table.i32(field::quantization::AXIS, 0)?,
            has_details: table.u8(field::quantization::DETAILS_TYPE)? != 0,
        })
    }
}
