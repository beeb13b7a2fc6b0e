use super::{InferError, infer};
use crate::ir::{Activation, AvgPool2d, Clamp, Conv2d, Op, Pad, Pool2d, Value, Window2d};
use crate::passes::oracle::{Random, window};

/// Infers from shapes alone.
fn shape(op: &Op, shapes: &[&[usize]]) -> Result<Vec<usize>, InferError> {
    let values: Vec<Value> = shapes
        .iter()
        .map(|shape| Value {
            name: String::new(),
            shape: shape.to_vec(),
            constant: None,
        })
        .collect();
    infer(op, &values.iter().collect::<Vec<_>>())
}

fn conv(window: Window2d, groups: usize) -> Op {
    Op::Conv2d(Conv2d {
        window,
        groups,
        clamp: None,
    })
}

fn max_pool(window: Window2d) -> Op {
    Op::MaxPool2d(Pool2d {
        window,
        clamp: None,
    })
}

fn pad(before: &[usize], after: &[usize], value: f32) -> Op {
    Op::Pad(Pad {
        before: before.to_vec(),
        after: after.to_vec(),
        value,
    })
}

const SUM: Op = Op::Add { clamp: None };
const DENSE: Op = Op::Dense { clamp: None };

#[test]
fn shapes_of_operators() {
    let tall = Window2d {
        kernel: [10, 4],
        stride: [2, 2],
        dilation: [1, 1],
        pad_before: [4, 1],
        pad_after: [5, 1],
    };
    let mean = AvgPool2d {
        window: window(2, 2, 0),
        count_include_pad: true,
        clamp: None,
    };
    let norm = Op::BatchNorm { epsilon: 0.0 };
    let cases: [(Op, &[&[usize]], &[usize]); 18] = [
        // The first layer of MLPerf Tiny's keyword spotting.
        (
            conv(tall, 1),
            &[&[1, 49, 10, 1], &[64, 10, 4, 1], &[64]],
            &[1, 25, 5, 64],
        ),
        (
            conv(window(3, 1, 1), 6),
            &[&[1, 5, 7, 6], &[12, 3, 3, 1]],
            &[1, 5, 7, 12],
        ),
        (
            conv(window(3, 2, 0), 2),
            &[&[1, 8, 3, 4], &[6, 3, 3, 2]],
            &[1, 3, 1, 6],
        ),
        (DENSE, &[&[1, 7], &[3, 7], &[3]], &[1, 3]),
        (DENSE, &[&[1, 2, 5, 7], &[3, 7]], &[1, 2, 5, 3]),
        (norm, &[&[1, 2, 3], &[3], &[3], &[3], &[3]], &[1, 2, 3]),
        (Op::Activation(Activation::Tanh), &[&[1, 2, 3]], &[1, 2, 3]),
        (max_pool(window(2, 2, 0)), &[&[1, 5, 7, 3]], &[1, 2, 3, 3]),
        (Op::AvgPool2d(mean), &[&[1, 4, 4, 3]], &[1, 2, 2, 3]),
        (SUM, &[&[1, 4, 1, 3], &[2, 1]], &[1, 4, 2, 3]),
        (Op::Sub { clamp: None }, &[&[], &[1, 5]], &[1, 5]),
        (Op::Mul { clamp: None }, &[&[1, 3], &[1, 3]], &[1, 3]),
        (
            Op::Concat { axis: 2 },
            &[&[1, 2, 3], &[1, 2, 1], &[1, 2, 4]],
            &[1, 2, 8],
        ),
        (
            Op::Reshape {
                shape: vec![1, 6, 4],
            },
            &[&[1, 2, 3, 4]],
            &[1, 6, 4],
        ),
        (
            Op::Transpose {
                perm: vec![0, 3, 1, 2],
            },
            &[&[1, 2, 3, 4]],
            &[1, 4, 2, 3],
        ),
        (pad(&[0, 1, 0], &[0, 2, 3], 0.5), &[&[1, 2, 3]], &[1, 5, 6]),
        (Op::Softmax, &[&[1, 2, 3]], &[1, 2, 3]),
        (Op::Identity, &[&[3]], &[3]),
    ];
    for (op, inputs, expected) in cases {
        assert_eq!(
            shape(&op, inputs),
            Ok(expected.to_vec()),
            "{op:?} on {inputs:?}"
        );
    }
}

/// Numbers of windows, and whether each covers an element, by trying every place.
fn places(window: &Window2d, axis: usize, size: usize) -> Vec<bool> {
    let (pad, padded) = (
        window.pad_before[axis],
        window.pad_before[axis] + size + window.pad_after[axis],
    );
    let taps =
        |start: usize| (0..window.kernel[axis]).map(move |tap| start + tap * window.dilation[axis]);
    (0..padded)
        .step_by(window.stride[axis])
        .filter(|&start| taps(start).all(|at| at < padded))
        .map(|start| taps(start).any(|at| (pad..pad + size).contains(&at)))
        .collect()
}

