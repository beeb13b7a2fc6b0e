//! Samples of several channels, normalized.

use super::mix::feature;

/// Gains and offsets of the channels.
pub(crate) struct Motion<'a> {
    pub(crate) gains: &'a [i32],
    pub(crate) offsets: &'a [i32],
    pub(crate) shift: u32,
}

impl Motion<'_> {
    /// One sample of each channel becomes one feature of each.
    pub(crate) fn frame(&self, samples: &[i16], values: &mut [i32]) {
        let parameters = self.gains.iter().zip(self.offsets);
        let samples = samples.iter().zip(parameters);
        for (value, (&sample, (&gain, &offset))) in values.iter_mut().zip(samples) {
            let product = i64::from(sample) * i64::from(gain);
            *value = feature(product, self.shift, offset);
        }
    }
}
