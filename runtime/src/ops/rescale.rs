//! The change of scale of requantizing and concatenating.

use super::bounds::{Bounds, scale};
use crate::blob::Rescale;
use crate::fault::Fault;

pub(super) fn check(params: &Rescale, bounds: &Bounds<'_>) -> Result<(), Fault> {
    bounds.zero_point(params.input_zero_point)?;
    bounds.zero_point(params.output_zero_point)?;
    scale(params.scale)
}
