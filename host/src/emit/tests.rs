//! From graph to bytes to results.

use super::testing::{
    Builder, clamp, evaluate, int8, is_real, options, params, programs, random_graph, run_blob,
    run_plan, weights,
};
use super::{CompileError, Compiled, EmitError, EmitOptions, compile};
use crate::ir::{Activation, Binary, Op, Window2d};
use crate::lower::Goal;
use crate::passes::oracle as float;
use crate::plan::testing::{Random, disjoint};
use crate::plan::{Kernel, check, plan};
use crate::quantize::graph::{DType, QGraph, QOp};
use crate::quantize::{Range, Ranges, quantize};
use std::collections::BTreeMap;
use tiivis_runtime::blob::Isa;

/// 1 for outputs that are compared with real arithmetic.
fn tolerances(graph: &QGraph) -> Vec<i16> {
    let is_real = |id| {
        let mut nodes = graph.nodes.iter();
        nodes.any(|node| node.output == id && is_real(&node.op))
    };
    let outputs = graph.outputs.iter();
    outputs.map(|port| i16::from(is_real(port.value))).collect()
}

fn name(op: &QOp) -> String {
    let text = format!("{op:?}");
    let end = text.find(|c: char| !c.is_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}

#[test]
fn random_graphs_compute_what_their_definitions_say() {
    let mut random = Random::new(2);
    let mut operators: BTreeMap<String, usize> = BTreeMap::new();
    let (mut in_place, mut embedded, mut shared) = (0, 0, 0);
    for round in 0..1800 {
        let (graph, inputs) = random_graph(&mut random);
        let expected = evaluate(&graph, &inputs);
        let compiled = compile(&graph, &options()).unwrap_or_else(|error| {
            panic!("{round}: {error:?}\n{graph:#?}");
        });
        let found = run_blob(&compiled.blob, &inputs);
        for ((found, expected), tolerance) in found.iter().zip(&expected).zip(tolerances(&graph)) {
            assert_eq!(found.len(), expected.len());
            for (&a, &b) in found.iter().zip(expected) {
                let difference = (i16::from(a) - i16::from(b)).abs();
                assert!(
                    difference <= tolerance,
                    "{round}: {found:?} {expected:?}\n{graph:#?}"
                );
            }
        }
        // The same bytes with weights packed for another core.
        let packed = EmitOptions {
            isa: Isa::Dsp,
            ..options()
        };
        let packed = compile(&graph, &packed).unwrap();
        assert_eq!(run_blob(&packed.blob, &inputs), found, "{round}");
        // The same bytes without any sharing of memory, and with concatenations fed both ways.
        let [parts, copied] = programs(&graph);
        embedded += copied.steps.len() - parts.steps.len();
        for program in [parts, copied] {
            let sharing = plan(&program).unwrap();
            let apart = disjoint(&program);
            check(&program, &sharing).unwrap();
            assert_eq!(
                run_plan(&graph, &program, &sharing, &inputs),
                found,
                "{round}"
            );
            assert_eq!(
                run_plan(&graph, &program, &apart, &inputs),
                found,
                "{round}"
            );
            shared += usize::from(sharing.arena_bytes < apart.arena_bytes);
        }
        let steps = compiled.program.steps.iter();
        in_place += steps
            .filter(|step| {
                let offset = compiled.plan.offsets[step.write.buffer];
                let mut laid = step.in_place.iter();
                laid.any(|&read| compiled.plan.offsets[step.reads[read].buffer] == offset)
            })
            .count();
        for step in &compiled.program.steps {
            if let Some(node) = graph.nodes.get(step.layer) {
                *operators.entry(name(&node.op)).or_default() += 1;
            }
        }
    }
    println!("{operators:?}; {in_place} in place, {embedded} embedded, {shared} shared");
    assert_eq!(operators.len(), 31, "{operators:?}");
    assert!(
        operators.values().all(|&count| count >= 50),
        "{operators:?}"
    );
    assert!(in_place > 300 && embedded > 100 && shared > 1000);
}

/// Convolutions of 3×3 taps one after the other, of all sizes and paddings, with and without a
/// fused ReLU: by Winograd's transform, the results running after the inputs.
#[test]
fn winograds_convolutions_compute_what_their_definitions_say() {
    let mut random = Random::new(12);
    let speed = EmitOptions {
        isa: Isa::Dsp,
        goal: Goal::Speed,
        ..options()
    };
    let (mut transformed, mut overlapping) = (0, 0);
    for round in 0..60 {
        let mut builder = Builder::new();
        let shape = [
            1,
            4 + random.below(9),
            4 + random.below(9),
            4 * (2 + random.below(3)),
        ];
        let mut x = builder.input(&shape, params(0.05, -7));
        for _ in 0..1 + random.below(3) {
            let shape = builder.shape(x);
            let pads = [(); 4].map(|()| random.below(3));
            let out_c = 4 * (1 + random.below(4)) + random.below(2) * random.below(4);
            let geometry = Window2d {
                kernel: [3; 2],
                stride: [1; 2],
                dilation: [1; 2],
                pad_before: [pads[0], pads[1]],
                pad_after: [pads[2], pads[3]],
            };
            let extent = |axis: usize| (shape[1 + axis] + pads[axis] + pads[axis + 2]).max(3) - 2;
            let is_relu = random.chance(50);
            let op = QOp::Conv2d {
                window: geometry,
                groups: 1,
                weights: weights(&mut random, out_c, 9 * shape[3]),
                clamp: clamp(),
            };
            let zero_point = if is_relu { -128 } else { 11 };
            let shape = [1, extent(0), extent(1), out_c];
            x = builder.node(op, &[x], &shape, params(0.05, zero_point));
        }
        builder.output(x);
        let inputs = vec![int8(&mut random, shape.iter().product())];
        let compiled = compile(&builder.graph, &speed).unwrap();
        let found = run_blob(&compiled.blob, &inputs);
        assert_eq!(found, evaluate(&builder.graph, &inputs), "round {round}");
        for step in &compiled.program.steps {
            if let Kernel::Winograd(_) = step.kernel {
                transformed += 1;
                let [read, write] = [step.reads[0].buffer, step.write.buffer];
                let offset = |buffer: usize| compiled.plan.offsets[buffer];
                let end = offset(write) + compiled.program.buffers[write].bytes;
                overlapping += usize::from(offset(write) < offset(read) && offset(read) < end);
            }
        }
    }
    assert!(
        transformed > 60 && overlapping > 20,
        "{transformed} {overlapping}"
    );
}

#[test]
fn the_same_graph_gives_the_same_bytes() {
    let mut random = Random::new(8);
    for _ in 0..50 {
        let (graph, _) = random_graph(&mut random);
        assert_eq!(
            compile(&graph, &options()).unwrap(),
            compile(&graph.clone(), &options()).unwrap()
        );
    }
}

#[test]
fn concatenation_of_what_was_just_computed_costs_no_copy() {
    let mut builder = Builder::new();
    let scale = params(0.1, 0);
    let x = builder.input(&[1, 8], scale);
    let table = || QOp::Lut {
        table: vec![3; 256].into(),
    };
    let a = builder.like(table(), x);
    let b = builder.like(table(), x);
    let c = builder.node(QOp::Concat { axis: 1 }, &[a, b], &[1, 16], scale);
    builder.output(c);
    let compiled = compile(&builder.graph, &options()).unwrap();
    assert_eq!(compiled.program.steps.len(), 2);
    assert_eq!(compiled.plan.arena_bytes, 24);
    assert_eq!(run_blob(&compiled.blob, &[vec![1; 8]]), [vec![3; 16]]);
}

#[test]
fn wide_elements_keep_their_alignment_where_they_are_joined() {
    let mut random = Random::new(5);
    for _ in 0..200 {
        let mut builder = Builder::new();
        let dtype = [DType::I16, DType::I32, DType::Bool][random.below(3)];
        let element_bytes = usize::try_from(dtype.bytes()).unwrap();
        let (rows, axis) = [(1, 1), (2, 2)][random.below(2)];
        let (mut joined, mut inputs, mut columns) = (Vec::new(), Vec::new(), 0);
        for _ in 0..3 {
            let extent = 1 + random.below(3);
            let shape = [1, rows, extent];
            let flat = [1, rows * extent];
            let values = int8(&mut random, rows * extent * element_bytes);
            let part = if random.chance(30) {
                builder.constant(&flat, params(1.0, 0), values.clone())
            } else {
                inputs.push(values.clone());
                builder.input(&flat, params(1.0, 0))
            };
            builder.retype(part, dtype);
            let part = builder.reshape(part, &shape[if axis == 1 { 1.. } else { 0.. }]);
            joined.push((builder.retype(part, dtype), extent, values));
            columns += extent;
        }
        let parts: Vec<_> = joined.iter().map(|&(id, ..)| id).collect();
        let shape = [1, rows, columns];
        let shape = &shape[if axis == 1 { 1.. } else { 0.. }];
        let concat = QOp::Concat { axis };
        let output = builder.node(concat, &parts, shape, params(1.0, 0));
        builder.retype(output, dtype);
        let batched = builder.reshape(output, &[1, rows, columns]);
        builder.retype(batched, dtype);
        builder.output(batched);
        if inputs.is_empty() {
            continue;
        }
        let mut expected = Vec::new();
        for row in 0..rows {
            for (_, extent, values) in &joined {
                let length = extent * element_bytes;
                expected.extend_from_slice(&values[row * length..][..length]);
            }
        }
        let compiled = compile(&builder.graph, &options()).unwrap();
        assert_eq!(run_blob(&compiled.blob, &inputs), [expected]);
    }
}

#[test]
fn stripping_names_takes_them_out() {
    let mut builder = Builder::new();
    let x = builder.input(&[1, 4], params(0.1, 0));
    let y = builder.like(QOp::Requantize, x);
    builder.output(y);
    let contains = |blob: &[u8], text: &str| {
        let mut windows = blob.windows(text.len());
        windows.any(|window| window == text.as_bytes())
    };
    let named = compile(&builder.graph, &options()).unwrap().blob;
    assert!(contains(&named, "node 0") && contains(&named, "yes"));
    let stripped = EmitOptions {
        strip_names: true,
        ..options()
    };
    let stripped = compile(&builder.graph, &stripped).unwrap().blob;
    assert!(!contains(&stripped, "node 0"));
    assert_eq!(run_blob(&stripped, &[vec![5; 4]]), [[5; 4]]);
}

#[test]
fn outputs_that_are_inputs_constants_or_shared_are_read_right() {
    let scale = params(0.1, 0);
    let mut builder = Builder::new();
    let x = builder.input(&[1, 4], scale);
    let flat = builder.reshape(x, &[1, 2, 2]);
    let constant = builder.constant(&[1, 3], scale, vec![1, -2, 3]);
    let y = builder.like(
        QOp::Lut {
            table: (-128..=127).rev().collect(),
        },
        x,
    );
    for value in [x, flat, constant, y, y] {
        builder.output(value);
    }
    let input = vec![1, 2, 3, -128];
    let found = run_blob(
        &compile(&builder.graph, &options()).unwrap().blob,
        std::slice::from_ref(&input),
    );
    let negated = vec![-2, -3, -4, 127];
    let expected = [
        input.clone(),
        input,
        vec![1, -2, 3],
        negated.clone(),
        negated,
    ];
    assert_eq!(found, expected);
}

#[test]
fn scales_too_far_apart_are_named() {
    let refused = |scales: [f32; 3], op: QOp| {
        let mut builder = Builder::new();
        let a = builder.input(&[1, 4], params(scales[0], 0));
        let b = builder.input(&[1, 4], params(scales[1], 0));
        let y = builder.node(op, &[a, b], &[1, 4], params(scales[2], 0));
        builder.output(y);
        match compile(&builder.graph, &options()) {
            Err(CompileError::Emit(EmitError::Scale { node, .. })) => node == "node 0",
            Err(error) => panic!("{error}"),
            Ok(_) => false,
        }
    };
    let refused_rescale = |to: f32| {
        let mut builder = Builder::new();
        let x = builder.input(&[1, 4], params(1.0, 0));
        let y = builder.node(QOp::Requantize, &[x], &[1, 4], params(to, 0));
        builder.output(y);
        compile(&builder.graph, &options()).is_err()
    };
    let clamp = clamp();
    assert!(!refused([0.1, 0.1, 1e-6], QOp::Add { clamp }));
    assert!(refused([0.1, 0.1, 1e-8], QOp::Add { clamp }));
    assert!(!refused([1e-9, 0.1, 0.1], QOp::Sub { clamp }));
    // 2^15 is the multiplier 2^30 and the shift 16.
    let limit = 2f32.powi(-15);
    assert!(!refused([1.0, 1.0, 1.001 * limit], QOp::Mul { clamp }));
    assert!(refused([1.0, 1.0, limit], QOp::Mul { clamp }));
    assert!(!refused_rescale(1.001 * 2f32.powi(-23)));
    assert!(refused_rescale(2f32.powi(-23)));
}

#[test]
fn what_a_blob_cannot_say_is_refused() {
    let scale = params(0.1, 0);
    let refused = |shape: &[usize], copies: usize| {
        let mut builder = Builder::new();
        let x = builder.input(shape, scale);
        let y = builder.like(QOp::Requantize, x);
        for _ in 0..copies {
            builder.output(y);
        }
        compile(&builder.graph, &options())
    };
    use CompileError::Emit;
    assert!(refused(&[1; 6], 8).is_ok());
    let error = refused(&[1; 6], 9);
    assert!(matches!(
        error,
        Err(Emit(EmitError::Ports { found: 9, .. }))
    ));
    let error = refused(&[1; 7], 1);
    assert!(matches!(error, Err(Emit(EmitError::PortShape { .. }))));
    let error = refused(&[2, 3], 1);
    assert!(matches!(error, Err(Emit(EmitError::PortShape { .. }))));
    // What only the runtime knows to be wrong is refused by the runtime.
    let mut builder = Builder::new();
    let x = builder.input(&[1, 2], params(0.1, 300));
    let y = builder.like(QOp::Requantize, x);
    builder.output(y);
    let error = compile(&builder.graph, &options());
    assert!(matches!(error, Err(Emit(EmitError::Refused(_)))));
}

#[test]
fn a_wrong_plan_is_not_written() {
    let mut builder = Builder::new();
    let x = builder.input(&[1, 4], params(0.1, 0));
    let y = builder.node(
        QOp::Transpose { perm: vec![0, 1] },
        &[x],
        &[1, 4],
        params(0.1, 0),
    );
    builder.output(y);
    let Compiled {
        program, mut plan, ..
    } = compile(&builder.graph, &options()).unwrap();
    plan.offsets.fill(0);
    let error = super::emit(&builder.graph, &program, &plan, &options());
    assert!(matches!(error, Err(EmitError::Plan(_))));
}

/// A float network with every operator that has an integer form.
fn float_network(seed: u64) -> float::Builder {
    let clamp = Some(float::RELU);
    let mut b = float::Builder::new(seed);
    let x = b.input(&[1, 9, 8, 3]);
    let stem = b.conv(x, 8, float::window(3, 1, 1), 1, clamp);
    let pooled = b.max_pool(stem, float::window(2, 2, 0));
    let deep = b.conv(pooled, 16, float::window(3, 1, 1), 8, clamp);
    let grouped = b.conv(pooled, 16, float::window(1, 1, 0), 2, None);
    let sum = b.node(Op::Add { clamp }, &[deep, grouped]);
    let scaled = b.random_constant(&[16], 1.0);
    let scaled = b.node(Op::Mul { clamp: None }, &[sum, scaled]);
    let less = b.node(Op::Sub { clamp: None }, &[scaled, deep]);
    let larger = b.node(Op::Binary(Binary::Maximum), &[less, deep]);
    let slope = b.random_constant(&[16], 0.5);
    let sloped = b.node(Op::Binary(Binary::Prelu), &[larger, slope]);
    let above = b.node(Op::Binary(Binary::Greater), &[sloped, grouped]);
    let chosen = b.node(Op::Select, &[above, sloped, grouped]);
    let bent = b.node(Op::Activation(Activation::HardSwish), &[chosen]);
    let both = b.node(Op::Concat { axis: 3 }, &[bent, grouped]);
    let padded = b.pad(both, 1, 0.0);
    let mean = b.avg_pool(padded, float::window(3, 2, 1), true);
    let perm = vec![0, 2, 1, 3];
    let turned = b.node(Op::Transpose { perm }, &[mean]);
    let shape = vec![1, b.graph.shape(turned).iter().product()];
    let flat = b.node(Op::Reshape { shape }, &[turned]);
    let logits = b.dense(flat, 5, None);
    let probabilities = b.node(Op::Softmax, &[logits]);
    b.output(logits);
    b.output(probabilities);
    b
}

#[test]
fn what_the_quantizer_makes_compiles_and_computes_the_same() {
    let mut random = Random::new(4);
    for seed in 0..12 {
        let mut b = float_network(seed);
        let mut ranges = vec![Range::ZERO; b.graph.value_count()];
        for _ in 0..20 {
            let sample = b.sample();
            for (range, values) in ranges.iter_mut().zip(float::evaluate(&b.graph, &sample)) {
                let values: Vec<f32> = values
                    .iter()
                    .map(|x| x.to_string().parse().unwrap())
                    .collect();
                if let Some(own) = Range::of(&values) {
                    *range = range.union(own);
                }
            }
        }
        let activations = b
            .graph
            .values()
            .filter(|(_, value)| value.constant.is_none());
        let ranges: Ranges = activations
            .map(|(id, _)| (id, ranges[id.index()]))
            .collect();
        let graph = quantize(&b.graph, &ranges).unwrap();
        let compiled = compile(&graph, &options()).unwrap();
        assert!(compiled.plan.proven_optimal, "{}", compiled.plan);
        let input = int8(&mut random, 9 * 8 * 3);
        let inputs = [input];
        let found = run_blob(&compiled.blob, &inputs);
        let expected = evaluate(&graph, &inputs);
        assert_eq!(found[0], expected[0], "{seed}");
        for (&a, &b) in found[1].iter().zip(&expected[1]) {
            assert!((i16::from(a) - i16::from(b)).abs() <= 1, "{seed}");
        }
    }
}
