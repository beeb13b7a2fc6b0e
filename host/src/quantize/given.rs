//! The int8 graph of a network that brings its scales along: QDQ and `QLinear` models.
//!
//! Nothing is calibrated and no weight is quantized anew: what was int8 in the file is the same
//! int8 here. What the file leaves open is settled as its own runtime would: a clamp between a layer
//! and its scale is the layer's, and what only moves or picks numbers keeps their scale. A step
//! that changes the scale where the integer operator cannot is followed by a rescaling.

use super::assign::{fixed_output, keeps_scale};
use super::convert::Converter;
use super::error::QuantizeError;
use super::graph::{QGraph, QuantParams};
use super::range::Range;
use super::uses::operands;
use crate::ir::{Activation, Clamp, Conv2d, Graph, Node, Op, Value, ValueId};
use crate::passes::{absorb, clamp_slot, sole_producer};
use std::collections::HashMap;
use std::sync::Arc;

/// The scales of a file, by the ids of its float graph.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Of activations.
    pub activations: HashMap<ValueId, QuantParams>,
    /// Of constants.
    pub constants: HashMap<ValueId, Grid>,
}

/// How a constant was quantized in the file: the graph has its real numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// One, or one per output channel.
    pub scales: Vec<f32>,
    /// Zero point as int8 has it, where there is one scale.
    pub zero_point: i32,
    /// The numbers themselves, of a bias: they may have more digits than a float.
    pub integers: Option<Arc<[i32]>>,
}

/// A clamp that lets everything through: a step to another scale.
const OPEN: Clamp = Clamp {
    min: f32::NEG_INFINITY,
    max: f32::INFINITY,
};

/// The int8 graph of a float graph whose scales are given.
///
/// # Errors
/// See [`QuantizeError`]; [`QuantizeError::Unscaled`] for what is computed in float, and
/// [`QuantizeError::OffGrid`] for weights that are not what their scales say.
pub fn quantize_given(mut graph: Graph, given: &Given) -> Result<QGraph, QuantizeError> {
    let mut params = vec![None; graph.value_count()];
    for (id, &own) in &given.activations {
        params[id.index()] = Some(own);
    }
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        if matches!(node.op, Op::Identity | Op::Reshape { .. }) {
            let shape = graph.shape(node.output).to_vec();
            graph.nodes[index].op = Op::Reshape { shape };
        }
    }
    fuse_clamps(&mut graph, &params);
    settle(&graph, &mut params);
    let mut grids = given.constants.clone();
    rescale(&mut graph, &mut params, &mut grids);
    constants(&graph, &mut params, &grids)?;
    let mut converter = Converter::with_params(&graph, params, Some(&grids));
    converter.convert()?;
    Ok(converter.finish())
}

/// Makes clamps a part of the layers before them, where nothing but the clamp reads those and they
/// have no scale of their own.
fn fuse_clamps(graph: &mut Graph, params: &[Option<QuantParams>]) {
    let mut index = 0;
    while index < graph.nodes.len() {
        if !fuse_clamp(graph, params, index) {
            index += 1;
        }
    }
}

fn fuse_clamp(graph: &mut Graph, params: &[Option<QuantParams>], index: usize) -> bool {
    let node = &graph.nodes[index];
    let Op::Activation(Activation::Clamp(clamp)) = node.op else {
        return false;
    };
    let x = node.inputs[0];
    let Some(producer) = sole_producer(graph, x).filter(|_| params[x.index()].is_none()) else {
        return false;
    };
    let Some(slot) = clamp_slot(&mut graph.nodes[producer].op) else {
        return false;
    };
    *slot = Some(slot.map_or(clamp, |first| first.then(clamp)));
    absorb(graph, producer, index);
    true
}

/// Gives scales to values that the file leaves open.
fn settle(graph: &Graph, params: &mut [Option<QuantParams>]) {
    for node in &graph.nodes {
        let input = params[node.inputs[0].index()];
        let output = &mut params[node.output.index()];
        if output.is_none() {
            *output = if keeps_scale(graph, node) {
                input
            } else {
                fixed_output(&node.op)
            };
        }
    }
    for node in graph.nodes.iter().rev() {
        // Beyond its range a clamped number is clipped anyway.
        let clamps = matches!(node.op, Op::Activation(Activation::Clamp(_)));
        let output = params[node.output.index()];
        if keeps_scale(graph, node) || clamps || matches!(node.op, Op::Concat { .. }) {
            for input in operands(node) {
                if graph.constant(*input).is_none() && params[input.index()].is_none() {
                    params[input.index()] = output;
                }
            }
        }
    }
}

