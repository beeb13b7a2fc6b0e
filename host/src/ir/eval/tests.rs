//! Against the naive evaluator in f64 that the passes are tested with, which shares nothing with
//! this one, not even the shapes.

use super::{Batch, EvalError, Evaluator};
use crate::ir::{
    Activation, AvgPool2d, Clamp, Graph, IndexMap, Op, Pad, Pool2d, ValueId, VerifyError, Window2d,
};
use crate::passes::oracle::{self, Builder, RELU, Random};

const SAMPLES: usize = 3;

/// Evaluates random samples at once, and each alone by the oracle; compares every value that is
/// observed, relative to the largest of its tensor.
fn check(builder: &mut Builder, what: &str) {
    let samples: Vec<Vec<Vec<f32>>> = (0..SAMPLES).map(|_| builder.sample()).collect();
    let graph = &builder.graph;
    let inputs: Vec<Batch> = (0..graph.inputs.len())
        .map(|input| Batch {
            samples: SAMPLES,
            data: samples.iter().flat_map(|s| s[input].clone()).collect(),
        })
        .collect();
    let expected: Vec<Vec<Vec<f64>>> = samples
        .iter()
        .map(|sample| oracle::evaluate(graph, sample))
        .collect();
    let expected = |id: ValueId| -> Vec<f64> {
        expected
            .iter()
            .flat_map(|values| values[id.index()].clone())
            .collect()
    };
    let mut observed = Vec::new();
    let outputs = Evaluator::new(graph)
        .unwrap()
        .evaluate(&inputs, &mut |id, found| {
            assert_close(found, &expected(id), what);
            observed.push(id);
        })
        .unwrap();
    let inputs = graph.inputs.iter().map(|port| port.value);
    let computed = graph.nodes.iter().map(|node| node.output);
    assert_eq!(
        observed,
        inputs.chain(computed).collect::<Vec<_>>(),
        "{what}"
    );
    for (output, port) in outputs.iter().zip(&graph.outputs) {
        assert_eq!(output.samples, SAMPLES);
        assert_close(&output.data, &expected(port.value), what);
    }
    assert_eq!(outputs.len(), graph.outputs.len());
}

fn assert_close(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
    for (index, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(
            error <= 2e-6 * largest,
            "{what}: element {index} is {found}, expected {expected}"
        );
    }
}

/// Checks one operator on random inputs of these shapes.
fn check_op(seed: u64, op: Op, shapes: &[&[usize]]) {
    let what = format!("{op:?} on {shapes:?}, seed {seed}");
    let mut builder = Builder::new(seed);
    let inputs: Vec<ValueId> = shapes.iter().map(|shape| builder.input(shape)).collect();
    let output = builder.node(op, &inputs);
    builder.output(output);
    check(&mut builder, &what);
}

/// A window, and rows and columns that it fits; pads are less than the kernel's reach.
fn random_window(random: &mut Random) -> (Window2d, [usize; 2]) {
    let pair = |random: &mut Random, low: usize, count: usize| {
        [low + random.below(count), low + random.below(count)]
    };
    let kernel = pair(random, 1, 4);
    let dilation = pair(random, 1, 2);
    let reach = [0, 1].map(|axis| (kernel[axis] - 1) * dilation[axis] + 1);
    let below = |random: &mut Random| reach.map(|reach| random.below(reach.min(4)));
    let window = Window2d {
        kernel,
        stride: pair(random, 1, 3),
        dilation,
        pad_before: below(random),
        pad_after: below(random),
    };
    let size = reach.map(|reach| reach + random.below(6));
    (window, size)
}

fn random_clamp(random: &mut Random) -> Option<Clamp> {
    match random.below(3) {
        0 => None,
        1 => Some(RELU),
        _ => Some(Clamp {
            min: -0.5,
            max: 0.75,
        }),
    }
}

#[test]
fn convolutions_are_sums_over_taps() {
    for seed in 0..240 {
        let mut builder = Builder::new(seed);
        let random = &mut builder.random;
        let (window, [rows, columns]) = random_window(random);
        let clamp = random_clamp(random);
        // Ordinary, grouped, depthwise, depthwise with a multiplier; down to a single channel.
        let (groups, channels, filters) = match random.below(4) {
            0 => (1, 1 + random.below(6), 1 + random.below(6)),
            1 => (2, 2 * (1 + random.below(3)), 2 * (1 + random.below(3))),
            2 => {
                let channels = 1 + random.below(7);
                (channels, channels, channels)
            }
            _ => {
                let channels = 2 + random.below(3);
                (channels, channels, channels * (2 + random.below(2)))
            }
        };
        let x = builder.input(&[1, rows, columns, channels]);
        let what = format!("seed {seed}: {window:?}, {channels} to {filters}, {groups} groups");
        let y = builder.conv(x, filters, window, groups, clamp);
        if seed % 3 == 0 {
            builder.graph.nodes[0].inputs.pop();
        }
        builder.output(y);
        check(&mut builder, &what);
    }
}

