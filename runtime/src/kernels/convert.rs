//! Elements in another type.

use super::requantize;
use crate::blob::{Convert, DType};
use crate::element::{load, store};
use crate::index;

/// The elements of `input` in the type of the output, as many as fit it.
///
/// TFLite's `CAST` (`kernels/cast.cc`), or with a change of scale its `QUANTIZE`
/// (`reference/requantize.h`).
pub fn convert(params: &Convert, input: &[i8], output: &mut [i8]) {
    let (min, max) = params.to.range();
    let elements = input.chunks_exact(index(params.from.bytes()));
    let results = output.chunks_exact_mut(index(params.to.bytes()));
    for (bytes, result) in elements.zip(results) {
        let value = load(params.from, bytes);
        let value = match params.rescale {
            Some(rescale) => {
                let difference = value.wrapping_sub(rescale.input_zero_point);
                let scale = rescale.scale;
                requantize(difference, scale.multiplier, scale.shift)
                    .wrapping_add(rescale.output_zero_point)
                    .min(max)
                    .max(min)
            }
            None if params.to == DType::Bool => i32::from(value != 0),
            None => value,
        };
        store(value, result);
    }
}
