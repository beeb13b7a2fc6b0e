//! A naive evaluator in f64.

use crate::ir::{Activation, Binary, Clamp, Graph, Op, Port, Reduction, Window2d};

fn windows(window: &Window2d, input: &[usize], axis: usize) -> usize {
    let padded = input[axis + 1] + window.pad_before[axis] + window.pad_after[axis];
    let reach = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
    (padded - reach) / window.stride[axis] + 1
}

fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let at =
        |shape: &[usize], i: usize| (i + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    (0..rank).map(|i| at(a, i).max(at(b, i))).collect()
}

/// The shape of a node's output.
pub(crate) fn shape_of(op: &Op, inputs: &[&[usize]]) -> Vec<usize> {
    let x = inputs[0];
    let pooled = |window: &Window2d, channels: usize| {
        vec![x[0], windows(window, x, 0), windows(window, x, 1), channels]
    };
    match op {
        Op::Conv2d(conv) => pooled(&conv.window, inputs[1][0]),
        Op::ConvTranspose2d(conv) => {
            let [rows, columns] = conv.window.output;
            vec![x[0], rows, columns, inputs[1][0]]
        }
        Op::MatMul {
            transpose_a,
            transpose_b,
        } => {
            let axis = |shape: &[usize], back: usize| shape[shape.len() - back];
            let rows = axis(x, if *transpose_a { 1 } else { 2 });
            let columns = axis(inputs[1], if *transpose_b { 2 } else { 1 });
            let outer = |shape: &[usize]| shape[..shape.len() - 2].to_vec();
            let mut shape = broadcast(&outer(x), &outer(inputs[1]));
            shape.extend([rows, columns]);
            shape
        }
        Op::Dense { .. } => [&x[..x.len() - 1], &inputs[1][..1]].concat(),
        Op::MaxPool2d(pool) => pooled(&pool.window, x[3]),
        Op::AvgPool2d(pool) => pooled(&pool.window, x[3]),
        Op::Add { .. } | Op::Sub { .. } | Op::Mul { .. } | Op::Binary(_) => broadcast(x, inputs[1]),
        Op::Select => broadcast(&broadcast(x, inputs[1]), inputs[2]),
        Op::Concat { axis } => {
            let mut shape = x.to_vec();
            shape[*axis] = inputs.iter().map(|shape| shape[*axis]).sum();
            shape
        }
        Op::Reshape { shape } => shape.clone(),
        Op::Transpose { perm } => perm.iter().map(|&axis| x[axis]).collect(),
        Op::Take { maps } => maps.iter().map(|map| map.indices().count()).collect(),
        Op::Pad(pad) => (0..x.len())
            .map(|i| x[i] + pad.before[i] + pad.after[i])
            .collect(),
        Op::Reduce(reduce) => without(x, &reduce.axes, reduce.keep),
        Op::ArgExtreme { axis, keep, .. } => without(x, &[*axis], *keep),
        Op::ResizeBilinear(resize) => vec![x[0], resize.size[0], resize.size[1], x[3]],
        Op::BatchNorm { .. }
        | Op::Activation(_)
        | Op::Fused(_)
        | Op::Softmax
        | Op::L2Normalize
        | Op::LogSoftmax
        | Op::Identity => x.to_vec(),
    }
}

fn without(shape: &[usize], axes: &[usize], keep: bool) -> Vec<usize> {
    let mut shape = shape.to_vec();
    for &axis in axes.iter().rev() {
        if keep {
            shape[axis] = 1;
        } else {
            shape.remove(axis);
        }
    }
    shape
}

fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

fn unravel(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for axis in (0..shape.len()).rev() {
        index[axis] = flat % shape[axis];
        flat /= shape[axis];
    }
    index
}

fn ravel(index: &[usize], shape: &[usize]) -> usize {
    index
        .iter()
        .zip(strides(shape))
        .map(|(i, stride)| i * stride)
        .sum()
}

/// Every value of the graph in f64, by value index; empty where it is not computed.
pub(crate) fn evaluate(graph: &Graph, inputs: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let mut values: Vec<Vec<f64>> = graph
        .values()
        .map(|(_, value)| match &value.constant {
            Some(data) => data.iter().map(|&x| f64::from(x)).collect(),
            None => Vec::new(),
        })
        .collect();
    for (port, data) in graph.inputs.iter().zip(inputs) {
        values[port.value.index()] = data.iter().map(|&x| f64::from(x)).collect();
    }
    for node in &graph.nodes {
        let tensors: Vec<Tensor<'_>> = node
            .inputs
            .iter()
            .map(|&id| Tensor {
                shape: graph.shape(id),
                data: &values[id.index()],
            })
            .collect();
        values[node.output.index()] = compute(&node.op, &tensors);
    }
    values
}

