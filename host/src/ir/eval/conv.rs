//! Convolution: a matrix product over gathered patches, or direct sums if it is depthwise.

use super::storage::values;
use super::window::taps;
use crate::ir::{Conv2d, Window2d};
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};

/// Patches are gathered for as many samples at a time as fill this many elements (4 MiB), so that
/// they neither leave the cache needlessly nor exhaust memory.
const PATCH_ELEMENTS: usize = 1 << 20;

/// `x`: `[N, H, W, I]`, `weights`: `[O, KH, KW, I / groups]`, contiguous → `[N, OH, OW, O]`,
/// without bias and clamp.
pub(super) fn conv2d(conv: &Conv2d, x: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let (samples, rows, columns, channels) = x.dims4()?;
    let (filters, kernel_rows, kernel_columns, group_channels) = weights.dims4()?;
    let [output_rows, output_columns] = output_size(&conv.window, [rows, columns])?;
    if group_channels == 1 && conv.groups > 1 {
        // Channels last, so that the inner loop runs over them.
        let weights = weights.reshape((filters, kernel_rows * kernel_columns))?;
        let depthwise = Depthwise {
            window: conv.window.clone(),
        };
        return x.apply_op2(&weights.t()?.contiguous()?, depthwise);
    }
    let patch = kernel_rows * kernel_columns * group_channels;
    let group_filters = filters / conv.groups;
    let weights = weights.reshape((conv.groups, group_filters, patch))?;
    let pixels = output_rows * output_columns;
    let chunk = (PATCH_ELEMENTS / (pixels * patch)).clamp(1, samples);
    let mut chunks = Vec::with_capacity(samples.div_ceil(chunk));
    for start in (0..samples).step_by(chunk) {
        let x = x.narrow(0, start, chunk.min(samples - start))?;
        let groups = (0..conv.groups).map(|group| {
            let patches = if is_pointwise(conv) {
                x.reshape(((), channels))?
            } else {
                x.apply_op1(Patches {
                    window: conv.window.clone(),
                    first_channel: group * group_channels,
                    channels: group_channels,
                })?
            };
            patches.matmul(&weights.get(group)?.t()?)
        });
        chunks.push(concat(groups.collect::<Result<Vec<_>>>()?, 1)?);
    }
    concat(chunks, 0)?.reshape((samples, output_rows, output_columns, filters))
}

/// Whether the patches are the pixels as they lie.
fn is_pointwise(conv: &Conv2d) -> bool {
    let Window2d {
        kernel,
        stride,
        dilation: _,
        pad_before,
        pad_after,
    } = &conv.window;
    conv.groups == 1
        && (*kernel, *stride) == ([1, 1], [1, 1])
        && (*pad_before, *pad_after) == ([0, 0], [0, 0])
}

fn concat(mut tensors: Vec<Tensor>, axis: usize) -> Result<Tensor> {
    match tensors.len() {
        1 => Ok(tensors.remove(0)),
        _ => Tensor::cat(&tensors, axis),
    }
}

/// [`Window2d::output_size`] with candle's error.
pub(super) fn output_size(window: &Window2d, input: [usize; 2]) -> Result<[usize; 2]> {
    window.output_size(input).map_err(candle_core::Error::wrap)
}

/// `[N, H, W, I]` → `[N · OH · OW, KH · KW · channels]`: what each window covers, with zeros for
/// the padding. Its gradient adds every patch back to where it came from.
struct Patches {
    window: Window2d,
    first_channel: usize,
    channels: usize,
}

