//! Parameters of the operators that look at many values for each result: reductions over axes,
//! normalizations of vectors, and interpolation.

use super::step::{Rescale, Scale, Span};
use serde::{Deserialize, Serialize};

/// Parameters of [`super::Op::Reduce`].
///
/// The input is seen as five axes, `[kept, reduced, kept, reduced, kept]`, of extent 1 where there
/// is none; the output has those that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reduce {
    /// The tensor, of `shape`.
    pub input: Span,
    /// `[shape[0], shape[2], shape[4]]`.
    pub output: Span,
    /// Extents of the input.
    pub shape: [u32; 5],
    /// What becomes of the values over the reduced axes.
    pub reduction: Reduction,
    /// Smallest output value (fused activation).
    pub min: i16,
    /// Largest output value (fused activation).
    pub max: i16,
}

/// What becomes of the values over the reduced axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reduction {
    /// The sum of `x - input_zero_point`, rescaled: a sum, or a mean, whose scale holds the count.
    Sum(Rescale),
    /// The largest value.
    Max,
    /// The smallest value.
    Min,
}

/// Parameters of [`super::Op::ArgExtreme`]: the index of the largest or smallest value along the
/// middle axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgExtreme {
    /// The tensor, of `shape`.
    pub input: Span,
    /// int32 `[shape[0], shape[2]]`, little endian, anywhere.
    pub output: Span,
    /// Extents of the input.
    pub shape: [u32; 3],
    /// The largest value, or the smallest.
    pub largest: bool,
    /// The last of equal values, or the first.
    pub last: bool,
}

/// Parameters of [`super::Op::ResizeBilinear`]. Input and output share scale and zero point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResizeBilinear {
    /// `[1, in_h, in_w, channels]`.
    pub input: Span,
    /// `[1, out_h, out_w, channels]`.
    pub output: Span,
    /// Rows.
    pub rows: Resample,
    /// Columns.
    pub columns: Resample,
    /// Channels.
    pub channels: u32,
}

/// How the samples along one axis lie over the input: output `i` is at `(i * step + first) / 1024`
/// of the input's indices, moved to the nearest one that is there.
///
/// Extents of the input are at most 2^20; `step` is not negative, and no position before it is
/// moved exceeds int32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resample {
    /// Extent of the input.
    pub inputs: u32,
    /// Extent of the output.
    pub outputs: u32,
    /// 1024ths of an index from one output to the next.
    pub step: i32,
    /// 1024ths of an index at output 0.
    pub first: i32,
}

/// Parameters of [`super::Op::L2Normalize`]. The output has scale 1/128 and zero point 0. The
/// output may be exactly the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct L2Normalize {
    /// `[rows, depth]`.
    pub input: Span,
    /// `[rows, depth]`.
    pub output: Span,
    /// Vectors.
    pub rows: u32,
    /// Length of a vector.
    pub depth: u32,
    /// Zero point of the input, in `-128..=127`.
    pub input_zero_point: i32,
}

/// Parameters of [`super::Op::LogSoftmax`]. The output has scale 1/16 and zero point 127. The
/// output may be exactly the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSoftmax {
    /// `[rows, depth]`.
    pub input: Span,
    /// `[rows, depth]`.
    pub output: Span,
    /// Vectors.
    pub rows: u32,
    /// Length of a vector.
    pub depth: u32,
    /// As [`super::Softmax::table`].
    pub table: Span,
    /// The input's scale times 2^26, which makes Q5.26 of a difference.
    pub scale: Scale,
    /// About the inverse of `scale`, which makes a difference of Q5.26.
    pub inverse: Scale,
    /// Differences to a row's largest value that are below this become -128.
    pub least: i32,
}
