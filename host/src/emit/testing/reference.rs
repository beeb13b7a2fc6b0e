//! What a graph computes, from the definitions: real arithmetic on indices, 64-bit integers and
//! nothing of the runtime.

use super::reductions::{index_of_extreme, l2_normalize, log_softmax, reduce, resized};
use crate::ir::{TransposedWindow2d, ValueId, Window2d};
use crate::quantize::graph::{QClamp, QGraph, QNode, QOp, QValue, Weights};
use tiivis_runtime::blob::{Comparison, Scale, Which};

pub(super) type Tensor = Vec<i64>;

/// The outputs for these inputs, little endian where they are no bytes. Softmax is from floats: off
/// by one at most.
pub(crate) fn evaluate(graph: &QGraph, inputs: &[Vec<i8>]) -> Vec<Vec<i8>> {
    let widen = |values: &[i8]| values.iter().map(|&x| i64::from(x)).collect::<Tensor>();
    let constant = |value: &Option<QValue>| {
        let constant = value.as_ref().and_then(|value| value.constant.as_ref());
        constant.map(|values| widen(values))
    };
    let mut values: Vec<Option<Tensor>> = graph.values.iter().map(constant).collect();
    for (port, input) in graph.inputs.iter().zip(inputs) {
        values[port.value.index()] = Some(widen(input));
    }
    for node in &graph.nodes {
        let inputs: Vec<(&QValue, &Tensor)> = node
            .inputs
            .iter()
            .map(|id| (graph.value(*id), values[id.index()].as_ref().unwrap()))
            .collect();
        let output = run(node, &inputs, graph.value(node.output));
        assert_eq!(
            output.len(),
            graph.value(node.output).shape.iter().product::<usize>()
        );
        values[node.output.index()] = Some(output);
    }
    let narrow = |id: ValueId| {
        let bytes = usize::try_from(graph.value(id).dtype.bytes()).unwrap();
        let values = values[id.index()].as_ref().unwrap().iter();
        let little = values.flat_map(|&x| {
            let high = x >> (8 * bytes - 1);
            assert!(high == 0 || high == -1, "{x} in {bytes} bytes");
            x.to_le_bytes().into_iter().take(bytes)
        });
        little.map(|byte| i8::from_le_bytes([byte])).collect()
    };
    graph
        .outputs
        .iter()
        .map(|port| narrow(port.value))
        .collect()
}

/// `x · multiplier / 2^31 · 2^shift`, first to an integer after the multiplication, then after the
/// shift to the right; halves go away from zero (at the first, up).
pub(super) fn scaled(x: i64, multiplier: i64, shift: i32) -> i64 {
    let product = (x << shift.max(0)) * multiplier;
    let doubled = (product + (1 << 30)).div_euclid(1 << 31);
    let right = u32::try_from((-shift).max(0)).unwrap();
    if right == 0 {
        return doubled;
    }
    let rounded = (doubled.abs() + (1 << (right - 1))) >> right;
    rounded * doubled.signum()
}

/// Multiplier and shift of a real number, by halving and doubling.
pub(super) fn fixed(mut real: f64) -> (i64, i32) {
    let mut shift = 0;
    while real >= 1.0 {
        real /= 2.0;
        shift += 1;
    }
    while real < 0.5 {
        real *= 2.0;
        shift -= 1;
    }
    let multiplier = (real * 2f64.powi(31)).round();
    (format!("{multiplier:.0}").parse().unwrap(), shift)
}

pub(super) fn clamped(x: i64, clamp: &QClamp) -> i64 {
    x.clamp(i64::from(clamp.min), i64::from(clamp.max))
}

pub(super) fn zero_point(value: &QValue) -> i64 {
    i64::from(value.params.zero_point)
}

fn rescaled(x: i64, from: &QValue, to: &QValue) -> i64 {
    if from.params == to.params {
        return x;
    }
    let ratio = f64::from(from.params.scale) / f64::from(to.params.scale);
    let (multiplier, shift) = fixed(ratio);
    (scaled(x - zero_point(from), multiplier, shift) + zero_point(to)).clamp(-128, 127)
}

