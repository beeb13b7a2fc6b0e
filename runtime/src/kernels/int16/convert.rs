//! Change of type, scale and zero point.

use super::super::{requantize, saturate};
use crate::Element;
use crate::blob::Rescale;

/// `requantize(x - input_zero_point) + output_zero_point`, clamped to the output's type, element by
/// element.
///
/// TFLite's `QUANTIZE` between integers (`reference/requantize.h`); sums wrap.
pub fn convert<T: Element, U: Element>(params: &Rescale, input: &[T], output: &mut [U]) {
    for (out, &x) in output.iter_mut().zip(input) {
        let x: i32 = x.into();
        let difference = x.wrapping_sub(params.input_zero_point);
        let scaled = requantize(difference, params.scale.multiplier, params.scale.shift);
        *out = saturate(scaled.wrapping_add(params.output_zero_point));
    }
}
