//! Memory facts of small graphs, and what is refused.

use super::{ConcatInputs, LowerError, LowerOptions, lower, lower_with};
use crate::emit::testing::{Builder, clamp, params, weights};
use crate::ir::{IndexMap, ValueId, Window2d};
use crate::plan::testing::Random;
use crate::plan::{Kernel, Program, plan};
use crate::quantize::graph::{DType, QGraph, QOp, QuantParams, Weights};

fn scale() -> QuantParams {
    params(0.1, 3)
}

fn table() -> QOp {
    QOp::Lut {
        table: vec![0; 256].into(),
    }
}

/// Layers of the steps, in order.
fn layers(program: &Program) -> Vec<usize> {
    program.steps.iter().map(|step| step.layer).collect()
}

#[test]
fn dead_nodes_leave_no_step_and_no_buffer() {
    let mut builder = Builder::new();
    let x = builder.input(&[1, 4], scale());
    let unread = builder.input(&[1, 9], scale());
    builder.like(table(), unread);
    let y = builder.like(table(), x);
    let dead = builder.like(table(), y);
    builder.like(table(), dead);
    builder.output(y);
    let program = lower(&builder.graph).unwrap();
    assert_eq!(layers(&program), [1]);
    // Both inputs are written before the first step, read or not.
    assert_eq!(program.buffers.len(), 3);
    assert_eq!(plan(&program).unwrap().arena_bytes, 16);
}

#[test]
fn reshapes_share_bytes() {
    let mut builder = Builder::new();
    let x = builder.input(&[1, 4, 2], scale());
    let y = builder.like(table(), x);
    let flat = builder.reshape(y, &[1, 8]);
    let z = builder.like(table(), flat);
    let shaped = builder.reshape(z, &[1, 2, 2, 2]);
    builder.output(shaped);
    let program = lower(&builder.graph).unwrap();
    assert_eq!(layers(&program), [0, 2]);
    assert_eq!(program.buffers.len(), 3);
    assert_eq!(
        program.steps[1].reads[0].buffer,
        program.steps[0].write.buffer
    );
    // All three in place.
    assert_eq!(plan(&program).unwrap().arena_bytes, 8);
}

#[test]
fn slices_that_are_one_range_on_a_word_are_parts() {
    let steps = |extent: usize, begin: usize, axis: usize| {
        let mut builder = Builder::new();
        let x = builder.input(&[1, 4, extent], scale());
        let y = builder.like(table(), x);
        let mut maps = vec![IndexMap::all(1), IndexMap::all(4), IndexMap::all(extent)];
        maps[axis] = IndexMap::run(begin, 1);
        let shape: Vec<usize> = maps.iter().map(IndexMap::count).collect();
        let part = builder.node(QOp::Take { maps }, &[y], &shape, scale());
        let z = builder.like(table(), part);
        builder.output(z);
        builder.output(y);
        let program = lower(&builder.graph).unwrap();
        let read = program.steps.last().unwrap().reads[0];
        (layers(&program), read.offset)
    };
    assert_eq!(steps(8, 1, 1), (vec![0, 2], 8));
    // Off a word, or not one range.
    assert_eq!(steps(3, 1, 1), (vec![0, 1, 2], 0));
    assert_eq!(steps(8, 4, 2), (vec![0, 1, 2], 0));
}

#[test]
fn operands_are_overwritten_only_where_the_kernel_reads_them_in_step() {
    let mut builder = Builder::new();
    let x = builder.input(&[1, 2, 4], scale());
    let row = builder.input(&[1, 1, 4], scale());
    let twice = builder.node(add(), &[x, x], &[1, 2, 4], scale());
    let broadcast = builder.node(add(), &[row, twice], &[1, 2, 4], scale());
    let flat = builder.reshape(broadcast, &[2, 4]);
    let same = builder.node(add(), &[broadcast, flat], &[1, 2, 4], scale());
    builder.output(same);
    let program = lower(&builder.graph).unwrap();
    let in_place: Vec<&[usize]> = program
        .steps
        .iter()
        .map(|step| &step.in_place[..])
        .collect();
    assert_eq!(in_place, [&[0, 1][..], &[1], &[0, 1]]);

    // Two vectors joined, plus the first of them broadcast: the sum must not overwrite the joined
    // vectors while it still reads their first half.
    let mut builder = Builder::new();
    let x = builder.input(&[1, 1, 4], scale());
    let [a, b] = [0, 1].map(|_| builder.like(table(), x));
    let joined = builder.node(QOp::Concat { axis: 1 }, &[a, b], &[1, 2, 4], scale());
    let sum = builder.node(add(), &[joined, a], &[1, 2, 4], scale());
    builder.output(sum);
    let program = lower(&builder.graph).unwrap();
    assert_eq!(layers(&program), [0, 1, 3]);
    assert!(program.steps[2].in_place.is_empty());
}

