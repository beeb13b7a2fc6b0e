//! Operators that change states.

use super::EmitError;
use super::steps::Emitter;
use crate::lower::{count, memory, rows_and_depth};
use crate::quantize::graph::{LstmLayer, QNode, SvdfLayer};
use tiivis_runtime::blob::{Lstm, Op, Svdf};

impl Emitter<'_> {
    pub(super) fn svdf(&mut self, node: &QNode, layer: &SvdfLayer) -> Result<Op, EmitError> {
        let [input, state, output] =
            [node.inputs[0], node.inputs[1], node.output].map(|id| self.graph.value(id));
        let (batch, in_features) = rows_and_depth(node, &input.shape)?;
        let units = layer.bias.len();
        let memory = memory(layer, units.saturating_mul(layer.rank), state);
        Ok(Op::Svdf(Svdf {
            input: self.activation(node.inputs[0])?,
            output: self.activation(node.output)?,
            state: self.activation(node.inputs[1])?,
            weights: self.data.weights(&layer.weights)?,
            time_weights: self.data.elements(&layer.time_weights, state.dtype)?,
            bias: self.data.int32(layer.bias.iter().copied())?,
            batch,
            in_features,
            units: count(node, "the number of units", units)?,
            rank: count(node, "the rank", layer.rank)?,
            memory: count(node, "the memory", memory)?,
            dtype: state.dtype,
            input_zero_point: input.params.zero_point,
            state_zero_point: state.params.zero_point,
            output_zero_point: output.params.zero_point,
            state_scale: layer.state_scale,
            output_scale: layer.output_scale,
        }))
    }

    pub(super) fn lstm(&mut self, node: &QNode, layer: &LstmLayer) -> Result<Op, EmitError> {
        let [input, output] = [node.inputs[0], node.output].map(|id| self.graph.value(id));
        let axes = [
            input.shape[0],
            input.shape[1],
            input.shape[2],
            output.shape[2],
        ];
        let axis = |at: usize| count(node, "an axis", axes[at]);
        let (batch, time) = match layer.is_time_major {
            true => (axis(1)?, axis(0)?),
            false => (axis(0)?, axis(1)?),
        };
        let shifts = layer.scales.map(|scale| scale.shift);
        Ok(Op::Lstm(Lstm {
            input: self.activation(node.inputs[0])?,
            output: self.activation(node.output)?,
            hidden: self.activation(node.inputs[1])?,
            cell: self.activation(node.inputs[2])?,
            input_weights: self.data.weights(&layer.input_weights)?,
            recurrent_weights: self.data.weights(&layer.recurrent_weights)?,
            bias: self.data.int32(layer.bias.iter().copied())?,
            multipliers: self
                .data
                .int32(layer.scales.map(|scale| scale.multiplier))?,
            shifts: self.data.int8(&shifts)?,
            batch,
            time,
            in_features: axis(2)?,
            units: axis(3)?,
            is_time_major: layer.is_time_major,
            dtype: output.dtype,
            input_zero_point: input.params.zero_point,
            hidden_zero_point: output.params.zero_point,
            cell_min: layer.cell_range[0],
            cell_max: layer.cell_range[1],
            cell_bits: layer.cell_bits,
        }))
    }
}
