//! Settings and tables of normalized samples.

use super::FrontendError;
use super::fields::{Fields, within};
use super::fixed::fixed;
use super::numbers::Numbers;
use super::tables::Tables;
use tiivis_runtime::blob::{FrontendKind, MotionSpec};

/// Fraction bits of a gain before the shift that it can have.
const GAIN_BITS: i32 = 29;

/// `(x - mean) / std` of each channel, x in the sensor's own steps.
#[derive(Clone, Debug, PartialEq)]
pub struct MotionSettings {
    /// Interleaved channels, 1 to 1024.
    pub channels: u32,
    /// Of each channel.
    pub mean: Vec<f64>,
    /// Of each channel, above 0.
    pub std: Vec<f64>,
}

impl MotionSettings {
    pub(super) fn from_fields(fields: &mut Fields) -> Result<Self, FrontendError> {
        let channels = fields.required("channels", "interleaved channels of the sensor, e.g. 3")?;
        let channels = within("channels", channels, 1..=1024)?;
        Ok(Self {
            channels,
            mean: Numbers::take(fields, "mean", 0.0)?.repeat("mean", channels)?,
            std: Numbers::take(fields, "std", 1.0)?.positive("std", channels)?,
        })
    }

    /// Tables and parameters.
    pub(super) fn spec(&self, tables: &mut Tables) -> Result<FrontendKind, FrontendError> {
        let largest = self
            .std
            .iter()
            .fold(f64::INFINITY, |least, &std| std.min(least));
        // A feature has 16 fraction bits, a sample none.
        let shift = super::mel::shift_for(1.0 / largest, GAIN_BITS, 16)?;
        let bits = super::mel::fraction_bits(shift, 16);
        let gains: Vec<_> = self.std.iter().map(|std| fixed(1.0 / std, bits)).collect();
        let offsets: Vec<_> = self
            .mean
            .iter()
            .zip(&self.std)
            .map(|(mean, std)| fixed(-mean / std, 16))
            .collect();
        Ok(FrontendKind::Motion(MotionSpec {
            gains: tables.int32(&gains)?,
            offsets: tables.int32(&offsets)?,
            shift,
        }))
    }
}
