//! Layers with packed weights: the bytes of the portable kernels, for any shape, stride, dilation,
//! padding, scale and clamp; on the host, and from the assembly on both emulated cores.

use std::collections::{BTreeMap, BTreeSet};
use tiivis::board;
use tiivis::emit::{self, EmitOptions};
use tiivis::ir::{IndexMap, ValueId, Window2d};
use tiivis::measure::bench;
use tiivis::measure::emulate::Emulator;
use tiivis::measure::sim::{self, Blob, Inputs};
use tiivis::quantize::graph::{
    DType, QClamp, QGraph, QNode, QOp, QPort, QValue, QuantParams, Sums, Weights,
};
use tiivis::quantize::quantize_multiplier;
use tiivis_runtime::blob::{Finish, Isa, Op, Packed, Pairing, Scale};
use tiivis_tests::{BOARD, set_up_board};

/// Length of the input that all layers of a graph read parts of.
const INPUT: usize = 5000;

struct Random(u64);

impl Random {
    /// In `0..limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn within(&mut self, least: i64, most: i64) -> i64 {
        let span = usize::try_from(most - least + 1).expect("positive");
        least + i64::try_from(self.below(span)).expect("small")
    }

    fn int8(&mut self, least: i64, most: i64) -> i8 {
        i8::try_from(self.within(least, most)).expect("asked for")
    }
}

/// A graph of layers side by side: each reads a part of the input, all results are concatenated.
struct Layers {
    graph: QGraph,
    input: ValueId,
    results: Vec<ValueId>,
    output_params: QuantParams,
}

impl Layers {
    fn new(random: &mut Random) -> Self {
        let zero_point =
            |random: &mut Random| i32::try_from(random.within(-128, 127)).expect("int8");
        let mut layers = Self {
            graph: QGraph {
                name: "layers".to_owned(),
                inputs: Vec::new(),
                outputs: Vec::new(),
                states: Vec::new(),
                nodes: Vec::new(),
                values: Vec::new(),
                origins: BTreeMap::new(),
            },
            input: ValueId::from_index(0),
            results: Vec::new(),
            output_params: QuantParams {
                scale: 0.1,
                // As after a ReLU, in most graphs.
                zero_point: match random.below(3) {
                    0 => zero_point(random),
                    _ => -128,
                },
            },
        };
        let params = QuantParams {
            scale: 0.05,
            zero_point: zero_point(random),
        };
        layers.input = layers.value(&[1, INPUT], params);
        layers
    }

    fn value(&mut self, shape: &[usize], params: QuantParams) -> ValueId {
        let index = self.graph.values.len();
        self.graph.values.push(Some(QValue {
            name: format!("value {index}"),
            shape: shape.to_vec(),
            dtype: DType::I8,
            params,
            constant: None,
        }));
        ValueId::from_index(index)
    }

    fn node(&mut self, op: QOp, input: ValueId, shape: &[usize], params: QuantParams) -> ValueId {
        let output = self.value(shape, params);
        self.graph.nodes.push(QNode {
            name: format!("node {}", self.graph.nodes.len()),
            op,
            inputs: vec![input],
            output,
        });
        output
    }

    /// A part of the input, anywhere.
    fn part(&mut self, random: &mut Random, shape: &[usize]) -> ValueId {
        let len = shape.iter().product();
        let start = random.below(INPUT - len + 1);
        let params = self.graph.value(self.input).params;
        let maps = vec![IndexMap::all(1), IndexMap::run(start, len)];
        let part = self.node(QOp::Take { maps }, self.input, &[1, len], params);
        self.node(QOp::Reshape, part, shape, params)
    }

    fn add(&mut self, op: QOp, input: ValueId, shape: &[usize]) {
        let result = self.node(op, input, shape, self.output_params);
        let len = shape.iter().product();
        let flat = self.node(QOp::Reshape, result, &[1, len], self.output_params);
        self.results.push(flat);
    }

