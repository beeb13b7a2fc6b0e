//! Rectifier with learned slopes. Broadcasting is the caller's.

use super::{requantize, saturate};
use crate::blob::Prelu;

/// `input`, or `slope · input` below 0, at the scales of `params`, element by element.
///
/// TFLite's `PRELU` (`reference/prelu.h`, `BroadcastPrelu4DSlow`).
pub fn prelu(params: &Prelu, input: &[i8], slope: &[i8], output: &mut [i8]) {
    for ((out, &input), &slope) in output.iter_mut().zip(input).zip(slope) {
        let input = i32::from(input) - params.input.zero_point;
        let (value, scale) = if input >= 0 {
            (input, params.positive)
        } else {
            let slope = i32::from(slope) - params.slope.zero_point;
            (input * slope, params.negative)
        };
        let scaled = requantize(value, scale.multiplier, scale.shift);
        *out = saturate(scaled.wrapping_add(params.output_zero_point));
    }
}