#[test]
fn windows_are_counted_and_those_in_the_padding_found() {
    let mut random = Random::new(1);
    let (mut fitting, mut empty) = (0, 0);
    for _ in 0..20_000 {
        let mut pair =
            |low: usize, count: usize| [low + random.below(count), low + random.below(count)];
        let window = Window2d {
            kernel: pair(1, 4),
            stride: pair(1, 4),
            dilation: pair(1, 4),
            pad_before: pair(0, 6),
            pad_after: pair(0, 6),
        };
        let [rows, columns] = pair(1, 7);
        let places = [places(&window, 0, rows), places(&window, 1, columns)];
        let found = shape(&max_pool(window.clone()), &[&[1, rows, columns, 2]]);
        let what = format!("{window:?} on {rows} x {columns}");
        if let Some(axis) = places.iter().position(Vec::is_empty) {
            let axis = axis + 1;
            assert!(
                matches!(found, Err(InferError::WindowTooLarge { axis: a, .. }) if a == axis),
                "{what}: {found:?}"
            );
        } else if places.iter().all(|axis| axis.iter().all(|&covers| covers)) {
            assert_eq!(
                found,
                Ok(vec![1, places[0].len(), places[1].len(), 2]),
                "{what}"
            );
            fitting += 1;
        } else {
            let Err(InferError::EmptyWindow {
                axis,
                window: index,
            }) = found
            else {
                panic!("{what}: {found:?}");
            };
            assert!(!places[axis - 1][index], "{what}: {found:?}");
            empty += 1;
        }
    }
    assert!(
        fitting > 2_000 && empty > 2_000,
        "{fitting} fit, {empty} do not"
    );
}