    fn conv(&mut self, random: &mut Random) {
        let in_c = match random.below(4) {
            0 => 1 + random.below(4),
            1 => 4 * (1 + random.below(8)),
            2 => random.pick(&[32, 64, 96, 128]),
            _ => 1 + random.below(40),
        };
        let mut window = Window2d {
            kernel: [1; 2],
            stride: [1; 2],
            dilation: [1; 2],
            pad_before: [0; 2],
            pad_after: [0; 2],
        };
        let (mut extents, mut output) = ([1; 2], [1; 2]);
        let is_pointwise = random.below(3) == 0;
        for axis in 0..2 {
            if !is_pointwise {
                window.kernel[axis] = 1 + random.below(4);
                window.dilation[axis] = random.pick(&[1, 1, 1, 2]);
                window.pad_before[axis] = random.below(window.kernel[axis] + 1);
                window.pad_after[axis] = random.below(window.kernel[axis] + 1);
            }
            window.stride[axis] = random.pick(&[1, 1, 1, 2, 3]);
            let reach = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
            let padding = window.pad_before[axis] + window.pad_after[axis];
            extents[axis] = reach.saturating_sub(padding).max(1) + random.below(4);
            output[axis] = (extents[axis] + padding - reach) / window.stride[axis] + 1;
        }
        let out_c = 1 + random.below(14);
        let taps = window.kernel.iter().product::<usize>() * in_c;
        let weights = weights(random, out_c, taps);
        let clamp = clamp(random);
        let input = self.part(random, &[1, extents[0], extents[1], in_c]);
        let op = QOp::Conv2d {
            window,
            groups: 1,
            weights,
            clamp,
        };
        self.add(op, input, &[1, output[0], output[1], out_c]);
    }

    fn dense(&mut self, random: &mut Random) {
        let rows = random.pick(&[1, 1, 1, 2, 5]);
        let depth = match random.below(3) {
            0 => random.pick(&[16, 64, 128, 640]),
            _ => 1 + random.below(150),
        };
        let out = 1 + random.below(30);
        let weights = weights(random, out, depth);
        let clamp = clamp(random);
        let input = self.part(random, &[rows, depth]);
        self.add(QOp::Dense { weights, clamp }, input, &[rows, out]);
    }

    fn finish(mut self) -> QGraph {
        let length = |id: &ValueId| self.graph.value(*id).shape[1];
        let len = self.results.iter().map(length).sum();
        let output = self.value(&[1, len], self.output_params);
        self.graph.nodes.push(QNode {
            name: "all".to_owned(),
            op: QOp::Concat { axis: 1 },
            inputs: self.results,
            output,
        });
        let port = |value, name: &str| QPort {
            name: name.to_owned(),
            value,
            source_axes: vec![0, 1],
            unsigned: false,
        };
        self.graph.inputs = vec![port(self.input, "x")];
        self.graph.outputs = vec![port(output, "y")];
        self.graph
    }
}

fn clamp(random: &mut Random) -> QClamp {
    let [a, b] = [0; 2].map(|_| i16::from(random.int8(-128, 127)));
    match random.below(4) {
        0 => QClamp {
            min: a.min(b),
            max: a.max(b),
        },
        _ => QClamp {
            min: -128,
            max: 127,
        },
    }
}

fn weights(random: &mut Random, channels: usize, taps: usize) -> Weights {
    let kind = random.below(6);
    let weight = |random: &mut Random| match kind {
        0 => 127,
        1 => random.pick(&[-127, 127]),
        // With which a pair does not fit 16 bits.
        2 => random.int8(-128, 127),
        3 => random.pick(&[0, 0, 0, -1, 1, 5]),
        _ => random.int8(-127, 127),
    };
    let spread = random.pick(&[0.05, 0.3, 1.0, 4.0]);
    let depth = f64::from(u32::try_from(taps).expect("few"));
    let is_dead = random.below(40) == 0;
    let scale = |random: &mut Random| {
        let below = f64::from(u32::try_from(random.below(1000)).expect("few"));
        let real = spread * (1.0 + below / 300.0) / (90.0 * depth.sqrt());
        match is_dead && random.below(2) == 0 {
            true => Scale {
                multiplier: 0,
                shift: 0,
            },
            false => quantize_multiplier(real).expect("a scale"),
        }
    };
    let most_bias = random.pick(&[0, 3000, 200_000]);
    Weights {
        weights: (0..channels * taps).map(|_| weight(random)).collect(),
        zero_point: 0,
        bias: (0..channels)
            .map(|_| random.within(-most_bias, most_bias))
            .collect(),
        sums: Sums::Int32,
        scales: (0..channels).map(|_| scale(random)).collect(),
    }
}

