//! Pools over padded windows.

use super::storage::values;
use super::window::Windows;
use crate::ir::Window2d;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape};

/// What a pool makes of the elements under a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reduction {
    /// The largest.
    Max,
    /// The mean of those in the input.
    Mean,
    /// Their sum divided by the window's size: the padding counts as zeros.
    PaddedMean,
}

/// `[N, H, W, C]` → `[N, OH, OW, C]`. Every window covers an element of the input.
pub(super) struct Pool {
    pub(super) window: Window2d,
    pub(super) reduction: Reduction,
}

impl CustomOp1 for Pool {
    fn name(&self) -> &'static str {
        "pool"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(storage, layout)?;
        let (samples, rows, columns, channels) = layout.shape().dims4()?;
        let windows = Windows::new(&self.window, [rows, columns])?;
        let [output_rows, output_columns] = windows.output_size();
        let count = output_rows * output_columns;
        let initial = match self.reduction {
            Reduction::Max => f32::NEG_INFINITY,
            Reduction::Mean | Reduction::PaddedMean => 0.0,
        };
        let mut output = vec![initial; samples * count * channels];
        let inputs = x.chunks_exact(rows * columns * channels);
        for (input, output) in inputs.zip(output.chunks_exact_mut(count * channels)) {
            for (target, (down, across)) in output.chunks_exact_mut(channels).zip(windows.iter()) {
                for row_tap in down.inside.clone() {
                    let row = down.position(row_tap) * columns;
                    for column_tap in across.inside.clone() {
                        let pixel = (row + across.position(column_tap)) * channels;
                        self.add(target, &input[pixel..pixel + channels]);
                    }
                }
                self.finish(target, down.inside.len() * across.inside.len());
            }
        }
        let shape = Shape::from((samples, output_rows, output_columns, channels));
        Ok((CpuStorage::F32(output), shape))
    }
}

impl Pool {
    fn add(&self, target: &mut [f32], pixel: &[f32]) {
        match self.reduction {
            Reduction::Max => {
                for (largest, &value) in target.iter_mut().zip(pixel) {
                    *largest = largest.max(value);
                }
            }
            Reduction::Mean | Reduction::PaddedMean => {
                for (sum, &value) in target.iter_mut().zip(pixel) {
                    *sum += value;
                }
            }
        }
    }

    #[expect(
        clippy::as_conversions,
        reason = "a window of more than 2^24 elements only rounds its size"
    )]
    fn finish(&self, target: &mut [f32], covered: usize) {
        let count = match self.reduction {
            Reduction::Max => return,
            Reduction::Mean => covered,
            Reduction::PaddedMean => self.window.kernel[0] * self.window.kernel[1],
        };
        for sum in target {
            *sum /= count as f32;
        }
    }
}
