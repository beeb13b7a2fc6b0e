//! Change of scale and zero point.

use super::{requantize, saturate};
use crate::blob::Rescale;

/// `requantize(x - input_zero_point) + output_zero_point`, clamped to int8, in place.
///
/// TFLite's `QUANTIZE` from int8 to int8 (`reference/requantize.h`).
pub fn rescale(params: &Rescale, values: &mut [i8]) {
    for value in values {
        let difference = i32::from(*value) - params.input_zero_point;
        let scaled = requantize(difference, params.scale.multiplier, params.scale.shift);
        *value = saturate(scaled.wrapping_add(params.output_zero_point));
    }
}