/// The outputs of a graph.
pub(crate) fn outputs(graph: &Graph, inputs: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let values = evaluate(graph, inputs);
    let of = |port: &Port| values[port.value.index()].clone();
    graph.outputs.iter().map(of).collect()
}

struct Tensor<'a> {
    shape: &'a [usize],
    data: &'a [f64],
}

impl Tensor<'_> {
    fn at(&self, index: &[usize]) -> f64 {
        self.data[ravel(index, self.shape)]
    }

    /// With broadcasting.
    fn broadcast_at(&self, index: &[usize]) -> f64 {
        let own = &index[index.len() - self.shape.len()..];
        let own: Vec<usize> = own
            .iter()
            .zip(self.shape)
            .map(|(&i, &len)| if len == 1 { 0 } else { i })
            .collect();
        self.at(&own)
    }
}

/// The taps of an output pixel that lie within the input: kernel position, input position.
fn taps(window: &Window2d, input: &[usize], at: [usize; 2]) -> Vec<([usize; 2], [usize; 2])> {
    let mut found = Vec::new();
    for ky in 0..window.kernel[0] {
        for kx in 0..window.kernel[1] {
            let position = |axis: usize, k: usize| {
                (at[axis] * window.stride[axis] + k * window.dilation[axis])
                    .checked_sub(window.pad_before[axis])
                    .filter(|&i| i < input[axis + 1])
            };
            if let (Some(y), Some(x)) = (position(0, ky), position(1, kx)) {
                found.push(([ky, kx], [y, x]));
            }
        }
    }
    found
}

fn clamped(x: f64, clamp: Option<Clamp>) -> f64 {
    clamp.map_or(x, |clamp| {
        x.max(f64::from(clamp.min)).min(f64::from(clamp.max))
    })
}

fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Clamp(clamp) => clamped(x, Some(clamp)),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::LeakyRelu { alpha } => x.max(0.0) + f64::from(alpha) * x.min(0.0),
        Activation::Elu { alpha } => x.max(0.0) + f64::from(alpha) * (x.min(0.0).exp() - 1.0),
        Activation::HardSigmoid { alpha, beta } => {
            (f64::from(alpha) * x + f64::from(beta)).clamp(0.0, 1.0)
        }
        Activation::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
        Activation::Unary(function) => function.apply(x),
        Activation::Parametric {
            function,
            parameters,
        } => function.apply(parameters.map(f64::from), x),
    }
}

fn combine(function: Binary, a: f64, b: f64) -> f64 {
    let truth = |holds| if holds { 1.0 } else { 0.0 };
    match function {
        Binary::Div => a / b,
        Binary::SquaredDifference => a * a - 2.0 * a * b + b * b,
        Binary::Maximum => (a + b + (a - b).abs()) / 2.0,
        Binary::Minimum => (a + b - (a - b).abs()) / 2.0,
        Binary::Equal => truth(a == b),
        Binary::NotEqual => truth(a != b),
        Binary::Greater => truth(a > b),
        Binary::GreaterEqual => truth(a >= b),
        Binary::Prelu => a.max(0.0) + b * a.min(0.0),
    }
}

/// The values over these axes that become the output at an index.
fn along(x: &Tensor<'_>, axes: &[usize], keep: bool, at: &[usize]) -> Vec<f64> {
    let mut fixed = at.to_vec();
    if !keep {
        for &axis in axes {
            fixed.insert(axis, 0);
        }
    }
    let positions = (0..x.data.len()).map(|flat| unravel(flat, x.shape));
    let fits = |from: &Vec<usize>| {
        (0..from.len()).all(|axis| axes.contains(&axis) || from[axis] == fixed[axis])
    };
    positions.filter(fits).map(|from| x.at(&from)).collect()
}

/// One node in f64.
pub(crate) fn compute_op(op: &Op, inputs: &[(&[usize], &[f64])]) -> Vec<f64> {
    let tensors: Vec<Tensor<'_>> = inputs
        .iter()
        .map(|&(shape, data)| Tensor { shape, data })
        .collect();
    compute(op, &tensors)
}