fn run(node: &QNode, inputs: &[(&QValue, &Tensor)], output: &QValue) -> Tensor {
    let (from, x) = inputs[0];
    match &node.op {
        QOp::Conv2d {
            window,
            groups,
            weights,
            clamp,
        } => conv2d(inputs[0], output, window, *groups, (weights, clamp)),
        QOp::TransposeConv2d {
            window,
            groups,
            weights,
            clamp,
        } => transpose_conv2d(inputs[0], output, window, *groups, (weights, clamp)),
        QOp::MatMul {
            transpose_a,
            transpose_b,
            clamp,
        } => mat_mul(inputs, output, [*transpose_a, *transpose_b], clamp),
        QOp::DepthwiseConv2d {
            window,
            weights,
            clamp,
        } => depthwise(inputs[0], output, window, (weights, clamp)),
        QOp::Dense { weights, clamp } => dense(inputs[0], output, (weights, clamp)),
        QOp::MaxPool2d { window, clamp } => pool(inputs[0], output, window, |values| {
            clamped(*values.iter().max().unwrap(), clamp)
        }),
        QOp::AvgPool2d {
            window,
            clamp,
            ties_up,
        } => pool(inputs[0], output, window, |values| {
            let (sum, count) = (
                values.iter().sum::<i64>(),
                values.iter().map(|_| 1).sum::<i64>(),
            );
            let mean = if *ties_up {
                (2 * sum + count).div_euclid(2 * count)
            } else {
                (2 * sum.abs() + count) / (2 * count) * sum.signum()
            };
            clamped(mean, clamp)
        }),
        QOp::Add { clamp } => sum(inputs, output, 1, clamp),
        QOp::Sub { clamp } => sum(inputs, output, -1, clamp),
        QOp::Mul { clamp } => product(inputs, output, clamp),
        QOp::Div { .. } => unreachable!("random graphs divide nothing: `golden/tflite_ops` does"),
        QOp::SquaredDifference { clamp } => squared_difference(inputs, output, clamp),
        QOp::Extreme { which } => each_element(output, |index| {
            let [a, b] = [0, 1].map(|operand| operand_at(inputs, operand, output, index));
            match which {
                Which::Smallest => a.min(b),
                Which::Largest => a.max(b),
            }
        }),
        QOp::Compare {
            comparison,
            left_shift,
            scales,
        } => each_element(output, |index| {
            let [a, b] = [0, 1].map(|operand| {
                let x = operand_at(inputs, operand, output, index) - zero_point(inputs[operand].0);
                let Scale { multiplier, shift } = scales[operand];
                scaled(x << left_shift, multiplier.into(), shift.into())
            });
            i64::from(match comparison {
                Comparison::Equal => a == b,
                Comparison::NotEqual => a != b,
                Comparison::Greater => a > b,
                Comparison::GreaterEqual => a >= b,
            })
        }),
        QOp::Select => each_element(output, |index| {
            let condition = operand_at(inputs, 0, output, index);
            let chosen = if condition == zero_point(inputs[0].0) {
                2
            } else {
                1
            };
            operand_at(inputs, chosen, output, index)
        }),
        QOp::Prelu => prelu(inputs, output),
        QOp::Concat { axis } => concat(inputs, output, *axis),
        QOp::Reshape => x.clone(),
        QOp::Transpose { perm } => each_element(output, |index| {
            let mut source = vec![0; perm.len()];
            for (axis, &from_axis) in perm.iter().enumerate() {
                source[from_axis] = index[axis];
            }
            x[flat(&from.shape, &source)]
        }),
        QOp::Take { maps } => each_element(output, |index| {
            let source: Vec<usize> = (0..index.len())
                .map(|axis| maps[axis].indices().nth(index[axis]).unwrap())
                .collect();
            x[flat(&from.shape, &source)]
        }),
        QOp::Pad { before, value, .. } => each_element(output, |index| {
            let inside = index.iter().zip(before).zip(&from.shape);
            let source: Option<Vec<usize>> = inside
                .map(|((&i, &b), &extent)| i.checked_sub(b).filter(|&i| i < extent))
                .collect();
            source.map_or(i64::from(*value), |source| x[flat(&from.shape, &source)])
        }),
        QOp::Softmax { beta } => softmax(from, x, *beta),
        QOp::LogSoftmax => log_softmax(from, x),
        QOp::Svdf(_) | QOp::Lstm(_) => panic!("what has state is tested against TFLM"),
        QOp::L2Normalize => l2_normalize(from, x),
        QOp::Reduce {
            reduction,
            axes,
            clamp,
        } => reduce(inputs[0], output, *reduction, (axes, clamp)),
        QOp::ArgExtreme {
            axis,
            largest,
            last,
        } => index_of_extreme(inputs[0], output, *axis, [*largest, *last]),
        QOp::ResizeBilinear { coordinates } => each_element(output, |index| {
            resized(from, x, output, *coordinates, index)
        }),
        QOp::Slopes { .. } | QOp::Curve { .. } => {
            panic!("of int16, which the golden cases are of and this reference is not")
        }
        QOp::Lut { table } => {
            let index = |x: &i64| usize::try_from(x + 128).unwrap();
            x.iter().map(|x| i64::from(table[index(x)])).collect()
        }
        QOp::Requantize => x.iter().map(|&x| rescaled(x, from, output)).collect(),
    }
}

