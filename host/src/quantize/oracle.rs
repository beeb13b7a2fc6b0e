//! For tests: a naive evaluator of int8 graphs that takes every scale as a real number.
#![allow(
    clippy::unwrap_used,
    clippy::as_conversions,
    reason = "test support, called by tests only"
)]

use super::graph::{QClamp, QGraph, QNode, QOp, QValue, Weights};
use super::range::{Range, Ranges};
use crate::ir::{
    AvgPool2d, Binary, Conv2d, ConvTranspose2d, Graph, Op, Pad, Pool2d, Reduce, ResizeBilinear,
    Window2d,
};
use crate::passes::oracle::{self, compute_op};
use tiivis_runtime::blob::{Comparison, Scale, Which};

fn real(scale: Scale) -> f64 {
    f64::from(scale.multiplier) * f64::from(i32::from(scale.shift) - 31).exp2()
}

/// Min-max ranges over these samples, each of which has data for every input.
pub(crate) fn observed(graph: &Graph, samples: &[Vec<Vec<f32>>]) -> Ranges {
    let mut ranges = vec![Range::ZERO; graph.value_count()];
    for sample in samples {
        let values = oracle::evaluate(graph, sample);
        for (range, values) in ranges.iter_mut().zip(values) {
            for x in values {
                *range = range.union(Range::new(x as f32, x as f32).unwrap());
            }
        }
    }
    let activations = graph.values().filter(|(_, value)| value.constant.is_none());
    activations
        .map(|(id, _)| (id, ranges[id.index()]))
        .collect()
}

/// Every value of the graph, by value index; empty where it is not computed. Inputs are real.
pub(crate) fn evaluate(graph: &QGraph, inputs: &[Vec<f32>]) -> Vec<Vec<i8>> {
    let mut values: Vec<Vec<i8>> = graph
        .values
        .iter()
        .map(|value| {
            let constant = value.as_ref().and_then(|value| value.constant.as_ref());
            constant.map_or(Vec::new(), |data| data.to_vec())
        })
        .collect();
    for (port, data) in graph.inputs.iter().zip(inputs) {
        let params = graph.value(port.value).params;
        values[port.value.index()] = data
            .iter()
            .map(|&x| params.quantize(f64::from(x)))
            .collect();
    }
    for node in &graph.nodes {
        let output = graph.value(node.output);
        let computed = compute(graph, node, &values);
        assert_eq!(
            computed.len(),
            output.shape.iter().product::<usize>(),
            "{}",
            node.name
        );
        values[node.output.index()] = computed;
    }
    values
}

/// The real values of a tensor.
pub(crate) fn dequantized(value: &QValue, data: &[i8]) -> Vec<f64> {
    data.iter().map(|&q| value.params.dequantize(q)).collect()
}

