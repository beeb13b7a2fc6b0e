//! Reductions over axes, indices of extremes, interpolation, and normalized vectors.

use super::storage::values;
use crate::ir::reduce::{Reduce, Reduction, ResizeBilinear, reduced_shape};
use candle_core::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor};

/// Reduces axes, of which none is the samples'.
#[expect(
    clippy::as_conversions,
    reason = "a count of more than 2^53 values only rounds"
)]
pub(super) fn reduce(x: &Tensor, parameters: &Reduce) -> Result<Tensor> {
    let axes = &parameters.axes;
    let reduced = match parameters.reduction {
        Reduction::Sum => x.sum_keepdim(&axes[..])?,
        Reduction::Mean => {
            let count: usize = axes.iter().map(|&axis| x.dims()[axis]).product();
            x.sum_keepdim(&axes[..])?.affine(1.0 / count as f64, 0.0)?
        }
        Reduction::Max => axes
            .iter()
            .try_fold(x.clone(), |x, &axis| x.max_keepdim(axis))?,
        Reduction::Min => axes
            .iter()
            .try_fold(x.clone(), |x, &axis| x.min_keepdim(axis))?,
    };
    reduced.reshape(reduced_shape(x.dims(), axes, parameters.keep))
}

/// Each vector along the last axis over its length; zeros stay.
pub(super) fn l2_normalize(x: &Tensor) -> Result<Tensor> {
    // Far below the square of anything that int8 could tell from 0.
    const SMALLEST: f32 = 1e-24;
    let squares = x.sqr()?.sum_keepdim(D::Minus1)?;
    x.broadcast_div(&squares.maximum(SMALLEST)?.sqrt()?)
}

/// `log(softmax(x))` over the last axis.
pub(super) fn log_softmax(x: &Tensor) -> Result<Tensor> {
    let differences = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?;
    let sum = differences.exp()?.sum_keepdim(D::Minus1)?;
    differences.broadcast_sub(&sum.log()?)
}

/// The index of the largest or smallest value along an axis, which is left out; the first or last
/// of equal ones.
pub(super) struct ArgExtreme {
    pub(super) axis: usize,
    pub(super) largest: bool,
    pub(super) last: bool,
}

impl CustomOp1 for ArgExtreme {
    fn name(&self) -> &'static str {
        "arg extreme"
    }

    #[expect(
        clippy::as_conversions,
        reason = "an index of more than 2^24 only rounds"
    )]
    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(storage, layout)?;
        let dims = layout.dims();
        let (extent, inner) = (dims[self.axis], dims[self.axis + 1..].iter().product());
        let better = |a: f32, b: f32| {
            let is_more = if self.largest { a > b } else { a < b };
            is_more || (self.last && a == b)
        };
        let mut output = Vec::with_capacity(x.len() / extent);
        for block in x.chunks_exact(extent * inner) {
            for column in 0..inner {
                let at = |index: usize| block[index * inner + column];
                let best = (1..extent).fold(0, |best, index| {
                    if better(at(index), at(best)) {
                        index
                    } else {
                        best
                    }
                });
                output.push(best as f32);
            }
        }
        let shape = reduced_shape(dims, &[self.axis], false);
        Ok((CpuStorage::F32(output), Shape::from(shape)))
    }
}

/// `[N, H, W, C]` → `[N, OH, OW, C]`.
pub(super) struct Resize(pub(super) ResizeBilinear);

impl CustomOp1 for Resize {
    fn name(&self) -> &'static str {
        "resize bilinear"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(storage, layout)?;
        let (samples, rows, columns, channels) = layout.shape().dims4()?;
        let [output_rows, output_columns] = self.0.size;
        let (down, across) = (self.taps(0, rows), self.taps(1, columns));
        let mut output = Vec::with_capacity(samples * output_rows * output_columns * channels);
        for input in x.chunks_exact(rows * columns * channels) {
            let at = |row: usize, column: usize, c: usize| {
                input[(row * columns + column) * channels + c]
            };
            for &(top, bottom, lower) in &down {
                for &(left, right, later) in &across {
                    output.extend((0..channels).map(|c| {
                        let mix =
                            |row| at(row, left, c) * (1.0 - later) + at(row, right, c) * later;
                        mix(top) * (1.0 - lower) + mix(bottom) * lower
                    }));
                }
            }
        }
        let shape = Shape::from((samples, output_rows, output_columns, channels));
        Ok((CpuStorage::F32(output), shape))
    }
}

impl Resize {
    /// For every output of an axis, the inputs around it and the weight of the second.
    #[expect(
        clippy::as_conversions,
        reason = "a position within the input, and a fraction"
    )]
    fn taps(&self, axis: usize, inputs: usize) -> Vec<(usize, usize, f32)> {
        let outputs = self.0.size[axis];
        (0..outputs)
            .map(|output| {
                let position = self.0.coordinates[axis].position(output, inputs, outputs);
                let low = position.floor();
                let first = low as usize;
                (first, (first + 1).min(inputs - 1), (position - low) as f32)
            })
            .collect()
    }
}
