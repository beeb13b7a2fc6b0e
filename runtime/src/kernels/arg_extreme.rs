//! Where the largest or smallest value is.
#![expect(
    clippy::as_conversions,
    reason = "a value as int8 again, and an index in an arena"
)]

use crate::blob::ArgExtreme;
use crate::index;

/// The index of the first (or last) largest (or smallest) value along the middle axis of
/// `params.shape`, as little-endian int32.
///
/// TFLite's `ARG_MAX` and `ARG_MIN` (`reference/arg_min_max.h`) look for the first; ONNX has both.
pub fn arg_extreme(params: &ArgExtreme, input: &[i8], output: &mut [i8]) {
    let [outer, extent, inner] = params.shape.map(index);
    // The smallest is the largest of the complements.
    let mask: i8 = if params.largest { 0 } else { !0 };
    let mut results = output.chunks_exact_mut(size_of::<u32>());
    for rows in input.chunks_exact(extent * inner).take(outer) {
        for (c, result) in (0..inner).zip(&mut results) {
            let mut best = (rows[c] ^ mask, 0u32);
            for (at, &value) in (0u32..).zip(rows[c..].iter().step_by(inner)) {
                let value = value ^ mask;
                if value > best.0 || (params.last && value == best.0) {
                    best = (value, at);
                }
            }
            for (out, byte) in result.iter_mut().zip(best.1.to_le_bytes()) {
                *out = byte as i8;
            }
        }
    }
}
