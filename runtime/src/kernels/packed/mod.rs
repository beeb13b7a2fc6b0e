//! Products whose weights are packed for the DSP extension.
//!
//! The portable kernels are the specification; those in assembly, which there are with the feature
//! `dsp` on cores that have the extension and a floating-point unit (whose registers they use), give the
//! same bytes. A layer whose sums leave what [`crate::blob::Pairing`] demands, which the compiler rules out, gives
//! defined nonsense that need not be the same.

mod columns;
mod conv2d;
mod dense;
#[cfg(all(feature = "dsp", target_arch = "arm", target_abi = "eabihf"))]
mod dsp;
mod finish;
mod unpack;

pub use columns::{CONV_BLOCK, Columns, DENSE_BLOCK};
pub use conv2d::packed_conv2d_portable;
pub use dense::packed_dense_portable;
pub(crate) use finish::MOST_TWIN_SHIFT;

use crate::blob::{PackedConv2d, PackedDense};

/// [`packed_conv2d_portable`], by the fastest kernel that there is.
pub fn packed_conv2d(
    params: &PackedConv2d,
    columns: Columns,
    input: &[i8],
    stream: &[i32],
    scratch: &mut [i8],
    output: &mut [i8],
) {
    #[cfg(all(feature = "dsp", target_arch = "arm", target_abi = "eabihf"))]
    if dsp::conv2d(params, columns, input, stream, scratch, output) {
        return;
    }
    packed_conv2d_portable(params, columns, input, stream, scratch, output);
}

/// [`packed_dense_portable`], by the fastest kernel that there is.
pub fn packed_dense(
    params: &PackedDense,
    columns: Columns,
    input: &[i8],
    stream: &[i32],
    scratch: &mut [i8],
    output: &mut [i8],
) {
    #[cfg(all(feature = "dsp", target_arch = "arm", target_abi = "eabihf"))]
    if dsp::dense(params, columns, input, stream, scratch, output) {
        return;
    }
    packed_dense_portable(params, columns, input, stream, scratch, output);
}
