//! The products in assembly: Armv7E-M or Armv8-M with the DSP extension and a floating-point unit, whose
//! registers hold what is needed once in a block.

mod conv2d;
mod dense;
mod gather;
mod product;
mod rows;
mod widen;

pub(super) use conv2d::conv2d;
pub(super) use dense::dense;
