//! Random graphs of every operator, with skips, concatenations and shared values.

use super::builder::{Builder, clamp, int8, params, weights, window};
use crate::ir::reduce::reduced_shape;
use crate::ir::{Coordinates, IndexMap, Reduction, TransposedWindow2d, ValueId};
use crate::plan::testing::Random;
use crate::quantize::graph::{DType, QClamp, QGraph, QOp, QuantParams};
use crate::quantize::quantize_multiplier;
use std::sync::Arc;
use tiivis_runtime::blob::{Comparison, Which};

/// A graph and inputs for it. Softmax only before outputs, so that being off by one goes no
/// further.
pub(crate) fn random_graph(random: &mut Random) -> (QGraph, Vec<Vec<i8>>) {
    let mut builder = Builder::new();
    let mut values = Vec::new();
    for _ in 0..1 + random.below(2) {
        let shape = [
            1,
            1 + random.below(7),
            1 + random.below(7),
            1 + random.below(6),
        ];
        let params = random_params(random);
        values.push(builder.input(&shape, params));
    }
    for _ in 0..1 + random.below(12) {
        // Mostly the last value; some stay unread.
        let reach = if random.chance(30) { values.len() } else { 1 };
        let back = random.below(reach);
        let input = values[values.len() - 1 - back];
        if let Some(value) = grow(random, &mut builder, &values, input) {
            values.push(value);
        }
    }
    for _ in 0..1 + random.below(3) {
        let back = random.below(4.min(values.len()));
        let mut value = values[values.len() - 1 - back];
        if random.chance(30) {
            let shape = builder.shape(value);
            let (op, params) = match random.below(3) {
                0 => (QOp::LogSoftmax, params(1.0 / 16.0, 127)),
                1 => (QOp::L2Normalize, params(1.0 / 128.0, 0)),
                _ => (QOp::Softmax { beta: 1.0 }, params(1.0 / 256.0, -128)),
            };
            value = builder.node(op, &[value], &shape, params);
        }
        if builder.shape(value).len() > 1 && random.chance(15) {
            value = index_of_extreme(random, &mut builder, value);
        }
        builder.output(value);
    }
    let inputs = builder.graph.inputs.clone();
    let lengths = inputs
        .iter()
        .map(|port| builder.shape(port.value).iter().product());
    let inputs = lengths.map(|length| int8(random, length)).collect();
    (builder.graph, inputs)
}

fn random_params(random: &mut Random) -> QuantParams {
    let scales = [0.02, 0.03, 0.047, 0.06, 0.1];
    let zero_point = i32::try_from(random.below(256)).unwrap() - 128;
    params(scales[random.below(scales.len())], zero_point)
}

fn random_clamp(random: &mut Random) -> QClamp {
    if random.chance(50) {
        return clamp();
    }
    QClamp {
        min: -i16::try_from(random.below(100)).unwrap(),
        max: i16::try_from(random.below(128)).unwrap(),
    }
}

fn grow(
    random: &mut Random,
    builder: &mut Builder,
    values: &[ValueId],
    input: ValueId,
) -> Option<ValueId> {
    let is_image = builder.shape(input).len() == 4;
    match random.below(18) {
        0..3 if is_image => conv(random, builder, input),
        3 if is_image => depthwise(random, builder, input),
        4 if is_image => pool(random, builder, input),
        5 => Some(dense(random, builder, input)),
        6 | 7 => Some(binary(random, builder, values, input)),
        8 | 9 => Some(concat(random, builder, values, input)),
        10 => Some(reshape(random, builder, input)),
        16 => reduce(random, builder, input),
        17 if is_image => Some(resize(random, builder, input)),
        11 => Some(moved(random, builder, input)),
        13 if is_image => Some(transpose_conv(random, builder, input)),
        14 => Some(mat_mul(random, builder, input)),
        15 => Some(taken(random, builder, input)),
        12 => {
            let table: Arc<[i8]> = int8(random, 256).into();
            let (shape, params) = (builder.shape(input), random_params(random));
            Some(builder.node(QOp::Lut { table }, &[input], &shape, params))
        }
        _ => {
            let (shape, params) = (builder.shape(input), random_params(random));
            Some(builder.node(QOp::Requantize, &[input], &shape, params))
        }
    }
}

