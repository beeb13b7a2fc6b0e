//! Two slopes that meet in 0.

use super::super::{narrow, requantize};
use crate::blob::Slopes;

/// `requantize(x)` by one scale from 0 up and by another below, where `x` is negated first if the
/// parameters say so, clamped to `min..=max`, in place.
///
/// TFLite's `RELU`, `LEAKY_RELU` and `ABS` of int16 (`reference/leaky_relu.h`,
/// `micro/kernels/activations_common.cc` and `elementwise.cc`).
pub fn slopes(params: &Slopes, values: &mut [i16]) {
    for value in values {
        let x = i32::from(*value);
        let (x, scale) = match x {
            0.. => (x, params.positive),
            _ if params.negated => (-x, params.negative),
            _ => (x, params.negative),
        };
        let scaled = requantize(x, scale.multiplier, scale.shift);
        *value = narrow(scaled, params.min, params.max);
    }
}