impl CustomOp1 for Patches {
    fn name(&self) -> &'static str {
        "patches"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(storage, layout)?;
        let (samples, rows, columns, channels) = layout.shape().dims4()?;
        let [kernel_rows, kernel_columns] = self.window.kernel;
        let [output_rows, output_columns] = output_size(&self.window, [rows, columns])?;
        let patch = kernel_rows * kernel_columns * self.channels;
        let count = samples * output_rows * output_columns;
        let mut patches = vec![0.0f32; count * patch];
        // Taps side by side are one run if no channel of another group lies between.
        let joined = self.window.dilation[1] == 1 && self.channels == channels;
        let mut targets = patches.chunks_exact_mut(patch);
        for sample in x.chunks_exact(rows * columns * channels) {
            for output_row in 0..output_rows {
                let down = taps(&self.window, 0, output_row, rows);
                for output_column in 0..output_columns {
                    let across = taps(&self.window, 1, output_column, columns);
                    let Some(target) = targets.next() else {
                        candle_core::bail!("more windows than patches");
                    };
                    if across.taps.is_empty() {
                        continue;
                    }
                    for row_tap in down.taps.clone() {
                        let row = down.position(row_tap) * columns;
                        let tap = row_tap * kernel_columns + across.taps.start;
                        if joined {
                            let from = (row + across.position(across.taps.start)) * channels;
                            let to = tap * channels;
                            let run = across.taps.len() * channels;
                            target[to..to + run].copy_from_slice(&sample[from..from + run]);
                        } else {
                            for column_tap in across.taps.clone() {
                                let pixel = (row + across.position(column_tap)) * channels;
                                let from = pixel + self.first_channel;
                                let to = (row_tap * kernel_columns + column_tap) * self.channels;
                                target[to..to + self.channels]
                                    .copy_from_slice(&sample[from..from + self.channels]);
                            }
                        }
                    }
                }
            }
        }
        let shape = Shape::from((count, patch));
        Ok((CpuStorage::F32(patches), shape))
    }
}

/// `x`: `[N, H, W, I]`, `weights`: `[KH · KW, O]`, O a multiple of I → `[N, OH, OW, O]`: filter
/// `o` sees channel `o / (O / I)`.
struct Depthwise {
    window: Window2d,
}

impl CustomOp2 for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weights: &CpuStorage,
        weights_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = values(x, x_layout)?;
        let weights = values(weights, weights_layout)?;
        let (samples, rows, columns, channels) = x_layout.shape().dims4()?;
        let (_, filters) = weights_layout.shape().dims2()?;
        let [output_rows, output_columns] = output_size(&self.window, [rows, columns])?;
        let mut output = vec![0.0f32; samples * output_rows * output_columns * filters];
        let mut targets = output.chunks_exact_mut(filters);
        for sample in x.chunks_exact(rows * columns * channels) {
            for output_row in 0..output_rows {
                let down = taps(&self.window, 0, output_row, rows);
                for output_column in 0..output_columns {
                    let across = taps(&self.window, 1, output_column, columns);
                    let Some(target) = targets.next() else {
                        candle_core::bail!("more windows than outputs");
                    };
                    for row_tap in down.taps.clone() {
                        let row = down.position(row_tap) * columns;
                        for column_tap in across.taps.clone() {
                            let pixel = row + across.position(column_tap);
                            let tap = row_tap * self.window.kernel[1] + column_tap;
                            multiply_add(
                                target,
                                &sample[pixel * channels..][..channels],
                                &weights[tap * filters..][..filters],
                            );
                        }
                    }
                }
            }
        }
        let shape = Shape::from((samples, output_rows, output_columns, filters));
        Ok((CpuStorage::F32(output), shape))
    }
}

/// Adds one tap's products; every channel of `x` meets as many filters as there are more of them.
fn multiply_add(target: &mut [f32], x: &[f32], weights: &[f32]) {
    if target.len() == x.len() {
        for ((sum, &x), &weight) in target.iter_mut().zip(x).zip(weights) {
            *sum += x * weight;
        }
        return;
    }
    let multiplier = target.len() / x.len();
    let targets = target.chunks_exact_mut(multiplier);
    for ((sums, &x), weights) in targets.zip(x).zip(weights.chunks_exact(multiplier)) {
        for (sum, &weight) in sums.iter_mut().zip(weights) {
            *sum += x * weight;
        }
    }
}
