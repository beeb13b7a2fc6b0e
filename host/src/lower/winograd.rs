//! Convolutions that Winograd's transform computes.

use super::LowerError;
use super::double::Double;
use super::reach::Reach;
use super::scratch;
use super::shape::{count, rows_and_depth, window};
use super::twin::{Form, Twin, shift_of};
use crate::plan::{Buffer, Chase};
use crate::quantize::graph::{DType, QClamp, QGraph, QNode, QOp, Sums, Weights};
use tiivis_runtime::blob::{Rounding, Window2d};
use tiivis_runtime::kernels::winograd::{BLOCK, filter_words, lag_bytes, scratch_words};

/// Magnitude that sums must stay below: 64 times of it fits int32.
const MOST_SUM: u64 = 1 << 25;
/// Bits that the kernel's sums are shifted left by.
const PRE_SHIFT: u32 = 6;
/// The transform of the filters along an axis: the rows of Winograd's matrix, times 4, -6, -6, 24, 24
/// and 1.
const TRANSFORM: [[i32; 3]; 6] = [
    [1, 0, 0],
    [1, 1, 1],
    [1, -1, 1],
    [1, 2, 4],
    [1, -2, 4],
    [0, 0, 1],
];

/// A convolution that the kernel can compute.
#[derive(Clone, Copy)]
pub(crate) struct Winograd<'g> {
    /// Geometry.
    pub(crate) window: Window2d,
    /// Input channels.
    pub(crate) in_c: u32,
    /// Output channels.
    pub(crate) out_c: u32,
    /// The layer's.
    pub(crate) clamp: QClamp,
    weights: &'g Weights,
    /// Zero points of input and output.
    zero_points: [i32; 2],
}

impl<'g> Winograd<'g> {
    /// The node as such a convolution, if it is one that is worth it: of 3×3 taps at distance 1, over
    /// enough channels, with sums that the kernel's 32 bits hold.
    ///
    /// # Errors
    /// A geometry that is no convolution's.
    pub(crate) fn of(graph: &'g QGraph, node: &'g QNode) -> Result<Option<Self>, LowerError> {
        let QOp::Conv2d {
            window: geometry,
            groups: 1,
            weights,
            clamp,
        } = &node.op
        else {
            return Ok(None);
        };
        let [input, output] = [node.inputs[0], node.output].map(|id| graph.value(id));
        let is_plain = geometry.kernel == [3; 2]
            && [geometry.stride, geometry.dilation] == [[1; 2]; 2]
            && [input.dtype, output.dtype] == [DType::I8; 2]
            && weights.sums == Sums::Int32
            && weights.zero_point == 0;
        if !is_plain {
            return Ok(None);
        }
        let found = Self {
            window: window(node, geometry, &input.shape, &output.shape)?,
            in_c: rows_and_depth(node, &input.shape)?.1,
            out_c: rows_and_depth(node, &output.shape)?.1,
            clamp: *clamp,
            weights,
            zero_points: [input.params.zero_point, output.params.zero_point],
        };
        let is_worth_it = found.in_c.is_multiple_of(4)
            && found.in_c >= 8
            && found.out_c >= 4
            && found.window.out_h >= 4
            && found.window.out_w >= 4;
        Ok((is_worth_it && found.fits()).then_some(found))
    }

    /// Whether sums and scales fit the kernel's arithmetic.
    fn fits(&self) -> bool {
        let mut channels = 0..self.weights.bias.len();
        channels.all(|channel| {
            Double::takes(self.weights.scales[channel]) && self.most(channel) < MOST_SUM
        })
    }