/// Puts a rescaling behind operators that cannot change the scale, where the file does.
fn rescale(
    graph: &mut Graph,
    params: &mut Vec<Option<QuantParams>>,
    grids: &mut HashMap<ValueId, Grid>,
) {
    let mut index = 0;
    while index < graph.nodes.len() {
        let node = &graph.nodes[index];
        let output = params[node.output.index()];
        let own = if keeps_scale(graph, node) {
            params[node.inputs[0].index()]
        } else if matches!(node.op, Op::Activation(_)) {
            output
        } else {
            fixed_output(&node.op).or(output)
        };
        if let (Some(own), Some(wanted)) = (own, output)
            && own != wanted
            && !mean_as_layer(graph, index, grids)
        {
            step_to_another_scale(graph, index);
            params.push(Some(own));
        }
        params.resize(graph.value_count(), None);
        index += 1;
    }
}

fn step_to_another_scale(graph: &mut Graph, index: usize) {
    let node = &graph.nodes[index];
    let (name, output) = (format!("{}.unscaled", node.name), node.output);
    let shape = graph.shape(output).to_vec();
    let between = graph.add_value(Value {
        name: format!("{}.unscaled", graph.value(output).name),
        shape,
        constant: None,
    });
    graph.nodes[index].output = between;
    let step = Node {
        name,
        op: Op::Activation(Activation::Clamp(OPEN)),
        inputs: vec![between],
        output,
    };
    graph.nodes.insert(index + 1, step);
}

/// An average pool to another scale as a depthwise convolution of ones, which rounds once; whether it
/// could be done.
fn mean_as_layer(graph: &mut Graph, index: usize, grids: &mut HashMap<ValueId, Grid>) -> bool {
    let node = &graph.nodes[index];
    let Op::AvgPool2d(pool) = &node.op else {
        return false;
    };
    let window = pool.window.clone();
    let padded = window.pad_before != [0; 2] || window.pad_after != [0; 2];
    let [rows, columns] = window.kernel;
    let taps = u16::try_from(rows * columns);
    let (Ok(taps), false) = (taps, padded && !pool.count_include_pad) else {
        return false;
    };
    let channels = graph.shape(node.inputs[0])[3];
    let part = 1.0 / f32::from(taps);
    let conv = Conv2d {
        window,
        groups: channels,
        clamp: pool.clamp,
    };
    let name = format!("{}.ones", node.name);
    let data = vec![part; channels * usize::from(taps)];
    let ones = graph.add_constant(name, vec![channels, rows, columns, 1], data);
    grids.insert(
        ones,
        Grid {
            scales: vec![part],
            zero_point: 0,
            integers: None,
        },
    );
    graph.nodes[index].op = Op::Conv2d(conv);
    graph.nodes[index].inputs.push(ones);
    true
}

/// Gives constant operands their scale: the file's if they are what it says, else their own.
fn constants(
    graph: &Graph,
    params: &mut [Option<QuantParams>],
    grids: &HashMap<ValueId, Grid>,
) -> Result<(), QuantizeError> {
    for node in &graph.nodes {
        for &id in operands(node) {
            let Some(data) = graph.constant(id) else {
                if params[id.index()].is_none() {
                    return Err(unscaled(graph, id));
                }
                continue;
            };
            let given = grids.get(&id).and_then(|grid| grid.of_tensor());
            let given = given.filter(|params| {
                let on_grid = |&x: &f32| {
                    let represented = params.dequantize(params.quantize(f64::from(x)));
                    (represented - f64::from(x)).abs() <= 1e-3 * f64::from(params.scale)
                };
                data.iter().all(on_grid)
            });
            let own = || {
                let range = Range::of(data).ok_or_else(|| QuantizeError::NonFinite {
                    value: graph.value(id).name.clone(),
                });
                range.map(QuantParams::from_range)
            };
            params[id.index()] = Some(given.map_or_else(own, Ok)?);
        }
        if params[node.output.index()].is_none() {
            return Err(unscaled(graph, node.output));
        }
    }
    Ok(())
}