#[test]
fn pools_reduce_their_windows() {
    for seed in 0..240 {
        let mut random = Random::new(seed);
        let (mut window, [rows, columns]) = random_window(&mut random);
        if window.dilation != [1, 1] {
            // Dilated taps may step over a small input: no window of its own then.
            (window.pad_before, window.pad_after) = ([0, 0], [0, 0]);
        }
        let clamp = random_clamp(&mut random);
        let shape = [1, rows, columns, 1 + random.below(5)];
        check_op(
            seed,
            Op::MaxPool2d(Pool2d {
                window: window.clone(),
                clamp,
            }),
            &[&shape],
        );
        for count_include_pad in [false, true] {
            let pool = AvgPool2d {
                window: window.clone(),
                count_include_pad,
                clamp,
            };
            check_op(seed, Op::AvgPool2d(pool), &[&shape]);
        }
    }
}

#[test]
fn arithmetic_broadcasts_around_the_samples() {
    let pairs: [(&[usize], &[usize]); 8] = [
        (&[1, 4, 3, 5], &[1, 4, 3, 5]),
        (&[1, 4, 3, 5], &[1, 1, 1, 5]),
        (&[1, 1, 3, 1], &[1, 4, 1, 5]),
        (&[1, 4], &[1, 4]),
        (&[1, 3, 4], &[1, 4]),
        (&[1, 4], &[1, 3, 2, 4]),
        (&[1, 1], &[1, 2, 1, 1]),
        (&[1], &[1, 5]),
    ];
    for (seed, (a, b)) in (0..).zip(pairs) {
        let clamp = random_clamp(&mut Random::new(seed));
        check_op(seed, Op::Add { clamp }, &[a, b]);
        check_op(seed, Op::Sub { clamp }, &[a, b]);
        check_op(seed, Op::Mul { clamp }, &[a, b]);
    }
}

#[test]
fn constants_are_the_same_for_all_samples() {
    let shapes: [(&[usize], &[usize]); 5] = [
        (&[1, 2, 3, 4], &[4]),
        (&[1, 2, 3, 4], &[]),
        (&[1, 2, 3, 4], &[1, 2, 1, 4]),
        (&[1, 4], &[1, 3, 4]),
        (&[1, 3, 1], &[3, 2]),
    ];
    for (seed, (activation, constant)) in (0..).zip(shapes) {
        for swapped in [false, true] {
            let mut builder = Builder::new(seed);
            let x = builder.input(activation);
            let constant = builder.random_constant(constant, 1.0);
            let inputs = if swapped {
                [constant, x]
            } else {
                [x, constant]
            };
            let y = builder.node(Op::Sub { clamp: None }, &inputs);
            builder.output(y);
            check(&mut builder, &format!("seed {seed}, swapped {swapped}"));
        }
    }
}

#[test]
fn what_depends_on_constants_alone_joins_the_samples() {
    let mut builder = Builder::new(7);
    let x = builder.input(&[1, 3, 4]);
    let table = builder.random_constant(&[4, 6], 1.0);
    let reshaped = builder.node(
        Op::Reshape {
            shape: vec![1, 6, 4],
        },
        &[table],
    );
    let turned = builder.node(
        Op::Transpose {
            perm: vec![0, 2, 1],
        },
        &[reshaped],
    );
    let row = builder.random_constant(&[1, 3, 2], 1.0);
    let joined = builder.node(Op::Concat { axis: 2 }, &[row, x, row]);
    let softmax = builder.node(Op::Softmax, &[turned]);
    let back = builder.node(
        Op::Reshape {
            shape: vec![1, 3, 8],
        },
        &[softmax],
    );
    let sum = builder.node(Op::Add { clamp: None }, &[joined, back]);
    for value in [sum, turned, x] {
        builder.output(value);
    }
    check(&mut builder, "a network with fixed parts");
}

