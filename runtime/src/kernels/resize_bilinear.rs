//! Interpolation between rows and columns.
#![expect(
    clippy::as_conversions,
    reason = "positions and weights that are proven to fit, and a mean of int8 values"
)]

use crate::blob::{Resample, ResizeBilinear};
use crate::index;

/// Bits of a position's fraction (TFLite's `1 << 10`).
const BITS: u32 = 10;

/// A whole index.
const ONE: i32 = 1 << BITS;

/// Each output is the mean of the four inputs around its position, weighted by nearness in
/// 1024ths, rounded half away from zero.
///
/// TFLite's `RESIZE_BILINEAR` (`reference/resize_bilinear.h`, `ResizeBilinearInteger`), where no
/// position lies so far outside that it reads beyond the input; here such a position is moved to
/// the edge.
///
/// `input` is `[in_h, in_w, channels]`, `output` `[out_h, out_w, channels]`.
pub fn resize_bilinear(params: &ResizeBilinear, input: &[i8], output: &mut [i8]) {
    let channels = index(params.channels);
    let row_len = index(params.columns.inputs) * channels;
    let mut pixels = output.chunks_exact_mut(channels);
    for y in 0..params.rows.outputs {
        let down = Position::of(&params.rows, y);
        let rows = [down.low, down.high].map(|row| &input[row * row_len..][..row_len]);
        for (x, pixel) in (0..params.columns.outputs).zip(&mut pixels) {
            let across = Position::of(&params.columns, x);
            let weights = [ONE - down.fraction, down.fraction].map(|weight| {
                let right = weight * across.fraction;
                [weight * ONE - right, right]
            });
            let [top, bottom] = rows.map(|row| {
                [across.low, across.high].map(|column| &row[column * channels..][..channels])
            });
            for (c, out) in pixel.iter_mut().enumerate() {
                let sum = i32::from(top[0][c]) * weights[0][0]
                    + i32::from(top[1][c]) * weights[0][1]
                    + i32::from(bottom[0][c]) * weights[1][0]
                    + i32::from(bottom[1][c]) * weights[1][1];
                let half = if sum > 0 {
                    ONE * ONE / 2
                } else {
                    -ONE * ONE / 2
                };
                *out = ((sum + half) / (ONE * ONE)) as i8;
            }
        }
    }
}

/// Between which inputs a position lies, and how far from the first, in 1024ths.
struct Position {
    low: usize,
    high: usize,
    fraction: i32,
}

impl Position {
    fn of(axis: &Resample, output: u32) -> Self {
        let last = (axis.inputs as i32 - 1) << BITS;
        let at = (output as i32 * axis.step + axis.first).min(last).max(0);
        let (low, fraction) = ((at >> BITS) as usize, at & (ONE - 1));
        Self {
            low,
            high: low + usize::from(fraction > 0),
            fraction,
        }
    }
}