fn compute(op: &Op, inputs: &[Tensor<'_>]) -> Vec<f64> {
    let x = &inputs[0];
    let shapes: Vec<&[usize]> = inputs.iter().map(|tensor| tensor.shape).collect();
    let shape = shape_of(op, &shapes);
    let count = shape.iter().product();
    let each = |f: &dyn Fn(&[usize]) -> f64| -> Vec<f64> {
        (0..count).map(|flat| f(&unravel(flat, &shape))).collect()
    };
    let last = |index: &[usize]| index[index.len() - 1];
    let binary = |clamp: Option<Clamp>, f: fn(f64, f64) -> f64| {
        each(&|at| clamped(f(x.broadcast_at(at), inputs[1].broadcast_at(at)), clamp))
    };
    match op {
        Op::Conv2d(conv) => each(&|at| {
            let group_c = inputs[1].shape[3];
            let first = at[3] / (shape[3] / conv.groups) * group_c;
            let mut sum = inputs.get(2).map_or(0.0, |bias| bias.data[at[3]]);
            for ([ky, kx], [y, xx]) in taps(&conv.window, x.shape, [at[1], at[2]]) {
                for i in 0..group_c {
                    sum += inputs[1].at(&[at[3], ky, kx, i]) * x.at(&[at[0], y, xx, first + i]);
                }
            }
            clamped(sum, conv.clamp)
        }),
        Op::ConvTranspose2d(conv) => {
            let window = &conv.window;
            let bias = |o: usize| inputs.get(2).map_or(0.0, |bias| bias.data[o]);
            let mut sums = each(&|at| bias(at[3]));
            let weights = inputs[1].shape;
            let (group_in, group_out) = (weights[3], weights[0] / conv.groups);
            for (flat, &value) in x.data.iter().enumerate() {
                let from = unravel(flat, x.shape);
                for tap in 0..window.kernel[0] * window.kernel[1] {
                    let tap = [tap / window.kernel[1], tap % window.kernel[1]];
                    let to = [0, 1].map(|axis| {
                        (from[axis + 1] * window.stride[axis] + tap[axis] * window.dilation[axis])
                            .checked_sub(window.pad_before[axis])
                            .filter(|&to| to < window.output[axis])
                    });
                    let [Some(row), Some(column)] = to else {
                        continue;
                    };
                    let group = from[3] / group_in;
                    for o in group * group_out..(group + 1) * group_out {
                        let weight = inputs[1].at(&[o, tap[0], tap[1], from[3] % group_in]);
                        sums[ravel(&[from[0], row, column, o], &shape)] += value * weight;
                    }
                }
            }
            sums.iter().map(|&sum| clamped(sum, conv.clamp)).collect()
        }
        Op::MatMul {
            transpose_a,
            transpose_b,
        } => each(&|at| {
            let depth = x.shape[x.shape.len() - if *transpose_a { 2 } else { 1 }];
            let (outer, inner) = at.split_at(at.len() - 2);
            let entry = |tensor: &Tensor<'_>, swap: bool, [i, j]: [usize; 2]| {
                let entry = if swap { [j, i] } else { [i, j] };
                tensor.broadcast_at(&[outer, &entry[..]].concat())
            };
            (0..depth)
                .map(|k| {
                    entry(x, *transpose_a, [inner[0], k])
                        * entry(&inputs[1], *transpose_b, [k, inner[1]])
                })
                .sum()
        }),
        Op::Dense { clamp } => each(&|at| {
            let features = inputs[1].shape[1];
            let row = ravel(at, &shape) / last(&shape) * features;
            let mut sum = inputs.get(2).map_or(0.0, |bias| bias.data[last(at)]);
            for i in 0..features {
                sum += x.data[row + i] * inputs[1].at(&[last(at), i]);
            }
            clamped(sum, *clamp)
        }),
        Op::BatchNorm { epsilon } => each(&|at| {
            let p = |i: usize| inputs[i].data[last(at)];
            (x.at(at) - p(3)) / (p(4) + f64::from(*epsilon)).sqrt() * p(1) + p(2)
        }),
        Op::Activation(activation) => each(&|at| activate(*activation, x.at(at))),
        Op::MaxPool2d(pool) => each(&|at| {
            let largest = taps(&pool.window, x.shape, [at[1], at[2]])
                .iter()
                .map(|&(_, [y, xx])| x.at(&[at[0], y, xx, at[3]]))
                .fold(f64::NEG_INFINITY, f64::max);
            clamped(largest, pool.clamp)
        }),
        Op::AvgPool2d(pool) => each(&|at| {
            let taps = taps(&pool.window, x.shape, [at[1], at[2]]);
            let sum: f64 = taps
                .iter()
                .map(|&(_, [y, xx])| x.at(&[at[0], y, xx, at[3]]))
                .sum();
            let [h, w] = pool.window.kernel;
            let taps = if pool.count_include_pad {
                h * w
            } else {
                taps.len()
            };
            clamped(sum / taps as f64, pool.clamp)
        }),
        Op::Add { clamp } => binary(*clamp, |a, b| a + b),
        Op::Sub { clamp } => binary(*clamp, |a, b| a - b),
        Op::Mul { clamp } => binary(*clamp, |a, b| a * b),
        Op::Binary(function) => each(&|at| {
            let (a, b) = (x.broadcast_at(at), inputs[1].broadcast_at(at));
            combine(*function, a, b)
        }),
        Op::Select => each(&|at| {
            let chosen = if x.broadcast_at(at) == 0.0 { 2 } else { 1 };
            inputs[chosen].broadcast_at(at)
        }),
        Op::Fused(function) => each(&|at| function.apply(x.at(at))),
        Op::Concat { axis } => each(&|at| {
            let mut at = at.to_vec();
            for tensor in inputs {
                if at[*axis] < tensor.shape[*axis] {
                    return tensor.at(&at);
                }
                at[*axis] -= tensor.shape[*axis];
            }
            unreachable!("the output is as long as the inputs")
        }),
        Op::Reshape { .. } | Op::Identity => x.data.to_vec(),
        Op::Transpose { perm } => each(&|at| {
            let mut from = vec![0; at.len()];
            for (&axis, &i) in perm.iter().zip(at) {
                from[axis] = i;
            }
            x.at(&from)
        }),
        Op::Take { maps } => each(&|at| {
            let from: Vec<usize> = (0..at.len())
                .map(|axis| maps[axis].indices().nth(at[axis]).unwrap())
                .collect();
            x.at(&from)
        }),
        Op::Pad(pad) => each(&|at| {
            let from: Option<Vec<usize>> = at
                .iter()
                .enumerate()
                .map(|(axis, i)| {
                    i.checked_sub(pad.before[axis])
                        .filter(|&i| i < x.shape[axis])
                })
                .collect();
            from.map_or(f64::from(pad.value), |from| x.at(&from))
        }),
        Op::Reduce(reduce) => each(&|at| {
            let values = along(x, &reduce.axes, reduce.keep, at);
            match reduce.reduction {
                Reduction::Mean => values.iter().sum::<f64>() / values.len() as f64,
                Reduction::Sum => values.iter().sum(),
                Reduction::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                Reduction::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
            }
        }),
        Op::ArgExtreme {
            axis,
            largest,
            last,
            keep,
        } => each(&|at| {
            let values = along(x, &[*axis], *keep, at);
            let best = values.iter().copied().fold(f64::NAN, |best, x| {
                if *largest { best.max(x) } else { best.min(x) }
            });
            let mut is_best = |&x: &f64| x == best;
            let place = if *last {
                values.iter().rposition(&mut is_best)
            } else {
                values.iter().position(&mut is_best)
            };
            place.unwrap() as f64
        }),
        Op::ResizeBilinear(resize) => each(&|at| {
            let near = |axis: usize, i: usize| {
                let position = resize.coordinates[axis].position(
                    at[1 + axis],
                    x.shape[1 + axis],
                    resize.size[axis],
                );
                (1.0 - (position - i as f64).abs()).max(0.0)
            };
            let rows = 0..x.shape[1];
            let pixels = rows.flat_map(|y| (0..x.shape[2]).map(move |xx| (y, xx)));
            pixels
                .map(|(y, xx)| near(0, y) * near(1, xx) * x.at(&[at[0], y, xx, at[3]]))
                .sum()
        }),
        Op::L2Normalize => each(&|at| {
            let depth = last(&shape);
            let row = &x.data[ravel(at, &shape) / depth * depth..][..depth];
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            x.at(at) / length.max(1e-12)
        }),
        Op::LogSoftmax => each(&|at| {
            let depth = last(&shape);
            let row = &x.data[ravel(at, &shape) / depth * depth..][..depth];
            let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = row.iter().map(|x| (x - largest).exp()).sum();
            x.at(at) - largest - sum.ln()
        }),
        Op::Softmax => each(&|at| {
            let depth = last(&shape);
            let row = &x.data[ravel(at, &shape) / depth * depth..][..depth];
            let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = row.iter().map(|x| (x - largest).exp()).sum();
            (x.at(at) - largest).exp() / sum
        }),
    }
}
