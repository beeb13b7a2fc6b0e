//! Graphs whose channels are silenced at random keep their outputs; what must be left is.

use super::simplify;
use crate::emit::testing::{Builder, clamp, evaluate, int8, params, weights};
use crate::ir::{ValueId, Window2d};
use crate::plan::testing::Random;
use crate::quantize::graph::{QClamp, QGraph, QOp, Weights};

const RELU: QClamp = QClamp { min: -9, max: 127 };

fn window(kernel: usize, pad: usize) -> Window2d {
    Window2d {
        kernel: [kernel; 2],
        stride: [1; 2],
        dilation: [1; 2],
        pad_before: [pad; 2],
        pad_after: [pad; 2],
    }
}

/// Zeroes these channels' weights, each of which has `run` in a row.
fn silence(weights: &mut Weights, run: usize, channels: &[usize]) {
    let of = weights.bias.len();
    let old = weights.weights.iter().enumerate();
    let new = old.map(|(i, &w)| match channels.contains(&(i / run % of)) {
        true => 0,
        false => w,
    });
    weights.weights = new.collect();
}

/// Zeroes the weights for these input channels.
fn ignore(weights: &mut Weights, of: usize, channels: &[usize]) {
    let old = weights.weights.iter().enumerate();
    let new = old.map(|(i, &w)| if channels.contains(&(i % of)) { 0 } else { w });
    weights.weights = new.collect();
}

struct Net<'r> {
    random: &'r mut Random,
    b: Builder,
}

impl Net<'_> {
    /// A convolution with these silent output channels and ignored input channels.
    fn conv(
        &mut self,
        x: ValueId,
        out: usize,
        window: Window2d,
        clamp: QClamp,
        [silent, ignored]: [&[usize]; 2],
    ) -> ValueId {
        let shape = self.b.shape(x);
        let taps = window.kernel[0] * window.kernel[1] * shape[3];
        let mut weights = weights(self.random, out, taps);
        silence(&mut weights, taps, silent);
        ignore(&mut weights, shape[3], ignored);
        let extent = |axis: usize| shape[axis] + 2 * window.pad_before[0] + 1 - window.kernel[0];
        let shape = [1, extent(1), extent(2), out];
        let op = QOp::Conv2d {
            window,
            groups: 1,
            weights,
            clamp,
        };
        self.b.node(op, &[x], &shape, params(0.05, -9))
    }

    fn depthwise(&mut self, x: ValueId, window: Window2d, silent: &[usize]) -> ValueId {
        let shape = self.b.shape(x);
        let mut weights = weights(self.random, shape[3], window.kernel[0] * window.kernel[1]);
        silence(&mut weights, 1, silent);
        let extent = |axis: usize| shape[axis] + 2 * window.pad_before[0] + 1 - window.kernel[0];
        let shape = [1, extent(1), extent(2), shape[3]];
        let op = QOp::DepthwiseConv2d {
            window,
            weights,
            clamp: RELU,
        };
        self.b.node(op, &[x], &shape, params(0.05, -9))
    }

    fn dense(&mut self, x: ValueId, out: usize) -> ValueId {
        let shape = self.b.shape(x);
        let inner = *shape.last().unwrap();
        let op = QOp::Dense {
            weights: weights(self.random, out, inner),
            clamp: clamp(),
        };
        let shape = [&shape[..shape.len() - 1], &[out]].concat();
        self.b.node(op, &[x], &shape, params(0.05, 3))
    }

    /// The simplified graph, which gives the same outputs.
    fn checked(self) -> QGraph {
        let graph = self.b.graph;
        let mut simpler = graph.clone();
        simplify(&mut simpler);
        for _ in 0..4 {
            let shapes = graph
                .inputs
                .iter()
                .map(|port| &graph.value(port.value).shape);
            let lengths: Vec<usize> = shapes.map(|shape| shape.iter().product()).collect();
            let inputs = lengths.iter().map(|&length| int8(self.random, length));
            let inputs: Vec<Vec<i8>> = inputs.collect();
            assert_eq!(evaluate(&simpler, &inputs), evaluate(&graph, &inputs));
        }
        simpler
    }
}

fn widths(graph: &QGraph) -> Vec<usize> {
    let width = |id| *graph.value(id).shape.last().unwrap();
    graph.nodes.iter().map(|node| width(node.output)).collect()
}

fn net(random: &mut Random) -> Net<'_> {
    Net {
        random,
        b: Builder::new(),
    }
}

#[test]
fn constants_pass_everything_that_keeps_channels_apart() {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let mut n = net(&mut random);
        let x = n.b.input(&[1, 8, 8, 3], params(0.04, 5));
        let y = n.conv(x, 6, window(3, 1), RELU, [&[0, 4], &[]]);
        let y = n.depthwise(y, window(2, 0), &[1]);
        let table = int8(n.random, 256).into();
        let y = n.b.like(QOp::Lut { table }, y);
        let pooled = [1, 6, 6, 6];
        let pool = QOp::AvgPool2d {
            window: window(2, 0),
            clamp: QClamp { min: -20, max: 90 },
            ties_up: false,
        };
        let y = n.b.node(pool, &[y], &pooled, params(0.05, -9));
        let y = n.b.reshape(y, &[1, 6 * 6 * 6]);
        let y = n.dense(y, 5);
        n.b.output(y);
        let flat = 6 * 6 * 3;
        assert_eq!(widths(&n.checked()), [3, 3, 3, 3, flat, 5], "seed {seed}");
    }
}