fn compute(graph: &QGraph, node: &QNode, values: &[Vec<i8>]) -> Vec<i8> {
    let inputs: Vec<(&QValue, Vec<f64>)> = node
        .inputs
        .iter()
        .map(|&id| {
            let value = graph.value(id);
            (value, dequantized(value, &values[id.index()]))
        })
        .collect();
    let output = graph.value(node.output);
    let same = || assert_eq!(inputs[0].0.params, output.params, "{}", node.name);
    let float = |op: Op, clamp: Option<QClamp>| -> Vec<i8> {
        let tensors: Vec<(&[usize], &[f64])> = inputs
            .iter()
            .map(|(value, data)| (&value.shape[..], &data[..]))
            .collect();
        let clamp = clamp.unwrap_or(QClamp {
            min: -128,
            max: 127,
        });
        compute_op(&op, &tensors)
            .into_iter()
            .map(|x| i16::from(output.params.quantize(x)).clamp(clamp.min, clamp.max) as i8)
            .collect()
    };
    let layer = |op: Op, shape: Vec<usize>, w: &Weights, order: Vec<i8>, clamp: QClamp| {
        accumulate(
            &op,
            inputs[0].0,
            &values[node.inputs[0].index()],
            &shape,
            w,
            &order,
        )
        .into_iter()
        .map(|steps| {
            let q = (steps.round() + f64::from(output.params.zero_point)).clamp(-128.0, 127.0);
            (q as i16).clamp(clamp.min, clamp.max) as i8
        })
        .collect()
    };
    let in_c = *inputs[0].0.shape.last().unwrap();
    match &node.op {
        QOp::Conv2d {
            window,
            groups,
            weights,
            clamp,
        } => {
            let [h, w] = window.kernel;
            let shape = vec![weights.bias.len(), h, w, in_c / groups];
            layer(
                conv(window, *groups),
                shape,
                weights,
                weights.weights.to_vec(),
                *clamp,
            )
        }
        QOp::TransposeConv2d {
            window,
            groups,
            weights,
            clamp,
        } => {
            let [h, w] = window.kernel;
            let shape = vec![weights.bias.len(), h, w, in_c / groups];
            let op = Op::ConvTranspose2d(ConvTranspose2d {
                window: window.clone(),
                groups: *groups,
                clamp: None,
            });
            layer(op, shape, weights, weights.weights.to_vec(), *clamp)
        }
        QOp::MatMul {
            transpose_a,
            transpose_b,
            clamp,
        } => float(
            Op::MatMul {
                transpose_a: *transpose_a,
                transpose_b: *transpose_b,
            },
            Some(*clamp),
        ),
        QOp::DepthwiseConv2d {
            window,
            weights,
            clamp,
        } => {
            let [h, w] = window.kernel;
            let channels = weights.bias.len();
            let at = |i: usize| weights.weights[i % (h * w) * channels + i / (h * w)];
            let order = (0..h * w * channels).map(at).collect();
            layer(
                conv(window, in_c),
                vec![channels, h, w, 1],
                weights,
                order,
                *clamp,
            )
        }
        QOp::Dense { weights, clamp } => {
            let shape = vec![weights.bias.len(), in_c];
            layer(
                Op::Dense { clamp: None },
                shape,
                weights,
                weights.weights.to_vec(),
                *clamp,
            )
        }
        QOp::MaxPool2d { window, clamp } => {
            same();
            let window = window.clone();
            float(
                Op::MaxPool2d(Pool2d {
                    window,
                    clamp: None,
                }),
                Some(*clamp),
            )
        }
        QOp::AvgPool2d { window, clamp, .. } => {
            same();
            let pool = AvgPool2d {
                window: window.clone(),
                count_include_pad: false,
                clamp: None,
            };
            float(Op::AvgPool2d(pool), Some(*clamp))
        }
        QOp::Add { clamp } => float(Op::Add { clamp: None }, Some(*clamp)),
        QOp::Sub { clamp } => float(Op::Sub { clamp: None }, Some(*clamp)),
        QOp::Mul { clamp } => float(Op::Mul { clamp: None }, Some(*clamp)),
        QOp::Div { clamp } => float(Op::Binary(Binary::Div), Some(*clamp)),
        QOp::SquaredDifference { clamp } => {
            float(Op::Binary(Binary::SquaredDifference), Some(*clamp))
        }
        QOp::Extreme { which } => {
            assert_eq!(inputs[0].0.params, inputs[1].0.params, "{}", node.name);
            same();
            let function = match which {
                Which::Smallest => Binary::Minimum,
                Which::Largest => Binary::Maximum,
            };
            float(Op::Binary(function), None)
        }
        QOp::Compare { comparison, .. } => {
            let function = match comparison {
                Comparison::Equal => Binary::Equal,
                Comparison::NotEqual => Binary::NotEqual,
                Comparison::Greater => Binary::Greater,
                Comparison::GreaterEqual => Binary::GreaterEqual,
            };
            float(Op::Binary(function), None)
        }
        QOp::Select => {
            for (value, _) in &inputs[1..] {
                assert_eq!(value.params, output.params, "{}", node.name);
            }
            float(Op::Select, None)
        }
        QOp::Prelu => float(Op::Binary(Binary::Prelu), None),
        QOp::Concat { axis } => float(Op::Concat { axis: *axis }, None),
        QOp::Reshape => {
            same();
            values[node.inputs[0].index()].clone()
        }
        QOp::Transpose { perm } => {
            same();
            float(Op::Transpose { perm: perm.clone() }, None)
        }
        QOp::Take { maps } => {
            same();
            float(Op::Take { maps: maps.clone() }, None)
        }
        QOp::Pad {
            before,
            after,
            value,
        } => {
            same();
            let pad = Pad {
                before: before.clone(),
                after: after.clone(),
                value: output.params.dequantize(i8::try_from(*value).unwrap()) as f32,
            };
            float(Op::Pad(pad), None)
        }
        QOp::Softmax { .. } => float(Op::Softmax, None),
        QOp::Reduce {
            reduction,
            axes,
            clamp,
        } => {
            let reduce = Reduce {
                reduction: *reduction,
                axes: axes.clone(),
                keep: output.shape.len() == inputs[0].0.shape.len(),
            };
            float(Op::Reduce(reduce), Some(*clamp))
        }
        QOp::ResizeBilinear { coordinates } => {
            same();
            let resize = ResizeBilinear {
                size: [output.shape[1], output.shape[2]],
                coordinates: *coordinates,
            };
            float(Op::ResizeBilinear(resize), None)
        }
        QOp::L2Normalize => float(Op::L2Normalize, None),
        QOp::LogSoftmax => float(Op::LogSoftmax, None),
        QOp::Svdf(_) | QOp::Lstm(_) => panic!("what has state is tested against TFLM"),
        QOp::Slopes { .. } | QOp::Curve { .. } => {
            panic!("of int16, which the quantizer does not make")
        }
        QOp::Lut { table } => {
            let at = |q: &i8| table[usize::try_from(i32::from(*q) + 128).unwrap()];
            values[node.inputs[0].index()].iter().map(at).collect()
        }
        QOp::Requantize => float(Op::Identity, None),
        QOp::ArgExtreme { .. } => unreachable!("it is int32; `emit`'s reference has it"),
    }
}

fn conv(window: &Window2d, groups: usize) -> Op {
    Op::Conv2d(Conv2d {
        window: window.clone(),
        groups,
        clamp: None,
    })
}

/// Output steps before the zero point: the integer accumulator, which must fit int32, by the real
/// scale.
fn accumulate(
    op: &Op,
    input: &QValue,
    x: &[i8],
    shape: &[usize],
    layer: &Weights,
    weights: &[i8],
) -> Vec<f64> {
    let x: Vec<f64> = x
        .iter()
        .map(|&q| f64::from(i32::from(q) - input.params.zero_point))
        .collect();
    let weights: Vec<f64> = weights.iter().map(|&w| f64::from(w)).collect();
    let bias: Vec<f64> = layer.bias.iter().map(|&b| b as f64).collect();
    let channels = [bias.len()];
    let tensors = [
        (&input.shape[..], &x[..]),
        (shape, &weights[..]),
        (&channels[..], &bias[..]),
    ];
    let sums = compute_op(op, &tensors);
    let scales = layer.scales.iter().cycle();
    sums.into_iter()
        .zip(scales)
        .map(|(sum, &scale)| {
            assert!(sum.abs() < 2f64.powi(31), "the accumulator overflows");
            sum * real(scale)
        })
        .collect()
}