#[test]
fn inputs_of_a_concatenation_are_parts_only_where_they_can_be() {
    let concat = |axis, change: &dyn Fn(&mut Builder, ValueId) -> [ValueId; 2]| {
        let mut builder = Builder::new();
        let x = builder.input(&[1, 2, 4], scale());
        let inputs = change(&mut builder, x);
        let mut shape = builder.shape(inputs[0]);
        shape[axis] += builder.shape(inputs[1])[axis];
        let y = builder.node(QOp::Concat { axis }, &inputs, &shape, scale());
        builder.output(y);
        let program = lower(&builder.graph).unwrap();
        let copied = lower_with(
            &builder.graph,
            LowerOptions {
                concat: ConcatInputs::Copied,
                ..LowerOptions::default()
            },
        )
        .unwrap();
        let copies = |program: &Program| {
            let steps = program.steps.iter();
            let copies = steps.filter(|step| matches!(step.kernel, Kernel::ConcatInput { .. }));
            copies.count()
        };
        assert_eq!(copies(&copied), 2);
        copies(&program)
    };
    let computed = |builder: &mut Builder, x: ValueId| [0, 1].map(|_| builder.like(table(), x));
    assert_eq!(concat(1, &computed), 0);
    // Rows of an inner axis are not one run of bytes.
    assert_eq!(concat(2, &computed), 2);
    // An input of the network; the same value twice; another scale; a part off a word.
    assert_eq!(concat(1, &|builder, x| [x, builder.like(table(), x)]), 1);
    assert_eq!(concat(1, &|builder, x| [builder.like(table(), x); 2]), 1);
    let other = |builder: &mut Builder, x| {
        let a = builder.node(table(), &[x], &[1, 2, 4], params(0.1, 4));
        [a, builder.like(table(), x)]
    };
    assert_eq!(concat(1, &other), 1);
    let odd = |builder: &mut Builder, x| {
        let x = builder.reshape(x, &[1, 8, 1]);
        let dense = QOp::MaxPool2d {
            window: window([3, 1], [0; 2]),
            clamp: clamp(),
        };
        let image = builder.reshape(x, &[1, 8, 1, 1]);
        let short = builder.node(dense, &[image], &[1, 6, 1, 1], scale());
        let short = builder.reshape(short, &[1, 6, 1]);
        [short, builder.like(table(), x)]
    };
    assert_eq!(concat(1, &odd), 1);
}

#[test]
fn outputs_never_share_bytes_with_inputs() {
    let mut builder = Builder::new();
    let x = builder.input(&[1, 4], scale());
    let flat = builder.reshape(x, &[1, 2, 2]);
    let constant = builder.constant(&[1, 3], scale(), vec![1, 2, 3]);
    let shaped = builder.reshape(constant, &[1, 3, 1]);
    let y = builder.like(table(), x);
    for value in [x, flat, constant, shaped, y, y] {
        builder.output(value);
    }
    let program = lower(&builder.graph).unwrap();
    // Four copies, each a layer of its own.
    assert_eq!(layers(&program), [2, 3, 4, 5, 6]);
    assert_eq!(program.layers[3], "copy of value 0");
    for output in &program.outputs {
        assert_ne!(output.buffer, program.inputs[0].buffer);
    }
    assert_eq!(program.outputs[4], program.outputs[5]);
}

