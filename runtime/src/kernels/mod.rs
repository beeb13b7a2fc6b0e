//! The arithmetic, on slices: portable, and the specification of every faster kernel.
//!
//! A kernel takes the parameters of its step ([`crate::blob`]; the spans in them are not looked
//! at), the values, and the output. It allocates nothing; scratch, where it needs some, is the caller's. It panics where a
//! slice is not as long as the parameters say or a parameter is outside its documented range, and
//! nowhere else; [`crate::Model::parse`] has proven both for every step of a blob.
//!
//! Sums and sums of products wrap. A compiled model cannot overflow them (the compiler proves each
//! channel's bound), a hostile one can, and gets defined nonsense.

mod arg_extreme;
mod arithmetic;
mod avg_pool;
mod binary;
mod channels;
mod compare;
mod conv2d;
mod convert;
mod cum_sum;
mod dense;
mod depthwise;
mod div;
mod dot;
mod extreme;
mod fixed_exp;
mod gather;
mod int16;
mod l2_normalize;
mod log_softmax;
mod lstm;
mod lut;
mod mat_mul;
mod max_pool;
mod packed;
mod pad;
mod planes;
mod prelu;
mod reciprocal;
mod reduce;
mod requantize;
mod requantize_wide;
mod rescale;
mod resize_bilinear;
mod select;
mod sigmoid;
mod softmax;
mod svdf;
mod take;
mod transpose;
mod transpose_conv2d;
mod window;
pub mod winograd;

pub use arg_extreme::arg_extreme;
pub use arithmetic::arithmetic;
pub(crate) use avg_pool::MAX_VALUES;
pub use avg_pool::avg_pool2d;
pub use binary::{add, mul, squared_difference, sub};
pub use channels::Channels;
pub use compare::compare;
pub use conv2d::conv2d;
pub use convert::convert;
pub use cum_sum::cum_sum;
pub use dense::dense;
pub use depthwise::depthwise_conv2d;
pub use div::div;
pub use dot::dot;
pub use extreme::extreme;
pub use fixed_exp::{exp_on_negative_values, table_entry};
pub use gather::gather;
pub use int16::{
    Bias, Direction, TABLE_LEN, WideChannels, conv2d_int16, curve, mat_mul_int16, slopes,
    softmax_int16,
};
pub use l2_normalize::l2_normalize;
pub use log_softmax::log_softmax;
pub use lstm::{GATES, LSTM_SCALES, LstmElement, LstmWeights, lstm};
pub use lut::lut;
pub use mat_mul::{Matrices, mat_mul};
pub use max_pool::max_pool2d;
pub(crate) use packed::MOST_TWIN_SHIFT;
pub use packed::{
    CONV_BLOCK, Columns, DENSE_BLOCK, packed_conv2d, packed_conv2d_portable, packed_dense,
    packed_dense_portable,
};
pub use pad::pad;
pub use planes::{
    PlaneGeometry, RECORD_WORDS, Tensors, depthwise_planes, depthwise_planes_portable,
};
pub use prelu::prelu;
pub use reduce::reduce;
pub use requantize::{requantize, rounding_divide_by_pot, saturating_rounding_doubling_high_mul};
pub use requantize_wide::{MAX_WIDE_SHIFT, requantize_wide};
pub use rescale::rescale;
pub use resize_bilinear::resize_bilinear;
pub use select::select;
pub use sigmoid::{logistic, tanh};
pub use softmax::softmax;
pub use svdf::{SvdfWeights, svdf};
pub use take::take;
pub use transpose::transpose;
pub use transpose_conv2d::transpose_conv2d;
pub use window::{Axis, Taps};

use crate::element::Element;

/// Clamps to `min..=max` and narrows.
///
/// That both are numbers of the type, `min` not above `max`, is proven by `parse`, so the result
/// fits.
#[inline]
fn narrow<T: Element>(value: i32, min: i16, max: i16) -> T {
    // Not `clamp`, which would bring its assertion into every loop.
    T::from_low(value.min(i32::from(max)).max(i32::from(min)))
}

/// Clamps to the numbers of the type.
#[inline]
fn saturate<T: Element>(value: i32) -> T {
    let (min, max) = T::DTYPE.range();
    T::from_low(value.min(max).max(min))
}
