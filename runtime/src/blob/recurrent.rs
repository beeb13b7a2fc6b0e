//! Parameters of the operators that remember: their states are parts of the arena that survive a
//! run, which the step reads and changes in place.

use super::dtype::DType;
use super::step::{Scale, Span};
use serde::{Deserialize, Serialize};

/// Parameters of [`super::Op::Svdf`] (TFLite's SVDF).
///
/// `state = [state[1..], requantize(weights * (input - input_zero_point))]` per filter, and a unit
/// is `requantize(bias + sum(time_weights * (state - state_zero_point)))` over its `rank` filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Svdf {
    /// `[batch, in_features]`.
    pub input: Span,
    /// `[batch, units]`.
    pub output: Span,
    /// `[batch, units * rank, memory]`, oldest first, of `dtype`.
    pub state: Span,
    /// int8 `[units * rank, in_features]`, 16-byte aligned.
    pub weights: Span,
    /// `[units * rank, memory]` of `dtype`.
    pub time_weights: Span,
    /// int32 per unit.
    pub bias: Span,
    /// Samples, each with a state of its own.
    pub batch: u32,
    /// Length of an input vector.
    pub in_features: u32,
    /// Length of an output vector.
    pub units: u32,
    /// Filters of a unit.
    pub rank: u32,
    /// Values that a filter remembers.
    pub memory: u32,
    /// What the state and the weights over time are: int8 or int16.
    pub dtype: DType,
    /// Zero point of the input, in `-128..=127`.
    pub input_zero_point: i32,
    /// Zero point of the state, in the range of `dtype`.
    pub state_zero_point: i32,
    /// Zero point of the output, in `-128..=127`.
    pub output_zero_point: i32,
    /// From the product with `weights` to the state.
    pub state_scale: Scale,
    /// From the sum over time to the output.
    pub output_scale: Scale,
}

/// Parameters of [`super::Op::Lstm`] (TFLite's `UNIDIRECTIONAL_SEQUENCE_LSTM` with an int16 cell).
///
/// The gates, in this order: input, forget, cell, output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lstm {
    /// `[batch, time, in_features]`, or `[time, batch, in_features]`.
    pub input: Span,
    /// `[batch, time, units]`, or `[time, batch, units]`.
    pub output: Span,
    /// `[batch, units]`, of the output's type, scale and zero point.
    pub hidden: Span,
    /// int16 `[batch, units]`, of scale `2^(cell_bits - 12)`.
    pub cell: Span,
    /// int8 `[4, units, in_features]`, 16-byte aligned.
    pub input_weights: Span,
    /// int8 `[4, units, units]`, 16-byte aligned.
    pub recurrent_weights: Span,
    /// int32 `[4, units]`.
    pub bias: Span,
    /// [`crate::kernels::LSTM_SCALES`] int32, each in `0..=i32::MAX`; see
    /// [`crate::kernels::LstmWeights`].
    pub multipliers: Span,
    /// As many int8, each in `-31..=30`, or `-31..=14` of a sum of int16 numbers.
    pub shifts: Span,
    /// Sequences, each with a state of its own.
    pub batch: u32,
    /// Steps of a sequence.
    pub time: u32,
    /// Length of an input vector.
    pub in_features: u32,
    /// Length of an output vector.
    pub units: u32,
    /// Whether time is the first axis.
    pub is_time_major: bool,
    /// What input, output and hidden state are: int8 or int16.
    pub dtype: DType,
    /// Zero point of the input, in the range of `dtype`.
    pub input_zero_point: i32,
    /// Zero point of output and hidden state, in the range of `dtype`.
    pub hidden_zero_point: i32,
    /// Smallest number of the cell.
    pub cell_min: i16,
    /// Largest number of the cell.
    pub cell_max: i16,
    /// Scale of the cell, in `-15..=14`.
    pub cell_bits: i8,
}
