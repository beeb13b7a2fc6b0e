//! Bits that operands get below the point before they are scaled.

use super::graph::DType;

/// Extra bits of the sum of two tensors (TensorFlow Lite's ADD and SUB, `kernels/add.cc`: 20 leaves
/// `255 << 20` below 2^28, and 15 of int16 `2^15 << 15` at 2^30).
#[must_use]
pub const fn left_shift(dtype: DType) -> u32 {
    match dtype {
        DType::I8 | DType::I32 | DType::Bool => 20,
        DType::I16 => 15,
    }
}

/// Extra bits of a squared difference (TFLM's `kernels/squared_difference.cc`): the square of
/// `255 << 7` is below 2^30, and so is that of an int16.
#[must_use]
pub const fn square_left_shift(dtype: DType) -> u32 {
    match dtype {
        DType::I8 | DType::I32 | DType::Bool => 7,
        DType::I16 => 0,
    }
}
