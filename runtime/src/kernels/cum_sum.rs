//! Sums of what comes before along an axis.

use super::{requantize, saturate};
use crate::blob::CumSum;
use crate::index;

/// Bits that a sum is shifted left by before it is scaled: TFLite shifts values by 20 and halves them.
const SHIFT: u32 = 19;

/// The sums along the middle axis of `params.shape`; see [`CumSum`].
///
/// TFLite's `CUMSUM` of int8 (`reference/cumsum.h`).
pub fn cum_sum(params: &CumSum, input: &[i8], output: &mut [i8]) {
    let [_, extent, inner] = params.shape.map(index);
    let rescale = params.rescale;
    let block = extent * inner;
    for (values, sums) in input
        .chunks_exact(block)
        .zip(output.chunks_exact_mut(block))
    {
        for column in 0..inner {
            let mut sum = params.first;
            for step in 0..extent {
                let row = if params.reverse {
                    extent - 1 - step
                } else {
                    step
                };
                let at = row * inner + column;
                let value = i32::from(values[at]) - rescale.input_zero_point;
                let before = sum;
                sum = sum.wrapping_add(value);
                let own = if params.exclusive { before } else { sum };
                let scale = rescale.scale;
                let scaled = requantize(own.wrapping_shl(SHIFT), scale.multiplier, scale.shift);
                let result = scaled.wrapping_add(rescale.output_zero_point);
                sums[at] = saturate(result);
            }
        }
    }
}
