//! Transposed convolution: a matrix product, whose results are added up where the taps reach.

use super::storage::values;
use crate::ir::{ConvTranspose2d, TransposedWindow2d};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// `x`: `[N, H, W, I]`, `weights`: `[O, KH, KW, I / groups]`, contiguous → `[N, OH, OW, O]`,
/// without bias and clamp.
pub(super) fn conv_transpose2d(
    conv: &ConvTranspose2d,
    x: &Tensor,
    weights: &Tensor,
) -> Result<Tensor> {
    let (samples, rows, columns, channels) = x.dims4()?;
    let (filters, kernel_rows, kernel_columns, group_in) = weights.dims4()?;
    let group_out = filters / conv.groups;
    let taps = kernel_rows * kernel_columns;
    let pixels = x.reshape((samples * rows * columns, channels))?;
    let groups = (0..conv.groups).map(|group| {
        let x = pixels.narrow(1, group * group_in, group_in)?.contiguous()?;
        let weights = weights.narrow(0, group * group_out, group_out)?;
        let weights = weights.reshape((group_out, taps, group_in))?;
        // A column for every tap and, innermost, output channel.
        let weights = weights
            .permute((2, 1, 0))?
            .reshape((group_in, taps * group_out))?;
        let products = x.matmul(&weights.contiguous()?)?;
        let products = products.reshape((samples, rows, columns, taps * group_out))?;
        products.apply_op1(Scatter {
            window: conv.window.clone(),
            channels: group_out,
        })
    });
    let groups = groups.collect::<Result<Vec<_>>>()?;
    Tensor::cat(&groups, 3)?.contiguous()
}

/// `[N, H, W, KH · KW · channels]` → `[N, OH, OW, channels]`: the sums of what reaches each output.
struct Scatter {
    window: TransposedWindow2d,
    channels: usize,
}

impl CustomOp1 for Scatter {
    fn name(&self) -> &'static str {
        "scatter"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let products = values(storage, layout)?;
        let (samples, rows, columns, width) = layout.shape().dims4()?;
        let [out_rows, out_columns] = self.window.output;
        let mut sums = vec![0.0f32; samples * out_rows * out_columns * self.channels];
        for (pixel, products) in products.chunks_exact(width).enumerate() {
            let (sample, at) = (pixel / (rows * columns), pixel % (rows * columns));
            for (tap, products) in products.chunks_exact(self.channels).enumerate() {
                let kernel_columns = self.window.kernel[1];
                let row = self.reached(0, at / columns, tap / kernel_columns);
                let column = self.reached(1, at % columns, tap % kernel_columns);
                let (Some(row), Some(column)) = (row, column) else {
                    continue;
                };
                let to = ((sample * out_rows + row) * out_columns + column) * self.channels;
                for (sum, product) in sums[to..].iter_mut().zip(products) {
                    *sum += product;
                }
            }
        }
        let shape = Shape::from((samples, out_rows, out_columns, self.channels));
        Ok((CpuStorage::F32(sums), shape))
    }
}

impl Scatter {
    /// The output coordinate that a tap of an input coordinate adds to, if it is inside.
    fn reached(&self, axis: usize, input: usize, tap: usize) -> Option<usize> {
        let window = &self.window;
        (input * window.stride[axis] + tap * window.dilation[axis])
            .checked_sub(window.pad_before[axis])
            .filter(|&output| output < window.output[axis])
    }
}