/// A reduction over some of the axes but the batch.
fn reduce(random: &mut Random, builder: &mut Builder, input: ValueId) -> Option<ValueId> {
    let shape = builder.shape(input);
    let axes: Vec<usize> = (1..shape.len()).filter(|_| random.below(2) == 0).collect();
    let reduction = [
        Reduction::Mean,
        Reduction::Sum,
        Reduction::Max,
        Reduction::Min,
    ][random.below(4)];
    let params = match reduction {
        Reduction::Mean | Reduction::Sum => random_params(random),
        Reduction::Max | Reduction::Min => builder.params(input),
    };
    let output = reduced_shape(&shape, &axes, random.below(2) == 0);
    let op = QOp::Reduce {
        reduction,
        axes,
        clamp: random_clamp(random),
    };
    (output.len() > 1).then(|| builder.node(op, &[input], &output, params))
}

/// int32, which nothing else reads.
fn index_of_extreme(random: &mut Random, builder: &mut Builder, input: ValueId) -> ValueId {
    let shape = builder.shape(input);
    let axis = 1 + random.below(shape.len() - 1);
    let output = reduced_shape(&shape, &[axis], random.chance(50));
    let op = QOp::ArgExtreme {
        axis,
        largest: random.chance(50),
        last: random.chance(50),
    };
    let index = builder.node(op, &[input], &output, params(1.0, 0));
    builder.retype(index, DType::I32);
    index
}

fn resize(random: &mut Random, builder: &mut Builder, input: ValueId) -> ValueId {
    let shape = builder.shape(input);
    let mut coordinates = || {
        [
            Coordinates::Asymmetric,
            Coordinates::HalfPixel,
            Coordinates::AlignCorners,
        ][random.below(3)]
    };
    let op = QOp::ResizeBilinear {
        coordinates: [coordinates(), coordinates()],
    };
    let size = [1 + random.below(6), 1 + random.below(6)];
    let params = builder.params(input);
    builder.node(op, &[input], &[1, size[0], size[1], shape[3]], params)
}

fn conv(random: &mut Random, builder: &mut Builder, input: ValueId) -> Option<ValueId> {
    let shape = builder.shape(input);
    let (window, [h, w]) = window(random, &shape, false)?;
    let groups = if shape[3].is_multiple_of(2) {
        1 + random.below(2)
    } else {
        1
    };
    let out_c = groups * (1 + random.below(4));
    let taps = window.kernel[0] * window.kernel[1] * shape[3] / groups;
    let op = QOp::Conv2d {
        window,
        groups,
        weights: weights(random, out_c, taps),
        clamp: random_clamp(random),
    };
    let params = random_params(random);
    Some(builder.node(op, &[input], &[1, h, w, out_c], params))
}

fn transpose_conv(random: &mut Random, builder: &mut Builder, input: ValueId) -> ValueId {
    let shape = builder.shape(input);
    let mut both = |most: usize| [1 + random.below(most), 1 + random.below(most)];
    let window = TransposedWindow2d {
        kernel: both(3),
        stride: both(3),
        dilation: both(2),
        pad_before: both(3).map(|extent| extent - 1),
        output: both(9),
    };
    let groups = if shape[3].is_multiple_of(2) {
        1 + random.below(2)
    } else {
        1
    };
    let out_c = groups * (1 + random.below(4));
    let taps = window.kernel[0] * window.kernel[1] * shape[3] / groups;
    let [h, w] = window.output;
    let op = QOp::TransposeConv2d {
        window,
        groups,
        weights: weights(random, out_c, taps),
        clamp: random_clamp(random),
    };
    let params = random_params(random);
    builder.node(op, &[input], &[1, h, w, out_c], params)
}

