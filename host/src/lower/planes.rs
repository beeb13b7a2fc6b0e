//! Depthwise convolution by planes: where it is the kernel to take, and the numbers it reads.

use super::double::{Double, MOST_SHIFT};
use super::reach::Reach;
use super::shape::window;
use super::twin::{Form, shift_of};
use crate::quantize::graph::{DType, QClamp, QGraph, QNode, QOp, QValue, Weights};
use tiivis_runtime::blob::{Isa, PlaneRounding};
use tiivis_runtime::kernels::PlaneGeometry;

/// Taps of a window.
const TAPS: usize = 9;

/// How a depthwise convolution runs by planes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    /// Rows and columns change places in the scratch.
    pub(super) is_turned: bool,
    /// Bytes of the scratch.
    pub(super) scratch_bytes: u32,
}

/// The better way of the two for a node that the kernel takes; none for the others, which the
/// portable kernel takes.
pub(super) fn choose(graph: &QGraph, node: &QNode, isa: Isa) -> Option<Choice> {
    let QOp::DepthwiseConv2d {
        window: geometry,
        weights,
        clamp,
    } = &node.op
    else {
        return None;
    };
    let (from, to) = (graph.value(node.inputs[0]), graph.value(node.output));
    let is_narrow = [from, to].map(|value| value.dtype) == [DType::I8; 2];
    let saturates = (clamp.min, clamp.max) == (i8::MIN.into(), i8::MAX.into());
    let is_one_to_one = from.shape.last() == to.shape.last();
    let is_plain = weights.zero_point == 0 && saturates && is_narrow && is_one_to_one;
    if isa == Isa::Portable || !is_plain || !can_round(weights, from) {
        return None;
    }
    let window = window(node, geometry, &from.shape, &to.shape).ok()?;
    let choice = |is_turned| {
        let plane = PlaneGeometry::of(&window, is_turned)?;
        Some(Choice {
            is_turned,
            scratch_bytes: plane.scratch_bytes()?,
        })
    };
    // What is computed grows as what is kept.
    let ways = [false, true].into_iter().filter_map(choice);
    ways.min_by_key(|way| way.scratch_bytes)
}

/// Whether two roundings are exact: every scale is below a half and above 2^-23, and no sum, doubled, leaves
/// int32.
fn can_round(weights: &Weights, from: &QValue) -> bool {
    let in_range = |channel: usize| {
        let scale = weights.scales[channel];
        let Reach { least, most, .. } = reach(weights, from, channel);
        let fits = |sum: i64| i32::try_from(2 * sum).is_ok();
        (-MOST_SHIFT..0).contains(&scale.shift) && fits(least) && fits(most)
    };
    (0..weights.scales.len()).all(in_range)
}

/// What the sums of a channel can become.
fn reach(weights: &Weights, from: &QValue, channel: usize) -> Reach {
    let own = channel_weights(weights, channel);
    Reach::of(own, weights.bias[channel], from.params.zero_point)
}

/// Weights of a channel by row and column.
fn channel_weights(weights: &Weights, channel: usize) -> impl Iterator<Item = i8> {
    let own = weights.weights.iter().skip(channel);
    own.step_by(weights.scales.len()).copied()
}

/// What [`tiivis_runtime::blob::DepthwisePlanes::records`] is for this layer, and how it rounds: by twins where all channels have one.
pub(crate) fn records(
    weights: &Weights,
    [from, to]: [&QValue; 2],
    is_turned: bool,
) -> (PlaneRounding, Vec<i32>) {
    let channels = 0..weights.scales.len();
    for (rounding, shift) in [(PlaneRounding::Upper8, 8), (PlaneRounding::Upper4, 4)] {
        if shift_of(&weights.scales).is_none_or(|most| most < shift) {
            continue;
        }
        let records = channels
            .clone()
            .map(|channel| twin(weights, [from, to], channel, shift))
            .zip(channels.clone())
            .map(|(numbers, channel)| Some(record(weights, channel, is_turned, numbers?)));
        if let Some(records) = records.collect::<Option<Vec<_>>>() {
            return (rounding, records.concat());
        }
    }
    let twice = |channel| {
        let numbers = twice(weights, [from, to], channel);
        record(weights, channel, is_turned, numbers)
    };
    (PlaneRounding::Twice, channels.flat_map(twice).collect())
}

/// Bias, multiplier and offset of a channel's twin.
fn twin(
    weights: &Weights,
    [from, to]: [&QValue; 2],
    channel: usize,
    shift: u32,
) -> Option<[i32; 3]> {
    let reach = reach(weights, from, channel);
    let clamp = QClamp::open(DType::I8);
    let staircase = reach.staircase(weights.scales[channel], to.params.zero_point, clamp)?;
    let twin = staircase.twin(Form {
        shift,
        pre_shift: 0,
        // What is added to the bias keeps sums in int32: doubled, they fit.
        room: 1 << 29,
    })?;
    let bias = i32::try_from(reach.bias + i64::from(twin.bias_shift)).ok()?;
    Some([bias, twin.multiplier, twin.offset])
}

/// Bias, multiplier and offset for two roundings; [`can_round`] is why they fit.
fn twice(weights: &Weights, [from, to]: [&QValue; 2], channel: usize) -> [i32; 3] {
    let double = Double::of(weights.scales[channel], to.params.zero_point);
    let bias = 2 * reach(weights, from, channel).bias;
    let bias = i32::try_from(bias).expect("`can_round` has seen larger sums fit");
    [bias, double.multiplier, double.offset]
}

fn record(weights: &Weights, channel: usize, is_turned: bool, numbers: [i32; 3]) -> Vec<i32> {
    let by_row: Vec<u8> = channel_weights(weights, channel)
        .map(i8::cast_unsigned)
        .collect();
    let mut bytes = [0; 12];
    for (tap, byte) in bytes.iter_mut().enumerate().take(TAPS) {
        *byte = by_row[if is_turned {
            tap % 3 * 3 + tap / 3
        } else {
            tap
        }];
    }
    bytes[TAPS] = Double::of(weights.scales[channel], 0).shift;
    let words = bytes.as_chunks().0.iter().copied();
    numbers
        .into_iter()
        .chain(words.map(i32::from_le_bytes))
        .collect()
}
