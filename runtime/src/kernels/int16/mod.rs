//! Kernels of int16 activations that are more than those of int8 on wider elements.
//!
//! Zero points are 0, so that a product with int8 fits 23 bits and one of two int16 fits 31.

mod conv2d;
mod convert;
mod curve;
mod mat_mul;
mod slopes;
mod softmax;
mod wide;

pub use conv2d::{Direction, conv2d_int16};
pub use convert::convert;
pub use curve::curve;
pub use mat_mul::mat_mul_int16;
pub use slopes::slopes;
pub use softmax::{TABLE_LEN, softmax_int16};
pub use wide::{Bias, WideChannels};