fn unscaled(graph: &Graph, id: ValueId) -> QuantizeError {
    QuantizeError::Unscaled {
        value: graph.value(id).name.clone(),
    }
}

impl Grid {
    /// Scale and zero point, if there is one for all.
    fn of_tensor(&self) -> Option<QuantParams> {
        match *self.scales {
            [scale] => Some(QuantParams {
                scale,
                zero_point: self.zero_point,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::oracle::{Builder, RELU, window};
    use crate::quantize::graph::QOp;

    const X: QuantParams = QuantParams {
        scale: 0.5,
        zero_point: -3,
    };
    const Y: QuantParams = QuantParams {
        scale: 0.25,
        zero_point: 7,
    };

    /// A graph and scales for its input and output.
    fn given(builder: &Builder) -> Given {
        let graph = &builder.graph;
        let mut given = Given::default();
        given.activations.insert(graph.inputs[0].value, X);
        given.activations.insert(graph.outputs[0].value, Y);
        given
    }

    fn ops(graph: &QGraph) -> Vec<&QOp> {
        graph.nodes.iter().map(|node| &node.op).collect()
    }

    #[test]
    fn weights_are_those_of_the_file_and_clamps_go_into_layers() {
        let mut b = Builder::new(1);
        let x = b.input(&[1, 4, 4, 1]);
        let (scales, integers) = ([0.5f32, 0.125], [-128i8, 3, 127, -1]);
        let real = [-64.0, 1.5, 15.875, -0.125];
        let filter = b.constant(&[2, 1, 2, 1], real.to_vec());
        let bias = b.constant(&[2], vec![100.0 * 0.25, -7.0 * 0.0625]);
        let conv = Op::Conv2d(Conv2d {
            window: crate::ir::Window2d {
                kernel: [1, 2],
                ..window(1, 1, 0)
            },
            groups: 1,
            clamp: None,
        });
        let sums = b.node(conv, &[x, filter, bias]);
        let y = b.node(Op::Activation(Activation::Clamp(RELU)), &[sums]);
        b.output(y);
        let mut given = given(&b);
        let grid = |scales: &[f32], integers: Option<Vec<i32>>| Grid {
            scales: scales.to_vec(),
            zero_point: 0,
            integers: integers.map(Into::into),
        };
        given.constants.insert(filter, grid(&scales, None));
        given
            .constants
            .insert(bias, grid(&[0.25, 0.0625], Some(vec![100, -7])));
        let graph = quantize_given(b.graph.clone(), &given).unwrap();
        let [QOp::Conv2d { weights, clamp, .. }] = ops(&graph)[..] else {
            panic!("{:?}", graph.nodes);
        };
        assert_eq!(weights.weights[..], integers);
        assert_eq!(weights.bias, [100, -7]);
        assert_eq!((clamp.min, clamp.max), (7, 127));

        // Not on the grid: the scales are those of something else.
        given.constants.insert(filter, grid(&[0.3], None));
        assert!(matches!(
            quantize_given(b.graph, &given),
            Err(QuantizeError::OffGrid { .. })
        ));
    }

    #[test]
    fn scales_that_change_are_rescaled_once() {
        for (pool, kinds) in [(true, 1), (false, 2)] {
            let mut b = Builder::new(2);
            let x = b.input(&[1, 4, 4, 3]);
            let y = if pool {
                b.avg_pool(x, window(2, 2, 0), false)
            } else {
                b.max_pool(x, window(2, 2, 0))
            };
            b.output(y);
            let graph = quantize_given(b.graph.clone(), &given(&b)).unwrap();
            let ops = ops(&graph);
            assert_eq!(ops.len(), kinds, "{ops:?}");
            let last = ops[kinds - 1];
            assert!(
                matches!(last, QOp::DepthwiseConv2d { .. } | QOp::Requantize),
                "{last:?}"
            );
        }
    }

    #[test]
    fn what_is_computed_in_float_is_named() {
        let mut b = Builder::new(3);
        let x = b.input(&[1, 4, 4, 3]);
        let sum = b.node(Op::Add { clamp: None }, &[x, x]);
        let y = b.node(Op::Mul { clamp: None }, &[sum, x]);
        b.output(y);
        let error = quantize_given(b.graph.clone(), &given(&b)).unwrap_err();
        let name = &b.graph.value(sum).name;
        assert!(
            matches!(&error, QuantizeError::Unscaled { value } if value == name),
            "{error}"
        );
    }
}
