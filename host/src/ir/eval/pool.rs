//! Pools over padded windows.

use super::conv::output_size;
use super::storage::values;
use super::window::taps;
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
        let [output_rows, output_columns] = output_size(&self.window, [rows, columns])?;
        let initial = match self.reduction {
            Reduction::Max => f32::NEG_INFINITY,
            Reduction::Mean | Reduction::PaddedMean => 0.0,
        };
        let mut output = vec![initial; samples * output_rows * output_columns * channels];
        let mut targets = output.chunks_exact_mut(channels);
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
                            let pixel = (row + across.position(column_tap)) * channels;
                            self.add(target, &sample[pixel..pixel + channels]);
                        }
                    }
                    self.finish(target, down.taps.len() * across.taps.len());
                }
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