/// One defect each, and the error's whole text.
#[test]
fn inputs_that_do_not_fit_are_named() {
    let norm = |epsilon| Op::BatchNorm { epsilon };
    let clamp = |min, max| Op::Activation(Activation::Clamp(Clamp { min, max }));
    let stretched = Window2d {
        dilation: [2, 1],
        ..window(2, 1, 1)
    };
    let cases: [(Op, &[&[usize]], &str); 40] = [
        (Op::Softmax, &[], "expected 1 inputs, found 0"),
        (SUM, &[&[1]], "expected 2 inputs, found 1"),
        (
            Op::Concat { axis: 1 },
            &[],
            "expected 1 or more inputs, found 0",
        ),
        (norm(0.1), &[&[1, 2], &[2]], "expected 5 inputs, found 2"),
        (
            DENSE,
            &[&[1, 2], &[2, 2], &[2], &[2]],
            "expected 2 or 3 inputs, found 4",
        ),
        (
            conv(window(1, 1, 0), 1),
            &[&[1, 2, 2], &[1, 1, 1, 2]],
            "x must have 4 axes, found shape [1, 2, 2]",
        ),
        (
            conv(window(1, 1, 0), 1),
            &[&[1, 2, 2, 2], &[1, 2]],
            "weights must have 4 axes, found shape [1, 2]",
        ),
        (
            conv(window(1, 1, 0), 1),
            &[&[1, 2, 2, 3], &[1, 1, 1, 2]],
            "weights of shape [1, 1, 1, 2] take 2 channels, found 3",
        ),
        (
            conv(window(1, 1, 0), 2),
            &[&[1, 2, 2, 3], &[2, 1, 1, 1]],
            "2 groups do not divide 3 input and 2 output channels",
        ),
        (
            conv(window(1, 1, 0), 2),
            &[&[1, 2, 2, 2], &[3, 1, 1, 1]],
            "2 groups do not divide 2 input and 3 output channels",
        ),
        (
            conv(window(1, 1, 0), 0),
            &[&[1, 2, 2, 2], &[2, 1, 1, 1]],
            "0 groups do not divide 2 input and 2 output channels",
        ),
        (
            conv(window(2, 1, 0), 1),
            &[&[1, 2, 2, 2], &[2, 2, 1, 2]],
            "weights have a [2, 1] kernel, the window is [2, 2]",
        ),
        (
            conv(window(1, 1, 0), 1),
            &[&[1, 2, 2, 2], &[3, 1, 1, 2], &[2]],
            "bias must have shape [3], found [2]",
        ),
        (
            conv(window(0, 1, 0), 1),
            &[&[1, 2, 2, 2], &[3, 0, 0, 2]],
            "kernel must be at least 1, found [0, 0] (rows, columns)",
        ),
        (
            max_pool(window(2, 0, 0)),
            &[&[1, 2, 2, 2]],
            "stride must be at least 1, found [0, 0] (rows, columns)",
        ),
        (
            max_pool(Window2d {
                dilation: [1, 0],
                ..window(2, 1, 0)
            }),
            &[&[1, 2, 2, 2]],
            "dilation must be at least 1, found [1, 0] (rows, columns)",
        ),
        (
            max_pool(Window2d {
                pad_after: [usize::MAX, 0],
                ..window(2, 1, 0)
            }),
            &[&[1, 2, 2, 2]],
            "padding after must be at most 1048576, found [18446744073709551615, 0] (rows, columns)",
        ),
        (
            max_pool(window(3, 1, 0)),
            &[&[1, 3, 2, 2]],
            "a window over 3 elements does not fit 2, the padded input, on axis 2",
        ),
        (
            max_pool(window(1, 1, 1)),
            &[&[1, 3, 2, 2]],
            "pooling window 0 on axis 1 lies in the padding alone",
        ),
        (
            max_pool(stretched),
            &[&[1, 1, 2, 2]],
            "pooling window 0 on axis 1 lies in the padding alone",
        ),
        (
            max_pool(window(1, 1, 0)),
            &[&[1, 3]],
            "x must have 4 axes, found shape [1, 3]",
        ),
        (
            DENSE,
            &[&[3], &[2, 3]],
            "x must have 2 or more axes, found shape [3]",
        ),
        (
            DENSE,
            &[&[1, 3], &[2, 3, 1]],
            "weights must have 2 axes, found shape [2, 3, 1]",
        ),
        (
            DENSE,
            &[&[1, 4], &[2, 3]],
            "weights of shape [2, 3] take 3 channels, found 4",
        ),
        (
            DENSE,
            &[&[1, 3], &[2, 3], &[1, 2]],
            "bias must have shape [2], found [1, 2]",
        ),
        (
            norm(-0.1),
            &[&[1, 2], &[2], &[2], &[2], &[2]],
            "epsilon must be finite and at least 0, found -0.1",
        ),
        (
            norm(0.1),
            &[&[1, 2], &[2], &[2], &[1], &[2]],
            "mean must have shape [2], found [1]",
        ),
        (
            clamp(1.0, 0.0),
            &[&[1]],
            "clamp [1, 0] must have min <= max",
        ),
        (
            clamp(f32::NAN, 0.0),
            &[&[1]],
            "clamp [NaN, 0] must have min <= max",
        ),
        (
            Op::Activation(Activation::Elu {
                alpha: f32::INFINITY,
            }),
            &[&[1]],
            "alpha must be finite, found inf",
        ),
        (
            SUM,
            &[&[1, 2, 3], &[2, 1, 2]],
            "shapes [1, 2, 3] and [2, 1, 2] do not broadcast",
        ),
        (
            Op::Concat { axis: 0 },
            &[&[1, 2]],
            "axis 0 must be after the batch and below 2",
        ),
        (
            Op::Concat { axis: 2 },
            &[&[1, 2]],
            "axis 2 must be after the batch and below 2",
        ),
        (
            Op::Concat { axis: 1 },
            &[&[1, 2, 3], &[1, 2, 4]],
            "input 1 of shape [1, 2, 4] cannot be joined to [1, 2, 3] on axis 1",
        ),
        (
            Op::Reshape { shape: vec![2, 3] },
            &[&[1, 6]],
            "a shape must start with the batch, 1, found [2, 3]",
        ),
        (
            Op::Reshape { shape: vec![1, 5] },
            &[&[1, 6]],
            "shape [1, 6] cannot become [1, 5]: the number of elements differs",
        ),
        (
            Op::Transpose { perm: vec![1, 0] },
            &[&[1, 6]],
            "[1, 0] is no permutation of 2 axes that leaves the batch first",
        ),
        (
            Op::Transpose {
                perm: vec![0, 1, 1],
            },
            &[&[1, 6, 2]],
            "[0, 1, 1] is no permutation of 3 axes that leaves the batch first",
        ),
        (
            pad(&[1, 0], &[0, 0], 0.0),
            &[&[1, 6]],
            "padding [1, 0] before and [0, 0] after must name 2 axes and be 0 on the batch",
        ),
        (
            pad(&[0, 0], &[0, 1 << 40], 0.0),
            &[&[1, 6]],
            "shape [1, 1099511627782] has more than 2^31 elements",
        ),
    ];
    for (op, inputs, expected) in cases {
        let error = shape(&op, inputs).expect_err(expected);
        assert_eq!(error.to_string(), expected, "{op:?}");
    }
}