    fn filter(&self, channel: usize) -> &'g [i8] {
        let taps = self.weights.weights.len() / self.weights.bias.len();
        &self.weights.weights[channel * taps..][..taps]
    }

    /// Magnitude that no sum of a channel exceeds.
    fn most(&self, channel: usize) -> u64 {
        let weights = self.filter(channel).iter();
        let sum: u64 = weights.map(|weight| u64::from(weight.unsigned_abs())).sum();
        self.weights.bias[channel].unsigned_abs() + 255 * sum
    }

    /// What the kernel alone uses.
    ///
    /// # Errors
    /// A length that does not fit 32 bits.
    pub(crate) fn scratch(&self, node: &QNode) -> Result<Buffer, LowerError> {
        let words = scratch_words(index(self.in_c));
        let bytes = count(node, "scratch", words.saturating_mul(4))?;
        Ok(scratch::buffer(node, bytes))
    }

    /// How the result may run after the input.
    ///
    /// # Errors
    /// A length that does not fit 32 bits.
    pub(crate) fn chase(&self, node: &QNode) -> Result<Chase, LowerError> {
        let Window2d {
            in_h,
            in_w,
            out_h,
            out_w,
            pad_top,
            pad_left,
            ..
        } = self.window;
        let input = [in_h, in_w, self.in_c].map(index);
        let output = [out_h, out_w, self.out_c].map(index);
        let lag = lag_bytes(input, output, [pad_top, pad_left].map(index));
        Ok(Chase {
            read: 0,
            lag_bytes: count(node, "lag", lag)?,
        })
    }

    /// Transformed filters, in the kernel's order; channels that fill the last block are 0.
    pub(crate) fn filters(&self) -> Vec<i32> {
        let in_c = index(self.in_c);
        let block_words = filter_words(in_c);
        let blocks = self.weights.bias.len().div_ceil(BLOCK);
        let mut halves = vec![[0i16; 2]; blocks * block_words];
        for channel in 0..self.weights.bias.len() {
            let filter = self.filter(channel);
            let block = &mut halves[channel / BLOCK * block_words..][..block_words];
            for k in 0..in_c {
                let taps: [[i32; 3]; 3] =
                    [0, 1, 2].map(|i| [0, 1, 2].map(|j| filter[(i * 3 + j) * in_c + k].into()));
                let pair = k / 4 * 2 + k % 2;
                for (position, value) in transformed(taps).into_iter().enumerate() {
                    let at = (position * in_c / 2 + pair) * BLOCK + channel % BLOCK;
                    block[at][k / 2 % 2] = value;
                }
            }
        }
        let word = |[low, high]: [i16; 2]| {
            let ([a, b], [c, d]) = (low.to_le_bytes(), high.to_le_bytes());
            i32::from_le_bytes([a, b, c, d])
        };
        halves.into_iter().map(word).collect()
    }

    /// Four numbers for each channel and those that fill the last block, and how they round: by twins
    /// if every channel has one.
    pub(crate) fn channels(&self) -> (Rounding, Vec<i32>) {
        let channels = 0..self.weights.bias.len();
        let form = shift_of(&self.weights.scales).map(|shift| (shift, PRE_SHIFT));
        let twins: Option<Vec<[i32; 4]>> = channels
            .clone()
            .map(|channel| self.twin(channel, form?))
            .collect();
        let (rounding, mut numbers) = match twins {
            Some(twins) => (Rounding::Twin, twins),
            None => (
                Rounding::Double,
                channels.map(|channel| self.double(channel)).collect(),
            ),
        };
        let blocks = numbers.len().div_ceil(BLOCK);
        numbers.resize(blocks * BLOCK, [1, 0, 0, 0]);
        (rounding, numbers.into_flattened())
    }

    fn twin(&self, channel: usize, (shift, pre_shift): (u32, u32)) -> Option<[i32; 4]> {
        let [zero_point, out_zero_point] = self.zero_points;
        let weights = self.filter(channel).iter().copied();
        let reach = Reach::of(weights, self.weights.bias[channel], zero_point);
        let staircase =
            reach.staircase(self.weights.scales[channel], out_zero_point, self.clamp)?;
        let Twin {
            bias_shift,
            multiplier,
            offset,
        } = staircase.twin(Form {
            shift,
            pre_shift,
            room: i64::try_from(MOST_SUM - 1 - self.most(channel)).ok()?,
        })?;
        let shift = i32::try_from(shift + pre_shift).ok()?;
        let bias = self.bias(channel, bias_shift);
        Some([shift, bias, multiplier, offset])
    }

    fn double(&self, channel: usize) -> [i32; 4] {
        let Double {
            multiplier,
            offset,
            shift,
        } = Double::of(self.weights.scales[channel], self.zero_points[1]);
        [shift.into(), self.bias(channel, 0), multiplier, offset]
    }

    /// 64 times the bias, less what the zero point adds to the products, and the 128 that the kernel
    /// adds to every input; modulo 2^32, as the kernel's sums are.
    fn bias(&self, channel: usize, shift: i32) -> i32 {
        let weights = self.filter(channel).iter();
        let sum: i64 = weights.map(|&weight| i64::from(weight)).sum();
        let zero_point = i64::from(self.zero_points[0]);
        let bias = self.weights.bias[channel] + i64::from(shift) - (128 + zero_point) * sum;
        let [a, b, c, d, ..] = (bias << PRE_SHIFT).to_le_bytes();
        i32::from_le_bytes([a, b, c, d])
    }
}

/// The filter's values at the 36 positions: of 16 bits, since `|values| <= 49 · 128`.
fn transformed(taps: [[i32; 3]; 3]) -> [i16; 36] {
    let value = |position: usize| {
        let (a, b) = (TRANSFORM[position / 6], TRANSFORM[position % 6]);
        let sums = taps.map(|row| std::iter::zip(row, b).map(|(x, b)| x * b).sum::<i32>());
        let sum: i32 = std::iter::zip(sums, a).map(|(x, a)| x * a).sum();
        i16::try_from(sum).expect("49 · 128 fits")
    };
    std::array::from_fn(value)
}

fn index(extent: u32) -> usize {
    usize::try_from(extent).expect("usize holds 32 bits on every host")
}