/// Weights and what becomes of the sums.
type Layer<'a> = (&'a Weights, &'a QClamp);

fn conv2d(
    (from, x): (&QValue, &Tensor),
    output: &QValue,
    window: &Window2d,
    groups: usize,
    layer: Layer<'_>,
) -> Tensor {
    let per_group = from.shape[3] / groups;
    let out_per_group = output.shape[3] / groups;
    let filter = |o: usize, ky: usize, kx: usize, c: usize| {
        let at = ((o * window.kernel[0] + ky) * window.kernel[1] + kx) * per_group + c;
        i64::from(layer.0.weights[at]) - i64::from(layer.0.zero_point)
    };
    each_pixel(output, |[y, x_at, o]| {
        let mut sum = 0;
        each_tap(window, from, [y, x_at], |ky, kx, iy, ix| {
            for c in 0..per_group {
                let channel = o / out_per_group * per_group + c;
                let value = x[at(from, iy, ix, channel)] - zero_point(from);
                sum += value * filter(o, ky, kx, c);
            }
        });
        weighted(sum, layer, o, output)
    })
}

/// Looks for the input that each tap of each output came from.
fn transpose_conv2d(
    (from, x): (&QValue, &Tensor),
    output: &QValue,
    window: &TransposedWindow2d,
    groups: usize,
    layer: Layer<'_>,
) -> Tensor {
    let per_group = from.shape[3] / groups;
    let out_per_group = output.shape[3] / groups;
    let source = |axis: usize, to: usize, tap: usize| {
        (0..from.shape[1 + axis]).find(|&i| {
            let reach = i * window.stride[axis] + tap * window.dilation[axis];
            reach == to + window.pad_before[axis]
        })
    };
    each_pixel(output, |[y, x_at, o]| {
        let mut sum = 0;
        for ky in 0..window.kernel[0] {
            for kx in 0..window.kernel[1] {
                let (Some(iy), Some(ix)) = (source(0, y, ky), source(1, x_at, kx)) else {
                    continue;
                };
                for c in 0..per_group {
                    let channel = o / out_per_group * per_group + c;
                    let weight = ((o * window.kernel[0] + ky) * window.kernel[1] + kx) * per_group;
                    let value = x[at(from, iy, ix, channel)] - zero_point(from);
                    sum += value * i64::from(layer.0.weights[weight + c]);
                }
            }
        }
        weighted(sum, layer, o, output)
    })
}

fn mat_mul(
    inputs: &[(&QValue, &Tensor)],
    output: &QValue,
    transposed: [bool; 2],
    clamp: &QClamp,
) -> Tensor {
    let (a, _) = inputs[0];
    let depth = a.shape[a.shape.len() - if transposed[0] { 2 } else { 1 }];
    let scales = inputs
        .iter()
        .map(|(value, _)| f64::from(value.params.scale));
    let (multiplier, shift) = fixed(scales.product::<f64>() / f64::from(output.params.scale));
    let entry = |factor: usize, outer: &[usize], mut place: [usize; 2]| {
        let (value, x) = inputs[factor];
        if transposed[factor] {
            place.swap(0, 1);
        }
        // Matrices are broadcast as a whole, rows and columns never.
        let missing = outer.len() + 2 - value.shape.len();
        let own = outer[missing..].iter().zip(&value.shape);
        let own = own.map(|(&i, &extent)| if extent == 1 { 0 } else { i });
        let index: Vec<usize> = own.chain(place).collect();
        x[flat(&value.shape, &index)] - zero_point(value)
    };
    each_element(output, |index| {
        let (outer, place) = index.split_at(index.len() - 2);
        let products =
            (0..depth).map(|k| entry(0, outer, [place[0], k]) * entry(1, outer, [k, place[1]]));
        let result = scaled(products.sum(), multiplier, shift);
        clamped(result + zero_point(output), clamp)
    })
}