fn window(kernel: [usize; 2], pad: [usize; 2]) -> Window2d {
    Window2d {
        kernel,
        stride: [1; 2],
        dilation: [1; 2],
        pad_before: pad,
        pad_after: pad,
    }
}

/// A graph of one node over an input of this shape.
fn one(op: QOp, input: &[usize], output: &[usize]) -> QGraph {
    let mut builder = Builder::new();
    let x = builder.input(input, scale());
    let y = builder.node(op, &[x], output, scale());
    builder.output(y);
    builder.graph
}

fn dense(bias: i64, taps: usize, last: i8) -> QGraph {
    let mut weights = weights(&mut Random::new(1), 2, taps);
    weights.weights = (0..2 * taps)
        .map(|at| if at < taps { 1 } else { last })
        .collect();
    weights.bias = vec![0, bias];
    let clamp = clamp();
    one(QOp::Dense { weights, clamp }, &[1, taps], &[1, 2])
}

fn dense_weights(graph: &mut QGraph) -> &mut Weights {
    match &mut graph.nodes[0].op {
        QOp::Dense { weights, .. } => weights,
        other => panic!("{other:?}"),
    }
}

#[test]
fn accumulators_that_could_overflow_are_refused_by_channel() {
    // 255 · 128 · 1000 = 32640000, and the zero point is at most 128 in magnitude.
    let room = i64::from(i32::MAX) - 32_640_000 - 128;
    assert!(lower(&dense(room, 1000, -128)).is_ok());
    assert!(lower(&dense(-room, 1000, -128)).is_ok());
    for bias in [room + 1, -room - 1, i32::MIN.into(), i64::MIN] {
        let error = lower(&dense(bias, 1000, -128)).unwrap_err();
        let LowerError::Accumulator {
            node,
            channel,
            bound,
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((node.as_str(), channel), ("node 0", 1));
        assert_eq!(bound, bias.unsigned_abs() + 32_640_128);
    }
    // A shift to the left is part of it.
    for (shift, is_right) in [(6, true), (7, false)] {
        let mut graph = dense(0, 1000, -128);
        dense_weights(&mut graph).scales[1].shift = shift;
        let expected = LowerError::Accumulator {
            node: "node 0".to_owned(),
            channel: 1,
            bound: (32_640_000 << 7) + 128,
        };
        assert_eq!(lower(&graph).err(), (!is_right).then_some(expected));
    }
    // Depthwise weights lie channel by channel inside each tap.
    let mut weights = weights(&mut Random::new(1), 3, 4);
    weights.weights = [0, -128, 0].repeat(4).into();
    weights.bias = [1000, 130_688, 1000]
        .map(|room| i64::from(i32::MAX) - room)
        .to_vec();
    let depthwise = |weights| QOp::DepthwiseConv2d {
        window: window([2, 2], [0; 2]),
        weights,
        clamp: clamp(),
    };
    let graph = |weights| one(depthwise(weights), &[1, 2, 2, 3], &[1, 1, 1, 3]);
    assert!(lower(&graph(weights.clone())).is_ok());
    weights.bias[1] += 1;
    let refused = lower(&graph(weights)).unwrap_err();
    assert!(
        matches!(refused, LowerError::Accumulator { channel: 1, .. }),
        "{refused}"
    );
}

fn refused(graph: QGraph) -> LowerError {
    lower(&graph).unwrap_err()
}

fn add() -> QOp {
    QOp::Add { clamp: clamp() }
}

#[test]
fn graphs_that_are_none_are_named() {
    use LowerError as E;
    let error = refused(QGraph {
        outputs: Vec::new(),
        ..one(table(), &[1, 1], &[1, 1])
    });
    assert_eq!(error, E::NoOutput);
    let error = refused(QGraph {
        inputs: Vec::new(),
        ..one(table(), &[1, 2], &[1, 2])
    });
    assert!(matches!(error, E::Undefined { .. }), "{error}");
    let error = refused(one(add(), &[1, 2], &[1, 2]));
    assert!(matches!(error, E::Arity { found: 1, .. }), "{error}");

    let mut graph = one(table(), &[1, 2], &[1, 2]);
    graph.inputs.push(graph.inputs[0].clone());
    let error = refused(graph);
    assert!(matches!(error, E::SharedInput { .. }), "{error}");

    let mut builder = Builder::new();
    let constant = builder.constant(&[1, 2], scale(), vec![1, 2]);
    builder.output(constant);
    builder.graph.inputs = builder.graph.outputs.clone();
    let error = refused(builder.graph);
    assert!(matches!(error, E::ConstantPort { .. }), "{error}");

    for inputs in [1, 2] {
        let mut builder = Builder::new();
        builder.input(&[1, 2], scale());
        let constant = builder.constant(&[1, 2], scale(), vec![1, 2]);
        let op = if inputs == 1 { table() } else { add() };
        let y = builder.node(op, &vec![constant; inputs], &[1, 2], scale());
        builder.output(y);
        let error = refused(builder.graph);
        assert!(matches!(error, E::ConstantInput { .. }), "{error}");
    }
}

#[test]
fn only_int8_is_rescaled_where_it_is_joined() {
    for (dtype, is_right) in [(DType::I8, true), (DType::I16, false)] {
        let mut builder = Builder::new();
        let x = builder.input(&[1, 2], params(0.2, 3));
        builder.retype(x, dtype);
        let concat = QOp::Concat { axis: 1 };
        let y = builder.node(concat, &[x, x], &[1, 4], scale());
        builder.retype(y, dtype);
        builder.output(y);
        let refused = LowerError::ScaleChange {
            node: "node 0".to_owned(),
        };
        assert_eq!(lower(&builder.graph).err(), (!is_right).then_some(refused));
    }
}

#[test]
fn elements_that_a_kernel_does_not_take_are_named() {
    for (op, dtype, value, expected, found) in [
        (add(), DType::I32, "value 0", "int8 or int16", "int32"),
        (add(), DType::I16, "value 1", "int16", "int8"),
        (table(), DType::I16, "value 0", "int8 or bool", "int16"),
        (QOp::Reshape, DType::Bool, "value 1", "bool", "int8"),
        (QOp::Select, DType::I32, "value 0", "int8 or bool", "int32"),
    ] {
        let mut builder = Builder::new();
        let x = builder.input(&[1, 2], scale());
        builder.retype(x, dtype);
        let arity = match op {
            QOp::Select => 3,
            QOp::Add { .. } => 2,
            _ => 1,
        };
        let y = builder.node(op, &[x; 3][..arity], &[1, 2], scale());
        builder.output(y);
        let expected = LowerError::ElementType {
            node: "node 0".to_owned(),
            value: value.to_owned(),
            expected: expected.to_owned(),
            found,
        };
        assert_eq!(refused(builder.graph), expected);
    }
}

#[test]
fn shapes_that_contradict_each_other_are_named() {
    use LowerError as E;
    let error = refused(one(table(), &[1, 0], &[1, 0]));
    assert!(matches!(error, E::Empty { .. }), "{error}");
    let error = refused(one(table(), &[1, 1 << 33], &[1, 1 << 33]));
    assert!(matches!(error, E::TooLarge { .. }), "{error}");
    let pads = QOp::Pad {
        before: vec![1; 5],
        after: vec![0; 5],
        value: 0,
    };
    let error = refused(one(pads, &[1; 5], &[2; 5]));
    assert!(matches!(error, E::Rank { found: 5, .. }), "{error}");
    let reversed = QOp::Transpose {
        perm: (0..8).rev().collect(),
    };
    let error = refused(one(reversed, &[2; 8], &[2; 8]));
    assert!(matches!(error, E::Axes { found: 8, .. }), "{error}");

    let take = |begin, count| QOp::Take {
        maps: vec![IndexMap::all(1), IndexMap::run(begin, count)],
    };
    let transpose = |perm: &[usize]| QOp::Transpose {
        perm: perm.to_vec(),
    };
    let pad = QOp::Pad {
        before: vec![0, 1],
        after: vec![0, 0],
        value: 0,
    };
    let concat = QOp::Concat { axis: 1 };
    for (graph, sizes) in [
        (one(QOp::Reshape, &[1, 6], &[1, 5]), (6, 5)),
        (one(QOp::Requantize, &[1, 6], &[1, 5]), (6, 5)),
        (one(transpose(&[0, 1, 1]), &[1, 2, 3], &[1, 2, 2]), (3, 2)),
        (one(transpose(&[0, 2, 1]), &[1, 2, 3], &[1, 2, 3]), (3, 2)),
        (one(pad, &[1, 2], &[1, 4]), (3, 4)),
        (one(take(1, 2), &[1, 2], &[1, 2]), (2, 2)),
        (one(take(0, 1), &[1, 2], &[1, 2]), (1, 2)),
        (one(concat, &[1, 2], &[1, 4]), (4, 2)),
    ] {
        match refused(graph) {
            E::Mismatch {
                expected, found, ..
            } => assert_eq!((expected, found), sizes),
            error => panic!("{error}"),
        }
    }
    let mut builder = Builder::new();
    let [a, b] = [2, 3].map(|extent| builder.input(&[1, extent], scale()));
    let sum = builder.node(add(), &[a, b], &[1, 3], scale());
    builder.output(sum);
    let error = refused(builder.graph);
    assert!(
        matches!(
            error,
            E::Mismatch {
                expected: 3,
                found: 2,
                ..
            }
        ),
        "{error}"
    );

    let mut graph = dense(0, 4, 1);
    dense_weights(&mut graph).scales.pop();
    let error = refused(graph);
    assert!(
        matches!(error, E::Mismatch { what: "scales", .. }),
        "{error}"
    );
}

#[test]
fn windows_that_do_not_fit_are_named() {
    use LowerError as E;
    let pool = |kernel, pad| QOp::MaxPool2d {
        window: window(kernel, pad),
        clamp: clamp(),
    };
    let error = refused(one(pool([2, 2], [0; 2]), &[1, 4, 4, 1], &[1, 3, 4, 1]));
    assert!(
        matches!(
            error,
            E::Mismatch {
                what: "output columns",
                expected: 3,
                ..
            }
        ),
        "{error}"
    );
    let error = refused(one(pool([5, 5], [0; 2]), &[1, 4, 4, 1], &[1, 1, 1, 1]));
    assert!(matches!(error, E::Mismatch { expected: 0, .. }), "{error}");
    let error = refused(one(pool([2, 2], [0; 2]), &[1, 16], &[1, 15]));
    assert!(
        matches!(
            error,
            E::Mismatch {
                expected: 4,
                found: 2,
                ..
            }
        ),
        "{error}"
    );
    let error = refused(one(pool([2, 2], [2, 0]), &[1, 4, 4, 1], &[1, 7, 3, 1]));
    assert!(
        matches!(
            error,
            E::EmptyWindow {
                what: "row",
                index: 0,
                ..
            }
        ),
        "{error}"
    );
    let mut dilated = window([2, 2], [0; 2]);
    dilated.dilation = [1, 2];
    let op = QOp::AvgPool2d {
        window: dilated,
        clamp: clamp(),
        ties_up: false,
    };
    let error = refused(one(op, &[1, 4, 4, 1], &[1, 3, 2, 1]));
    assert!(
        matches!(
            error,
            E::Mismatch {
                what: "a dilation",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn scales_that_no_kernel_changes_are_named() {
    use LowerError as E;
    let error = refused(one(QOp::Softmax { beta: 1.0 }, &[1, 6], &[1, 6]));
    assert!(matches!(error, E::PrescribedOutput { .. }), "{error}");
    let pool = QOp::MaxPool2d {
        window: window([1, 1], [0; 2]),
        clamp: clamp(),
    };
    for op in [pool, QOp::Reshape] {
        let mut builder = Builder::new();
        let x = builder.input(&[1, 2, 2, 1], scale());
        let y = builder.node(op, &[x], &[1, 2, 2, 1], params(0.2, 3));
        builder.output(y);
        let error = refused(builder.graph);
        assert!(matches!(error, E::ScaleChange { .. }), "{error}");
    }
}