/// With itself, transposed, or with a constant, of which one matrix is for all.
fn mat_mul(random: &mut Random, builder: &mut Builder, input: ValueId) -> ValueId {
    let mut input = input;
    if let [1, length] = builder.shape(input)[..] {
        // The batch is no axis of a matrix.
        input = builder.reshape(input, &[1, 1, length]);
    }
    let shape = builder.shape(input);
    let (&columns, outer) = shape.split_last().unwrap();
    let rows = *outer.last().unwrap();
    let transpose_a = shape.len() > 1 && random.chance(50);
    let (rows, depth) = if transpose_a {
        (columns, rows)
    } else {
        (rows, columns)
    };
    let (other, transpose_b, columns) = if random.chance(50) {
        (input, !transpose_a, rows)
    } else {
        let columns = 1 + random.below(5);
        let (params, values) = (random_params(random), int8(random, depth * columns));
        let transpose_b = random.chance(50);
        let own = if transpose_b {
            [columns, depth]
        } else {
            [depth, columns]
        };
        (builder.constant(&own, params, values), transpose_b, columns)
    };
    let op = QOp::MatMul {
        transpose_a,
        transpose_b,
        clamp: random_clamp(random),
    };
    let mut shape = shape[..shape.len() - 2].to_vec();
    shape.extend([rows, columns]);
    let params = random_params(random);
    builder.node(op, &[input, other], &shape, params)
}

fn depthwise(random: &mut Random, builder: &mut Builder, input: ValueId) -> Option<ValueId> {
    let shape = builder.shape(input);
    let (window, [h, w]) = window(random, &shape, false)?;
    let out_c = shape[3] * (1 + random.below(2));
    let taps = window.kernel[0] * window.kernel[1];
    let mut weights = weights(random, out_c, taps);
    if random.chance(30) {
        weights.zero_point = i32::try_from(random.below(256)).unwrap() - 128;
    }
    let op = QOp::DepthwiseConv2d {
        window,
        weights,
        clamp: random_clamp(random),
    };
    let params = random_params(random);
    Some(builder.node(op, &[input], &[1, h, w, out_c], params))
}

fn pool(random: &mut Random, builder: &mut Builder, input: ValueId) -> Option<ValueId> {
    let shape = builder.shape(input);
    let (window, [h, w]) = window(random, &shape, true)?;
    let clamp = random_clamp(random);
    let op = match random.chance(50) {
        true => QOp::MaxPool2d { window, clamp },
        false => QOp::AvgPool2d {
            window,
            clamp,
            ties_up: random.chance(30),
        },
    };
    let params = builder.params(input);
    Some(builder.node(op, &[input], &[1, h, w, shape[3]], params))
}

fn dense(random: &mut Random, builder: &mut Builder, input: ValueId) -> ValueId {
    let mut shape = builder.shape(input);
    let inner = *shape.last().unwrap();
    let outer = 1 + random.below(8);
    *shape.last_mut().unwrap() = outer;
    let op = QOp::Dense {
        weights: weights(random, outer, inner),
        clamp: random_clamp(random),
    };
    let params = random_params(random);
    builder.node(op, &[input], &shape, params)
}

/// With another value of the shape, with itself, or with a constant, whole or broadcast.
fn binary(
    random: &mut Random,
    builder: &mut Builder,
    values: &[ValueId],
    input: ValueId,
) -> ValueId {
    let shape = builder.shape(input);
    let alike: Vec<ValueId> = values
        .iter()
        .copied()
        .filter(|&value| builder.shape(value) == shape)
        .collect();
    let other = if random.chance(60) {
        alike[random.below(alike.len())]
    } else {
        let own: Vec<usize> = shape
            .iter()
            .map(|&extent| if random.chance(50) { extent } else { 1 })
            .collect();
        let (params, length) = (random_params(random), own.iter().product());
        let values = int8(random, length);
        builder.constant(&own, params, values)
    };
    let clamp = random_clamp(random);
    let op = match random.below(8) {
        0 => QOp::Add { clamp },
        1 => QOp::Sub { clamp },
        2 => QOp::Mul { clamp },
        3 => QOp::SquaredDifference { clamp },
        4 => QOp::Extreme {
            which: [Which::Smallest, Which::Largest][random.below(2)],
        },
        5 => {
            let scale = |real| quantize_multiplier(real).unwrap();
            QOp::Compare {
                comparison: [
                    Comparison::Equal,
                    Comparison::NotEqual,
                    Comparison::Greater,
                    Comparison::GreaterEqual,
                ][random.below(4)],
                left_shift: 8,
                scales: [scale(0.03), scale(0.05)],
            }
        }
        6 => {
            let params = random_params(random);
            let mut inputs = [input, input, other];
            inputs.rotate_left(random.below(3));
            return builder.node(QOp::Select, &inputs, &shape, params);
        }
        _ => QOp::Prelu,
    };
    let params = random_params(random);
    let inputs = if random.chance(50) {
        [input, other]
    } else {
        [other, input]
    };
    builder.node(op, &inputs, &shape, params)
}

