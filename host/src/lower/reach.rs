//! What the sums of an output channel can become.

use super::twin::Staircase;
use crate::quantize::graph::QClamp;
use tiivis_runtime::blob::Scale;

/// The sums of a channel over inputs of int8, with the input's zero point in the bias.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// The bias, less the products of the zero point.
    pub(crate) bias: i64,
    /// Least sum, bias included.
    pub(crate) least: i64,
    /// Largest sum.
    pub(crate) most: i64,
    /// What no part of the sum exceeds, in any order of summation.
    pub(crate) magnitude: u64,
}

impl Reach {
    /// Of a channel's weights, and its bias for inputs less their zero point.
    pub(crate) fn of(weights: impl Iterator<Item = i8>, bias: i64, zero_point: i32) -> Self {
        let (least, most) = (i64::from(i8::MIN), i64::from(i8::MAX));
        let (mut positive, mut negative) = (0, 0);
        for weight in weights.map(i64::from) {
            positive += weight.max(0);
            negative += weight.min(0);
        }
        let bias = bias - i64::from(zero_point) * (positive + negative);
        let magnitude = (positive - negative) * -least + bias.abs();
        Self {
            bias,
            least: bias + positive * least + negative * most,
            most: bias + positive * most + negative * least,
            magnitude: magnitude.unsigned_abs(),
        }
    }

    /// What the double rounding makes of these sums; none if they leave int32.
    pub(crate) fn staircase(
        &self,
        scale: Scale,
        zero_point: i32,
        clamp: QClamp,
    ) -> Option<Staircase> {
        Some(Staircase {
            scale,
            zero_point,
            min: clamp.min,
            max: clamp.max,
            least: i32::try_from(self.least).ok()?,
            most: i32::try_from(self.most).ok()?,
        })
    }
}