#[test]
fn moves_keep_samples_apart() {
    let take = |maps: &[&[usize]]| Op::Take {
        maps: maps.iter().map(|map| IndexMap::of(map.to_vec())).collect(),
    };
    let cases: [(&[usize], Op); 11] = [
        (
            &[1, 2, 3, 4],
            Op::Transpose {
                perm: vec![0, 3, 1, 2],
            },
        ),
        (
            &[1, 2, 3, 4],
            Op::Transpose {
                perm: vec![0, 2, 3, 1],
            },
        ),
        (
            &[1, 5, 2],
            Op::Transpose {
                perm: vec![0, 2, 1],
            },
        ),
        (&[1, 2, 3, 4], Op::Reshape { shape: vec![1, 24] }),
        (
            &[1, 24],
            Op::Reshape {
                shape: vec![1, 4, 1, 6],
            },
        ),
        (
            &[1, 2, 3],
            Op::Pad(Pad {
                before: vec![0, 1, 2],
                after: vec![0, 3, 0],
                value: -1.5,
            }),
        ),
        (
            &[1, 3, 2, 2],
            Op::Pad(Pad {
                before: vec![0, 0, 1, 0],
                after: vec![0, 2, 0, 3],
                value: 0.0,
            }),
        ),
        (
            &[1],
            Op::Pad(Pad {
                before: vec![0],
                after: vec![0],
                value: 1.0,
            }),
        ),
        (&[1, 2, 3], take(&[&[0], &[1, 0], &[2, 2, 0, 1]])),
        (&[1, 3, 4, 2], take(&[&[0], &[1, 2], &[3, 1], &[0, 1]])),
        (&[1, 2, 3], Op::Identity),
    ];
    for (seed, (shape, op)) in (0..).zip(cases) {
        check_op(seed, op, &[shape]);
    }
    for axis in 1..4 {
        let mut shapes = [[1, 2, 3, 4]; 3];
        shapes[1][axis] = 1;
        shapes[2][axis] = 5;
        check_op(
            1,
            Op::Concat { axis },
            &[&shapes[0], &shapes[1], &shapes[2]],
        );
    }
}

#[test]
fn layers_over_the_last_axis() {
    for (seed, shape) in (0..).zip([&[1, 7][..], &[1, 3, 5], &[1, 2, 4, 1], &[1, 2, 3, 1, 9]]) {
        check_op(seed, Op::Softmax, &[shape]);
        let mut builder = Builder::new(seed);
        let x = builder.input(shape);
        let clamp = random_clamp(&mut builder.random);
        let normalized = builder.batch_norm(x);
        let y = builder.dense(normalized, 1 + 2 * shape.len(), clamp);
        builder.output(y);
        check(&mut builder, &format!("batch norm and dense on {shape:?}"));
    }
}

#[test]
fn activations_follow_their_formulas() {
    let activations = [
        Activation::Clamp(RELU),
        Activation::Clamp(Clamp {
            min: -0.25,
            max: 0.5,
        }),
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::LeakyRelu { alpha: 0.3 },
        Activation::Elu { alpha: 1.5 },
        Activation::HardSigmoid {
            alpha: 0.4,
            beta: 0.6,
        },
        Activation::HardSwish,
    ];
    for (seed, activation) in (0..).zip(activations) {
        check_op(seed, Op::Activation(activation), &[&[1, 500]]);
        // Far from 0, where an exponential overflows.
        let mut builder = Builder::new(seed);
        let x = builder.input(&[1, 64]);
        let far = builder.constant(&[1], vec![60.0]);
        let x = builder.node(Op::Mul { clamp: None }, &[x, far]);
        if !matches!(activation, Activation::Sigmoid | Activation::Tanh) {
            let y = builder.node(Op::Activation(activation), &[x]);
            builder.output(y);
            check(&mut builder, &format!("{activation:?} far from 0"));
        }
    }
}

#[test]
fn softmax_and_sigmoid_saturate_without_overflow() {
    let mut builder = Builder::new(1);
    let x = builder.input(&[1, 3]);
    let softmax = builder.node(Op::Softmax, &[x]);
    let sigmoid = builder.node(Op::Activation(Activation::Sigmoid), &[x]);
    builder.output(softmax);
    builder.output(sigmoid);
    let data = vec![500.0, -500.0, 499.0];
    let inputs = [Batch { samples: 1, data }];
    let evaluator = Evaluator::new(&builder.graph).unwrap();
    let outputs = evaluator.evaluate(&inputs, &mut |_, _| {}).unwrap();
    assert_close(
        &outputs[0].data,
        &[0.731_058_578_6, 0.0, 0.268_941_421_4],
        "softmax",
    );
    assert_close(&outputs[1].data, &[1.0, 0.0, 1.0], "sigmoid");
}