fn random_graph(random: &mut Random, layers: usize) -> QGraph {
    let mut graph = Layers::new(random);
    for _ in 0..layers {
        match random.below(4) {
            0 => graph.dense(random),
            _ => graph.conv(random),
        }
    }
    graph.finish()
}

/// Random samples, one of the least values, one of the largest.
fn inputs(random: &mut Random, samples: usize) -> Inputs {
    let value = |at: usize| match at / INPUT {
        0 => -128,
        1 => 127,
        _ => random.int8(-128, 127),
    };
    Inputs {
        samples,
        values: vec![(0..samples * INPUT).map(value).collect()],
    }
}

fn compiled(graph: &QGraph, isa: Isa) -> Blob {
    let options = EmitOptions {
        isa,
        ..EmitOptions::default()
    };
    let compiled = emit::compile(graph, &options).expect("compiles");
    Blob::new(&compiled.blob).expect("a sound blob")
}

fn packed(op: &Op) -> Option<&Packed> {
    match op {
        Op::PackedConv2d(op) => Some(&op.packed),
        Op::PackedDense(op) => Some(&op.packed),
        _ => None,
    }
}

/// How its sums are made and finished, for a step with packed weights.
fn kind(op: &Op) -> String {
    match packed(op) {
        Some(packed) => {
            let finish = match packed.finish {
                Finish::Twin { .. } => "twin",
                Finish::Rounded => "rounded",
            };
            let pairing = match packed.pairing {
                Pairing::Sum => "sum",
                Pairing::Bytes => "bytes",
            };
            format!("{} {pairing} {finish}", op.name())
        }
        None => op.name().to_owned(),
    }
}

#[test]
fn packed_layers_give_the_bytes_of_portable_ones() {
    let mut random = Random(1);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut shifts = BTreeSet::new();
    for round in 0..60 {
        let graph = random_graph(&mut random, 24);
        let inputs = inputs(&mut random, 4);
        let [portable, dsp] = [Isa::Portable, Isa::Dsp].map(|isa| compiled(&graph, isa));
        let outputs = |blob: &Blob| sim::run(&blob.model(), &inputs, &|_| ()).remove(0);
        let (expected, found) = (outputs(&portable), outputs(&dsp));
        if expected != found {
            let at = expected.iter().zip(&found).position(|(a, b)| a != b);
            panic!("round {round}: differs first at {at:?}");
        }
        for step in dsp.model().steps() {
            *kinds.entry(kind(&step.op)).or_default() += 1;
            if let Some(Finish::Twin { shift }) = packed(&step.op).map(|packed| packed.finish) {
                shifts.insert(shift);
            }
        }
    }
    println!("{kinds:?}, shifts of twins {shifts:?}");
    for operator in ["PackedConv2d", "PackedDense"] {
        for way in ["sum twin", "sum rounded", "bytes rounded"] {
            let kind = format!("{operator} {way}");
            assert!(kinds.get(&kind).is_some_and(|&count| count >= 15), "{kind}");
        }
    }
}

/// What `bench` fails without: the firmware's kernels against the host's, byte for byte.
fn emulated(emulator: Emulator, rounds: usize, seed: u64) {
    set_up_board();
    let board = board::find(BOARD).expect("the board");
    assert_eq!(board.isa(), Isa::Dsp);
    let mut random = Random(seed);
    for _ in 0..rounds {
        let graph = random_graph(&mut random, 80);
        let inputs = inputs(&mut random, 4);
        let blob = compiled(&graph, Isa::Dsp);
        let measured = bench::bench(&board, &blob, &inputs, emulator, &mut |_| ());
        let report = measured.unwrap_or_else(|error| panic!("{error}")).report;
        assert_eq!(report.identical, 4);
    }
}

#[test]
fn the_emulated_core_gives_the_bytes_of_the_host() {
    emulated(Emulator::InProcess, 2, 2);
}

#[test]
fn qemu_gives_the_bytes_of_the_host() {
    emulated(Emulator::Qemu, 25, 3);
}