fn depthwise(
    (from, x): (&QValue, &Tensor),
    output: &QValue,
    window: &Window2d,
    layer: Layer<'_>,
) -> Tensor {
    let multiplier = output.shape[3] / from.shape[3];
    each_pixel(output, |[y, x_at, o]| {
        let mut sum = 0;
        each_tap(window, from, [y, x_at], |ky, kx, iy, ix| {
            let weight = (ky * window.kernel[1] + kx) * output.shape[3] + o;
            let value = x[at(from, iy, ix, o / multiplier)] - zero_point(from);
            let weight = i64::from(layer.0.weights[weight]) - i64::from(layer.0.zero_point);
            sum += value * weight;
        });
        weighted(sum, layer, o, output)
    })
}

fn dense((from, x): (&QValue, &Tensor), output: &QValue, layer: Layer<'_>) -> Tensor {
    let (inner, outer) = (*from.shape.last().unwrap(), *output.shape.last().unwrap());
    let result = |index: usize| {
        let (row, o) = (index / outer, index % outer);
        let products = (0..inner).map(|i| {
            let weight = i64::from(layer.0.weights[o * inner + i]) - i64::from(layer.0.zero_point);
            (x[row * inner + i] - zero_point(from)) * weight
        });
        weighted(products.sum(), layer, o, output)
    };
    (0..x.len() / inner * outer).map(result).collect()
}

fn pool(
    (from, x): (&QValue, &Tensor),
    output: &QValue,
    window: &Window2d,
    reduce: impl Fn(&[i64]) -> i64,
) -> Tensor {
    each_pixel(output, |[y, x_at, c]| {
        let mut values = Vec::new();
        each_tap(window, from, [y, x_at], |_, _, iy, ix| {
            values.push(x[at(from, iy, ix, c)]);
        });
        reduce(&values)
    })
}

fn product(inputs: &[(&QValue, &Tensor)], output: &QValue, clamp: &QClamp) -> Tensor {
    let scales = inputs
        .iter()
        .map(|(value, _)| f64::from(value.params.scale));
    let (multiplier, shift) = fixed(scales.product::<f64>() / f64::from(output.params.scale));
    each_element(output, |index| {
        let factors = inputs
            .iter()
            .map(|(value, x)| x[broadcast(value, output, index)] - zero_point(value));
        let product = scaled(factors.product(), multiplier, shift);
        clamped(product + zero_point(output), clamp)
    })
}

/// The number of an operand that an element of the output reads.
fn operand_at(
    inputs: &[(&QValue, &Tensor)],
    operand: usize,
    output: &QValue,
    index: &[usize],
) -> i64 {
    let (value, x) = inputs[operand];
    x[broadcast(value, output, index)]
}

fn squared_difference(inputs: &[(&QValue, &Tensor)], output: &QValue, clamp: &QClamp) -> Tensor {
    let scale = |index: usize| f64::from(inputs[index].0.params.scale);
    let twice = 2.0 * scale(0).max(scale(1));
    let ratio = twice * twice / (2f64.powi(14) * f64::from(output.params.scale));
    let (multiplier, shift) = fixed(ratio);
    each_element(output, |index| {
        let [a, b] = [0, 1].map(|operand| {
            let (multiplier, shift) = fixed(scale(operand) / twice);
            let x = operand_at(inputs, operand, output, index) - zero_point(inputs[operand].0);
            scaled(x << 7, multiplier, shift)
        });
        let square = scaled((a - b) * (a - b), multiplier, shift);
        clamped(square + zero_point(output), clamp)
    })
}

fn prelu(inputs: &[(&QValue, &Tensor)], output: &QValue) -> Tensor {
    let scale = |value: &QValue| f64::from(value.params.scale);
    let [x_scale, slope_scale] = [0, 1].map(|operand: usize| scale(inputs[operand].0));
    let positive = fixed(x_scale / scale(output));
    let negative = fixed(x_scale * slope_scale / scale(output));
    each_element(output, |index| {
        let [x, slope] = [0, 1].map(|operand| {
            operand_at(inputs, operand, output, index) - zero_point(inputs[operand].0)
        });
        let result = if x < 0 {
            scaled(x * slope, negative.0, negative.1)
        } else {
            scaled(x, positive.0, positive.1)
        };
        (result + zero_point(output)).clamp(-128, 127)
    })
}

