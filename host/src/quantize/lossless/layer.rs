//! What weights, scales and clamp make of sums, channel by channel, and their removal.

use crate::quantize::graph::{
    DType, QClamp, QGraph, QNode, QOp, QValue, QuantParams, Sums, Weights,
};
use std::sync::Arc;
use tiivis_runtime::kernels::requantize;

/// A node with weights of int8 whose activations are int8, and sums int32.
#[derive(Clone, Copy)]
pub(super) struct Layer<'g> {
    pub(super) weights: &'g Weights,
    pub(super) clamp: QClamp,
    pub(super) input: QuantParams,
    pub(super) output: QuantParams,
}

impl<'g> Layer<'g> {
    /// The node's weights, if it has some and its types are these.
    pub(super) fn of(graph: &'g QGraph, node: &'g QNode) -> Option<Self> {
        let (QOp::Conv2d { weights, clamp, .. }
        | QOp::DepthwiseConv2d { weights, clamp, .. }
        | QOp::Dense { weights, clamp }) = &node.op
        else {
            return None;
        };
        let (input, output) = (graph.value(node.inputs[0]), graph.value(node.output));
        let is_int8 = |value: &QValue| value.dtype == DType::I8 && !value.shape.is_empty();
        let channels = *output.shape.last()?;
        let is_whole = [weights.bias.len(), weights.scales.len()] == [channels; 2]
            && channels != 0
            && weights.weights.len().is_multiple_of(channels);
        let mut shifts = weights.scales.iter().map(|scale| scale.shift);
        let is_sound = is_whole
            && weights.sums == Sums::Int32
            && shifts.all(|shift| (-31..=30).contains(&shift));
        (is_sound && is_int8(input) && is_int8(output)).then_some(Self {
            weights,
            clamp: *clamp,
            input: input.params,
            output: output.params,
        })
    }

    /// Weight `index`, less the weights' zero point.
    pub(super) fn weight(&self, index: usize) -> i64 {
        i64::from(self.weights.weights[index]) - i64::from(self.weights.zero_point)
    }

    /// What a sum, bias included, becomes; none if it leaves int32 on the way.
    pub(super) fn result(&self, channel: usize, sum: i64) -> Option<i32> {
        let scale = self.weights.scales[channel];
        let left = u32::try_from(scale.shift).unwrap_or(0);
        i32::try_from(sum.checked_mul(1 << left)?).ok()?;
        let scaled = requantize(i32::try_from(sum).ok()?, scale.multiplier, scale.shift);
        let result = scaled.checked_add(self.output.zero_point)?;
        Some(result.clamp(self.clamp.min.into(), self.clamp.max.into()))
    }

    /// The result if all sums of a channel between two become the same.
    pub(super) fn result_of_all(&self, channel: usize, sums: [i64; 2]) -> Option<i32> {
        // Rounding, shift and clamp keep the order, so that what is between becomes the same.
        let [least, most] = sums.map(|sum| self.result(channel, sum));
        least.filter(|_| least == most)
    }

    /// The smallest and largest sum of a channel, bias included, whatever the input: its weights are
    /// those from `first` on, `step` apart.
    ///
    /// Taps outside the input add 0, as does the zero point, which is a number of int8.
    pub(super) fn any_sum(
        &self,
        channel: usize,
        first: usize,
        step: usize,
        taps: usize,
    ) -> [i64; 2] {
        let bias = self.weights.bias[channel];
        let zero_point = i64::from(self.input.zero_point);
        let [below, above] = [-128 - zero_point, 127 - zero_point];
        (0..taps).fold([bias; 2], |[least, most], tap| {
            let weight = self.weight(first + tap * step);
            let (a, b) = (weight * below, weight * above);
            [least + a.min(b), most + a.max(b)]
        })
    }
}

/// The weights of a node that has some.
pub(super) fn weights_mut(op: &mut QOp) -> Option<&mut Weights> {
    let (QOp::Conv2d { weights, .. }
    | QOp::DepthwiseConv2d { weights, .. }
    | QOp::Dense { weights, .. }) = op
    else {
        return None;
    };
    Some(weights)
}

/// Drops removed output channels; each has `run` weights in a row, and the channels repeat.
pub(super) fn drop_outputs(weights: &mut Weights, removed: &[bool], run: usize) {
    weights.weights = kept(&weights.weights, removed, run);
    weights.bias = stay(&weights.bias, removed);
    weights.scales = stay(&weights.scales, removed);
}

/// What is left of elements of which each channel has `run` in a row, and the channels repeat.
pub(super) fn kept(elements: &[i8], removed: &[bool], run: usize) -> Arc<[i8]> {
    let runs = elements.chunks(run).zip(removed.iter().cycle());
    let stay = runs.filter(|(_, removed)| !**removed);
    stay.flat_map(|(run, _)| run).copied().collect()
}

fn stay<T: Copy>(list: &[T], removed: &[bool]) -> Vec<T> {
    let pairs = list.iter().zip(removed);
    let stay = pairs.filter(|(_, removed)| !**removed);
    stay.map(|(&item, _)| item).collect()
}
