//! The change of scale of requantizing and concatenating.

use super::bounds::{scale, zero_point};
use crate::blob::Rescale;
use crate::fault::Fault;

pub(super) fn check(params: &Rescale) -> Result<(), Fault> {
    zero_point(params.input_zero_point)?;
    zero_point(params.output_zero_point)?;
    scale(params.scale)
}