#[test]
fn samples_that_are_gathered_in_parts_are_all_there() {
    // 72 · 64 · 64 elements of patches a sample: three samples at a time.
    let mut builder = Builder::new(5);
    let x = builder.input(&[1, 64, 64, 8]);
    let y = builder.conv(x, 3, oracle::window(3, 1, 1), 1, None);
    builder.output(y);
    let samples = 7;
    let data: Vec<f32> = builder.random.normals(samples * 64 * 64 * 8);
    let evaluator = Evaluator::new(&builder.graph).unwrap();
    let alone = data.chunks_exact(64 * 64 * 8).flat_map(|sample| {
        let input = Batch {
            samples: 1,
            data: sample.to_vec(),
        };
        evaluator
            .evaluate(&[input], &mut |_, _| {})
            .unwrap()
            .remove(0)
            .data
    });
    let alone: Vec<f64> = alone.map(f64::from).collect();
    let all = evaluator
        .evaluate(&[Batch { samples, data }], &mut |_, _| {})
        .unwrap();
    assert_close(&all[0].data, &alone, "seven samples");
}

#[test]
fn a_network_with_branches() {
    let mut builder = Builder::new(11);
    let x = builder.input(&[1, 9, 7, 3]);
    let a = builder.conv(x, 8, oracle::window(3, 2, 1), 1, Some(RELU));
    let b = builder.conv(a, 8, oracle::window(3, 1, 1), 8, Some(RELU));
    let c = builder.node(Op::Add { clamp: Some(RELU) }, &[a, b]);
    let d = builder.node(Op::Concat { axis: 3 }, &[c, a]);
    let e = builder.avg_pool(d, oracle::window(2, 2, 0), false);
    let f = builder.node(Op::Reshape { shape: vec![1, 64] }, &[e]);
    let g = builder.dense(f, 10, None);
    let h = builder.node(Op::Softmax, &[g]);
    // An output that is read as well, and a value that nobody reads.
    builder.node(Op::Identity, &[a]);
    for value in [c, h, c] {
        builder.output(value);
    }
    check(&mut builder, "residual network");
}

fn one_relu() -> Graph {
    let mut builder = Builder::new(0);
    let x = builder.input(&[1, 2]);
    let y = builder.relu(x);
    builder.output(y);
    builder.graph
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let graph = one_relu();
    let evaluator = Evaluator::new(&graph).unwrap();
    let evaluate = |inputs: &[(usize, usize)]| {
        let batches: Vec<Batch> = inputs
            .iter()
            .map(|&(samples, length)| Batch {
                samples,
                data: vec![1.0; length],
            })
            .collect();
        let mut observed = 0;
        let error = evaluator
            .evaluate(&batches, &mut |_, _| observed += 1)
            .unwrap_err();
        assert_eq!(observed, 0, "nothing is observed of refused inputs");
        error
    };
    assert!(matches!(
        evaluate(&[]),
        EvalError::InputCount {
            expected: 1,
            found: 0
        }
    ));
    assert!(matches!(
        evaluate(&[(0, 0)]),
        EvalError::SampleCount { found: 0, .. }
    ));
    assert_eq!(
        evaluate(&[(3, 5)]).to_string(),
        "input `input0` must have 3 samples of 2 values, found 5 values"
    );
    assert!(matches!(
        evaluate(&[(usize::MAX, 2)]),
        EvalError::InputLength { .. }
    ));
}

#[test]
fn invalid_graphs_are_refused() {
    let mut graph = one_relu();
    graph.nodes.clear();
    let error = Evaluator::new(&graph).err();
    assert!(matches!(
        error,
        Some(EvalError::Graph(VerifyError::OutputNotComputed { .. }))
    ));
}

#[test]
fn what_is_not_a_number_shows() {
    let graph = one_relu();
    let input = Batch {
        samples: 1,
        data: vec![f32::NAN, -1.0],
    };
    let evaluator = Evaluator::new(&graph).unwrap();
    let output = evaluator.evaluate(&[input], &mut |_, _| {}).unwrap();
    assert!(output[0].data[0].is_nan());
    assert_eq!(output[0].data[1], 0.0);
}

#[test]
fn errors_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<EvalError>();
    crosses::<Evaluator<'static>>();
}