/// Of two or three values that agree but for the axis, some constant, some twice.
fn concat(
    random: &mut Random,
    builder: &mut Builder,
    values: &[ValueId],
    input: ValueId,
) -> ValueId {
    let shape = builder.shape(input);
    let axis = 1 + random.below(shape.len() - 1);
    let fits = |value: ValueId| {
        let other = builder.shape(value);
        other.len() == shape.len()
            && (0..shape.len()).all(|at| at == axis || other[at] == shape[at])
    };
    let fitting: Vec<ValueId> = values
        .iter()
        .copied()
        .filter(|&value| fits(value))
        .collect();
    let output = match random.chance(70) {
        true => builder.params(input),
        false => random_params(random),
    };
    let mut inputs = vec![input];
    for _ in 0..1 + random.below(2) {
        if random.chance(20) {
            let length = shape.iter().product();
            let values = int8(random, length);
            inputs.push(builder.constant(&shape, output, values));
        } else {
            // A value of its own, or one that others read too.
            let mut value = fitting[random.below(fitting.len())];
            if random.chance(60) {
                let shape = builder.shape(value);
                value = builder.node(QOp::Requantize, &[value], &shape, output);
            }
            inputs.push(value);
        }
    }
    let mut sum = shape;
    sum[axis] = inputs.iter().map(|&value| builder.shape(value)[axis]).sum();
    builder.node(QOp::Concat { axis }, &inputs, &sum, output)
}

fn reshape(random: &mut Random, builder: &mut Builder, input: ValueId) -> ValueId {
    let count = builder.shape(input).iter().product();
    match random.below(3) {
        0 => builder.reshape(input, &[1, count]),
        1 => builder.reshape(input, &[1, count, 1, 1]),
        _ => builder.reshape(input, &[1, 1, 1, count]),
    }
}

/// Slices, gathers, repeats or reverses, on all axes but the first.
fn taken(random: &mut Random, builder: &mut Builder, input: ValueId) -> ValueId {
    let (shape, params) = (builder.shape(input), builder.params(input));
    let mut map = |axis: usize| {
        let extent = shape[axis];
        match random.below(if axis == 0 { 1 } else { 5 }) {
            0 | 1 => IndexMap::all(extent),
            2 => {
                let begin = random.below(extent);
                IndexMap::run(begin, 1 + random.below(extent - begin))
            }
            3 => IndexMap::of((0..extent).rev().collect()),
            _ => IndexMap::of(
                (0..1 + random.below(5))
                    .map(|_| random.below(extent))
                    .collect(),
            ),
        }
    };
    let maps: Vec<IndexMap> = (0..shape.len()).map(&mut map).collect();
    let taken: Vec<usize> = maps.iter().map(IndexMap::count).collect();
    builder.node(QOp::Take { maps }, &[input], &taken, params)
}

/// Transposed or padded.
fn moved(random: &mut Random, builder: &mut Builder, input: ValueId) -> ValueId {
    let (shape, params) = (builder.shape(input), builder.params(input));
    if random.chance(50) {
        let mut perm: Vec<usize> = (0..shape.len()).collect();
        for at in 2..perm.len() {
            perm.swap(at, 1 + random.below(at));
        }
        let permuted: Vec<usize> = perm.iter().map(|&axis| shape[axis]).collect();
        return builder.node(QOp::Transpose { perm }, &[input], &permuted, params);
    }
    let mut amounts = || -> Vec<usize> {
        let amount = |axis| if axis == 0 { 0 } else { random.below(3) };
        (0..shape.len()).map(amount).collect()
    };
    let (before, after) = (amounts(), amounts());
    let padded: Vec<usize> = (0..shape.len())
        .map(|axis| before[axis] + shape[axis] + after[axis])
        .collect();
    let value = int8(random, 1)[0].into();
    let op = QOp::Pad {
        before,
        after,
        value,
    };
    builder.node(op, &[input], &padded, params)
}