#[test]
fn a_constant_that_meets_padding_stays_unless_it_is_the_zero_point() {
    let mut folded = 0;
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let mut n = net(&mut random);
        let x = n.b.input(&[1, 5, 5, 2], params(0.04, 5));
        let y = n.conv(x, 4, window(1, 0), RELU, [&[1, 2], &[]]);
        let y = n.conv(y, 3, window(3, 1), clamp(), [&[], &[]]);
        n.b.output(y);
        let QOp::Conv2d { weights, .. } = &n.b.graph.nodes[0].op else {
            unreachable!("the first layer is a convolution");
        };
        // What is negative ends at the clamp, which is the zero point.
        let zero = [1, 2].map(|channel: usize| usize::from(weights.bias[channel] <= 0));
        let most = 4 - zero.iter().sum::<usize>();
        let left = widths(&n.checked())[0];
        assert!((2..=most).contains(&left), "seed {seed}: {left} of {most}");
        folded += 4 - left;
    }
    assert!((1..80).contains(&folded), "{folded}");
}

#[test]
fn a_padded_depthwise_filter_folds_only_if_all_borders_agree() {
    let mut left = [0; 5];
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut n = net(&mut random);
        let x = n.b.input(&[1, 5, 5, 2], params(0.04, 5));
        let y = n.conv(x, 4, window(1, 0), clamp(), [&[0, 2], &[]]);
        let y = n.depthwise(y, window(3, 1), &[]);
        let y = n.conv(y, 3, window(1, 0), clamp(), [&[], &[]]);
        n.b.output(y);
        left[widths(&n.checked())[0]] += 1;
    }
    // Some agree, some do not.
    assert!(
        left[2] > 0 && left[4] > 0 && left[..2] == [0, 0],
        "{left:?}"
    );
}

#[test]
fn sums_that_all_end_at_the_clamp_are_constant() {
    let mut random = Random::new(3);
    let mut n = net(&mut random);
    let x = n.b.input(&[1, 3, 3, 2], params(0.04, 5));
    let y = n.conv(x, 4, window(1, 0), RELU, [&[], &[]]);
    let QOp::Conv2d { weights, .. } = &mut n.b.graph.nodes[0].op else {
        unreachable!("the first layer is a convolution");
    };
    (weights.bias[0], weights.bias[3]) = (-1_000_000, 1_000_000);
    let y = n.conv(y, 3, window(1, 0), clamp(), [&[], &[1]]);
    n.b.output(y);
    assert_eq!(widths(&n.checked()), [1, 3]);
}

#[test]
fn channels_that_others_read_stay() {
    let mut random = Random::new(4);
    let mut n = net(&mut random);
    let x = n.b.input(&[1, 4, 4, 3], params(0.04, 5));
    let a = n.conv(x, 3, window(1, 0), RELU, [&[1], &[]]);
    let shown = n.conv(a, 3, window(1, 0), RELU, [&[1], &[]]);
    let b = n.conv(shown, 3, window(1, 0), RELU, [&[1], &[]]);
    let sum = n.b.node(
        QOp::Add { clamp: clamp() },
        &[a, b],
        &[1, 4, 4, 3],
        params(0.05, -9),
    );
    let last = n.dense(sum, 3);
    for y in [shown, last] {
        n.b.output(y);
    }
    let before = n.b.graph.clone();
    assert_eq!(n.checked(), before);
}

#[test]
fn one_channel_is_left_and_the_tensor_is_another() {
    let mut random = Random::new(5);
    let mut n = net(&mut random);
    let x = n.b.input(&[1, 4, 4, 3], params(0.04, 5));
    let a = n.conv(x, 4, window(1, 0), RELU, [&[0, 1, 2, 3], &[]]);
    let b = n.conv(a, 3, window(1, 0), RELU, [&[], &[]]);
    n.b.output(b);
    for (id, operator) in [(a, 0), (b, 1)] {
        let tensor = operator;
        let origin = tiivis_runtime::blob::Origin { operator, tensor };
        n.b.graph.origins.insert(id, origin);
    }
    let after = n.checked();
    assert_eq!(widths(&after), [1, 3]);
    assert!(!after.origins.contains_key(&a) && after.origins.contains_key(&b));
}

#[test]
fn random_graphs_keep_their_outputs() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let (mut graph, inputs) = crate::emit::testing::random_graph(&mut random);
        for node in &mut graph.nodes {
            if let QOp::Conv2d { weights, .. } | QOp::Dense { weights, .. } = &mut node.op {
                let channels = weights.bias.len();
                let silent = [random.below(channels), random.below(channels)];
                silence(weights, weights.weights.len() / channels, &silent);
            }
        }
        let mut simpler = graph.clone();
        simplify(&mut simpler);
        let (found, expected) = (evaluate(&simpler, &inputs), evaluate(&graph, &inputs));
        assert_eq!(found, expected, "seed {seed}");
    }
}