fn concat(inputs: &[(&QValue, &Tensor)], output: &QValue, axis: usize) -> Tensor {
    each_element(output, |index| {
        let mut index = index.to_vec();
        for (value, x) in inputs {
            if index[axis] < value.shape[axis] {
                return rescaled(x[flat(&value.shape, &index)], value, output);
            }
            index[axis] -= value.shape[axis];
        }
        unreachable!("the inputs add up to the output")
    })
}

pub(super) fn at(value: &QValue, y: usize, x: usize, c: usize) -> usize {
    (y * value.shape[2] + x) * value.shape[3] + c
}

fn weighted(sum: i64, (weights, clamp): Layer<'_>, o: usize, output: &QValue) -> i64 {
    let scale = weights.scales[o];
    let sum = sum + weights.bias[o];
    let result = scaled(sum, i64::from(scale.multiplier), i32::from(scale.shift));
    clamped(result + zero_point(output), clamp)
}

fn sum(inputs: &[(&QValue, &Tensor)], output: &QValue, sign: i64, clamp: &QClamp) -> Tensor {
    let scale = |index: usize| f64::from(inputs[index].0.params.scale);
    let twice = 2.0 * scale(0).max(scale(1));
    let operand = |index: usize, at: &[usize]| {
        let (value, x) = inputs[index];
        let (multiplier, shift) = fixed(scale(index) / twice);
        let x = x[broadcast(value, output, at)] - zero_point(value);
        scaled(x << 20, multiplier, shift)
    };
    let ratio = twice / (2f64.powi(20) * f64::from(output.params.scale));
    let (multiplier, shift) = fixed(ratio);
    each_element(output, |index| {
        let raw = operand(0, index) + sign * operand(1, index);
        clamped(scaled(raw, multiplier, shift) + zero_point(output), clamp)
    })
}

fn softmax(from: &QValue, x: &Tensor, beta: f32) -> Tensor {
    let depth = *from.shape.last().unwrap();
    let mut result = Vec::new();
    for row in x.chunks(depth) {
        let largest = *row.iter().max().unwrap();
        let exponential = |&x: &i64| {
            let difference = f64::from(i32::try_from(x - largest).unwrap());
            (difference * f64::from(from.params.scale) * f64::from(beta)).exp()
        };
        let sum: f64 = row.iter().map(exponential).sum();
        result.extend(row.iter().map(|x| {
            let q = (exponential(x) / sum * 256.0).round();
            let q: i64 = format!("{q:.0}").parse().unwrap();
            (q - 128).min(127)
        }));
    }
    result
}

fn each_pixel(output: &QValue, mut value: impl FnMut([usize; 3]) -> i64) -> Tensor {
    let mut result = Vec::new();
    for y in 0..output.shape[1] {
        for x in 0..output.shape[2] {
            for c in 0..output.shape[3] {
                result.push(value([y, x, c]));
            }
        }
    }
    result
}

/// Calls `tap(ky, kx, iy, ix)` for the taps inside the input.
fn each_tap(
    window: &Window2d,
    input: &QValue,
    pixel: [usize; 2],
    mut tap: impl FnMut(usize, usize, usize, usize),
) {
    let place = |axis: usize, k: usize| {
        let padded = pixel[axis] * window.stride[axis] + k * window.dilation[axis];
        let at = padded.checked_sub(window.pad_before[axis])?;
        (at < input.shape[1 + axis]).then_some(at)
    };
    for ky in 0..window.kernel[0] {
        for kx in 0..window.kernel[1] {
            if let (Some(iy), Some(ix)) = (place(0, ky), place(1, kx)) {
                tap(ky, kx, iy, ix);
            }
        }
    }
}

pub(super) fn each_element(output: &QValue, value: impl Fn(&[usize]) -> i64) -> Tensor {
    let mut index = vec![0; output.shape.len()];
    let count = output.shape.iter().product::<usize>();
    let mut result = Vec::new();
    for _ in 0..count {
        result.push(value(&index));
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < output.shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    result
}

pub(super) fn flat(shape: &[usize], index: &[usize]) -> usize {
    let axes = shape.iter().zip(index);
    axes.fold(0, |at, (extent, i)| at * extent + i)
}

/// The element of an operand at an index of the output, broadcasting from the last axis on.
fn broadcast(operand: &QValue, output: &QValue, index: &[usize]) -> usize {
    let missing = output.shape.len() - operand.shape.len();
    let own: Vec<usize> = operand
        .shape
        .iter()
        .zip(&index[missing..])
        .map(|(&extent, &i)| if extent == 1 { 0 } else { i })
        .collect();
    flat(&operand.shape, &own)
}
