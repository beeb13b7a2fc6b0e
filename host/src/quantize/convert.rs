//! Node by node from the float graph to the int8 graph.

use super::assign::{assign, clamp, handed_on};
use super::element_types::element_types;
use super::error::QuantizeError;
use super::given::Grid;
use super::graph::{DType, QClamp, QGraph, QNode, QOp, QPort, QValue, QuantParams};
use super::headroom::{check_quotient, check_reduction, check_rescale, check_square, check_sum};
use super::lut;
use super::multiplier::quantize_multiplier;
use super::range::{Range, Ranges};
use super::reduction::is_mean;
use super::uses::operands;
use super::weights::{Layer, quantize_weights};
use crate::ir::{
    Activation, AvgPool2d, Binary, Clamp, Class, Conv2d, Graph, Node, Op, Port, Reduction, ValueId,
    Window2d,
};
use std::collections::{BTreeMap, HashMap};
use tiivis_runtime::blob::{Comparison, Which};

/// The int8 graph of a simplified float graph and its values' ranges.
///
/// Weights are symmetric per output channel, activations asymmetric per tensor, as the TFLite
/// quantization specification has it; softmax and sigmoid outputs have scale 1/256 and zero point
/// -128, those of tanh 1/128 and 0. Fused clamps narrow the ranges they follow. Activations that
/// are not fused become tables. An average pool that counts its padding becomes a pad and a pool
/// without padding; one over a whole map becomes a mean, whose output has a scale of its own.
///
/// # Errors
/// See [`QuantizeError`]: what has no integer form, has no range, is not finite, or does not fit
/// 32 bits.
pub fn quantize(graph: &Graph, ranges: &Ranges) -> Result<QGraph, QuantizeError> {
    let mut converter = Converter::with_params(graph, assign(graph, ranges)?, None);
    converter.convert()?;
    Ok(converter.finish())
}

fn port(port: &Port) -> QPort {
    QPort {
        name: port.name.clone(),
        value: port.value,
        source_axes: port.source_axes.clone(),
        unsigned: false,
    }
}

/// Converts node by node.
pub(super) struct Converter<'a> {
    graph: &'a Graph,
    params: Vec<Option<QuantParams>>,
    types: Vec<DType>,
    /// How constants are quantized, where the model says it.
    grids: Option<&'a HashMap<ValueId, Grid>>,
    nodes: Vec<QNode>,
    values: Vec<Option<QValue>>,
}

impl<'a> Converter<'a> {
    /// For a graph whose tensors have these scales; weights are quantized anew where no grid is given.
    pub(super) fn with_params(
        graph: &'a Graph,
        params: Vec<Option<QuantParams>>,
        grids: Option<&'a HashMap<ValueId, Grid>>,
    ) -> Self {
        Self {
            graph,
            params,
            types: element_types(graph),
            grids,
            nodes: Vec::with_capacity(graph.nodes.len()),
            values: vec![None; graph.value_count()],
        }
    }

    /// Converts every node.
    pub(super) fn convert(&mut self) -> Result<(), QuantizeError> {
        let graph = self.graph;
        for port in graph.inputs.iter().chain(&graph.outputs) {
            self.define(port.value)?;
        }
        graph.nodes.iter().try_for_each(|node| self.node(node))
    }

    /// The graph.
    pub(super) fn finish(self) -> QGraph {
        let graph = self.graph;
        QGraph {
            name: graph.name.clone(),
            inputs: graph.inputs.iter().map(port).collect(),
            outputs: graph.outputs.iter().map(port).collect(),
            states: Vec::new(),
            nodes: self.nodes,
            values: self.values,
            origins: BTreeMap::new(),
        }
    }

    /// Enters a value into the int8 graph.
    fn define(&mut self, id: ValueId) -> Result<(), QuantizeError> {
        if self.values[id.index()].is_some() {
            return Ok(());
        }
        let value = self.graph.value(id);
        let params = self.params(id)?;
        let quantize = |&x: &f32| params.quantize(f64::from(x));
        self.values[id.index()] = Some(QValue {
            dtype: self.types[id.index()],
            name: value.name.clone(),
            shape: value.shape.clone(),
            params,
            constant: value
                .constant
                .as_ref()
                .map(|data| data.iter().map(quantize).collect()),
        });
        Ok(())
    }

    fn params(&self, id: ValueId) -> Result<QuantParams, QuantizeError> {
        self.params[id.index()].ok_or_else(|| QuantizeError::MissingRange {
            value: self.graph.value(id).name.clone(),
        })
    }

    fn node(&mut self, node: &Node) -> Result<(), QuantizeError> {
        let may_be_constant = matches!(
            node.op.class(),
            Class::Combination | Class::Product | Class::Join
        );
        for &input in operands(node) {
            if !may_be_constant && self.graph.constant(input).is_some() {
                return Err(QuantizeError::ConstantInput {
                    node: node.name.clone(),
                    value: self.graph.value(input).name.clone(),
                });
            }
            self.define(input)?;
        }
        self.define(node.output)?;
        let mut inputs = operands(node).to_vec();
        if let Op::AvgPool2d(pool) = &node.op {
            inputs = vec![self.counted_padding(node, pool)?];
        }
        if !matches!(node.op, Op::Concat { .. }) {
            for slot in inputs.len() - handed_on(node).len()..inputs.len() {
                inputs[slot] = self.rescaled(node, inputs[slot], slot)?;
            }
        }
        let op = self.op(node)?;
        self.nodes.push(QNode {
            name: node.name.clone(),
            op,
            inputs,
            output: node.output,
        });
        Ok(())
    }

    fn op(&self, node: &Node) -> Result<QOp, QuantizeError> {
        let output = self.params(node.output)?;
        let input = self.params(node.inputs[0])?;
        let clamp = output.clamp(clamp(&node.op));
        Ok(match &node.op {
            Op::Conv2d(conv) => self.conv(node, conv)?,
            Op::ConvTranspose2d(conv) => QOp::TransposeConv2d {
                window: conv.window.clone(),
                groups: conv.groups,
                weights: quantize_weights(&self.layer(node)?)?,
                clamp,
            },
            Op::MatMul {
                transpose_a,
                transpose_b,
            } => QOp::MatMul {
                transpose_a: *transpose_a,
                transpose_b: *transpose_b,
                clamp,
            },
            Op::Dense { .. } => QOp::Dense {
                weights: quantize_weights(&self.layer(node)?)?,
                clamp,
            },
            Op::BatchNorm { .. } => return Err(not_simplified(node, "a batch normalization")),
            Op::Identity => return Err(not_simplified(node, "an identity")),
            // Without bounds it is a step to another scale.
            Op::Activation(Activation::Clamp(Clamp { min, max }))
                if (*min, *max) == (f32::NEG_INFINITY, f32::INFINITY) =>
            {
                check_rescale(node, &[input], output)?;
                QOp::Requantize
            }
            Op::Activation(activation) => QOp::Lut {
                table: lut::table(*activation, input, output),
            },
            Op::MaxPool2d(pool) => QOp::MaxPool2d {
                window: pool.window.clone(),
                clamp,
            },
            Op::AvgPool2d(pool) if is_mean(pool, self.graph.shape(node.inputs[0])) => {
                self.reduce(node, Reduction::Mean, &[1, 2], clamp)?
            }
            Op::AvgPool2d(pool) => QOp::AvgPool2d {
                window: uncounted(pool),
                clamp,
                ties_up: false,
            },
            Op::Add { .. } => {
                check_sum(node, [input, self.params(node.inputs[1])?], output)?;
                QOp::Add { clamp }
            }
            Op::Sub { .. } => {
                check_sum(node, [input, self.params(node.inputs[1])?], output)?;
                QOp::Sub { clamp }
            }
            Op::Mul { .. } => {
                let other = self.params(node.inputs[1])?;
                check_rescale(node, &[input, other], output)?;
                QOp::Mul { clamp }
            }
            Op::Binary(function) => self.binary(node, *function, [input, output])?,
            Op::Select => QOp::Select,
            Op::Fused(function) => QOp::Lut {
                table: lut::of(input, output, |x| function.apply(x)),
            },
            Op::Concat { axis } => {
                for &input in &node.inputs {
                    check_rescale(node, &[self.params(input)?], output)?;
                }
                QOp::Concat { axis: *axis }
            }
            Op::Reshape { .. } => QOp::Reshape,
            Op::Transpose { perm } => QOp::Transpose { perm: perm.clone() },
            Op::Take { maps } => QOp::Take { maps: maps.clone() },
            Op::Pad(pad) => QOp::Pad {
                before: pad.before.clone(),
                after: pad.after.clone(),
                value: output.quantize(f64::from(pad.value)).into(),
            },
            Op::Softmax => QOp::Softmax { beta: 1.0 },
            Op::Reduce(reduce) => self.reduce(node, reduce.reduction, &reduce.axes, clamp)?,
            Op::ArgExtreme {
                axis,
                largest,
                last,
                keep: _,
            } => QOp::ArgExtreme {
                axis: *axis,
                largest: *largest,
                last: *last,
            },
            Op::ResizeBilinear(resize) => QOp::ResizeBilinear {
                coordinates: resize.coordinates,
            },
            Op::L2Normalize => QOp::L2Normalize,
            Op::LogSoftmax => QOp::LogSoftmax,
        })
    }

    /// A reduction, whose sum is proven to fit.
    fn reduce(
        &self,
        node: &Node,
        reduction: Reduction,
        axes: &[usize],
        clamp: QClamp,
    ) -> Result<QOp, QuantizeError> {
        let (from, to) = (self.params(node.inputs[0])?, self.params(node.output)?);
        let shape = self.graph.shape(node.inputs[0]);
        check_reduction(
            node,
            reduction,
            [from, to],
            axes.iter().map(|&axis| shape[axis]).product(),
        )?;
        Ok(QOp::Reduce {
            reduction,
            axes: axes.to_vec(),
            clamp,
        })
    }

    fn binary(
        &self,
        node: &Node,
        function: Binary,
        [a, output]: [QuantParams; 2],
    ) -> Result<QOp, QuantizeError> {
        let b = self.params(node.inputs[1])?;
        let clamp = output.clamp(None);
        let comparison = match function {
            Binary::Div => {
                check_quotient(node, [a, b], output)?;
                return Ok(QOp::Div { clamp });
            }
            Binary::SquaredDifference => {
                check_square(node, [a, b], output)?;
                return Ok(QOp::SquaredDifference { clamp });
            }
            Binary::Prelu => {
                check_rescale(node, &[a], output)?;
                check_rescale(node, &[a, b], output)?;
                return Ok(QOp::Prelu);
            }
            Binary::Maximum => {
                let which = Which::Largest;
                return Ok(QOp::Extreme { which });
            }
            Binary::Minimum => {
                let which = Which::Smallest;
                return Ok(QOp::Extreme { which });
            }
            Binary::Equal => Comparison::Equal,
            Binary::NotEqual => Comparison::NotEqual,
            Binary::Greater => Comparison::Greater,
            Binary::GreaterEqual => Comparison::GreaterEqual,
        };
        Ok(compare(comparison, [a, b]))
    }

    /// The value with the scale and zero point of what the node computes.
    fn rescaled(
        &mut self,
        node: &Node,
        id: ValueId,
        slot: usize,
    ) -> Result<ValueId, QuantizeError> {
        let (from, to) = (self.params(id)?, self.params(node.output)?);
        if from == to {
            return Ok(id);
        }
        let source = self.graph.value(id);
        let quantize = |&x: &f32| to.quantize(f64::from(x));
        let constant = source.constant.as_ref();
        let constant = constant.map(|data| data.iter().map(quantize).collect());
        let is_constant = constant.is_some();
        let rescaled = ValueId::from_index(self.values.len());
        let name = format!("{}.operand{slot}", node.name);
        self.values.push(Some(QValue {
            name: name.clone(),
            shape: source.shape.clone(),
            dtype: DType::I8,
            params: to,
            constant,
        }));
        if !is_constant {
            check_rescale(node, &[from], to)?;
            self.nodes.push(QNode {
                name,
                op: QOp::Requantize,
                inputs: vec![id],
                output: rescaled,
            });
        }
        Ok(rescaled)
    }

    fn conv(&self, node: &Node, conv: &Conv2d) -> Result<QOp, QuantizeError> {
        let mut weights = quantize_weights(&self.layer(node)?)?;
        let window = conv.window.clone();
        let clamp = self.params(node.output)?.clamp(conv.clamp);
        let in_c = self.graph.shape(node.inputs[0]).last().copied();
        let depthwise = conv.groups > 1 && Some(conv.groups) == in_c;
        if depthwise {
            weights.weights = channels_last(&weights.weights, weights.scales.len());
            return Ok(QOp::DepthwiseConv2d {
                window,
                weights,
                clamp,
            });
        }
        Ok(QOp::Conv2d {
            window,
            groups: conv.groups,
            weights,
            clamp,
        })
    }

    fn grid(&self, id: ValueId) -> Option<&Grid> {
        self.grids?.get(&id)
    }

    /// The weights and bias of a node, and the scales around it.
    fn layer<'b>(&'b self, node: &'b Node) -> Result<Layer<'b>, QuantizeError> {
        let constant = |id: ValueId| -> Result<&[f32], QuantizeError> {
            let value = self.graph.value(id);
            let Some(data) = &value.constant else {
                return Err(QuantizeError::ComputedWeights {
                    node: node.name.clone(),
                    value: value.name.clone(),
                });
            };
            match Range::of(data) {
                Some(_) => Ok(data),
                None => Err(QuantizeError::NonFinite {
                    value: value.name.clone(),
                }),
            }
        };
        Ok(Layer {
            node: &node.name,
            weights: constant(node.inputs[1])?,
            bias: node.inputs.get(2).map(|&id| constant(id)).transpose()?,
            channels: self.graph.shape(node.inputs[1])[0],
            input: self.params(node.inputs[0])?,
            output: self.params(node.output)?,
            weight_grid: self.grid(node.inputs[1]),
            bias_grid: node.inputs.get(2).and_then(|&id| self.grid(id)),
        })
    }

    /// The input of an average pool, with its padding made explicit where that counts.
    fn counted_padding(&mut self, node: &Node, pool: &AvgPool2d) -> Result<ValueId, QuantizeError> {
        let input = node.inputs[0];
        let window = &pool.window;
        if window.dilation != [1; 2] {
            return Err(QuantizeError::DilatedAverage {
                node: node.name.clone(),
                dilation: window.dilation,
            });
        }
        let padded = window.pad_before != [0; 2] || window.pad_after != [0; 2];
        if !(padded && pool.count_include_pad) {
            return Ok(input);
        }
        let [top, left] = window.pad_before;
        let [bottom, right] = window.pad_after;
        let (before, after) = (vec![0, top, left, 0], vec![0, bottom, right, 0]);
        let params = self.params(input)?;
        let shape = self
            .graph
            .shape(input)
            .iter()
            .zip(before.iter().zip(&after));
        let output = ValueId::from_index(self.values.len());
        self.values.push(Some(QValue {
            dtype: DType::I8,
            name: format!("{}.padded", node.name),
            shape: shape
                .map(|(len, (before, after))| len + before + after)
                .collect(),
            params,
            constant: None,
        }));
        self.nodes.push(QNode {
            name: format!("{}.pad", node.name),
            op: QOp::Pad {
                before,
                after,
                value: params.quantize(0.0).into(),
            },
            inputs: vec![input],
            output,
        });
        Ok(output)
    }
}

/// A comparison whose operands are brought to twice the larger scale, with as many bits as fit.
fn compare(comparison: Comparison, operands: [QuantParams; 2]) -> QOp {
    /// `255 << 23` fits int32.
    const LEFT_SHIFT: u32 = 23;
    let scales = operands.map(|operand| f64::from(operand.scale));
    let twice = 2.0 * scales[0].max(scales[1]);
    QOp::Compare {
        comparison,
        left_shift: LEFT_SHIFT,
        scales: scales.map(|scale| {
            quantize_multiplier(scale / twice).expect("at most a half, and not negative")
        }),
    }
}

/// The window of an average pool whose counted padding has been made explicit.
fn uncounted(pool: &AvgPool2d) -> Window2d {
    let mut window = pool.window.clone();
    if pool.count_include_pad {
        window.pad_before = [0; 2];
        window.pad_after = [0; 2];
    }
    window
}

/// From `[channel][tap]` to `[tap][channel]`.
fn channels_last(weights: &[i8], channels: usize) -> std::sync::Arc<[i8]> {
    let taps = weights.len() / channels.max(1);
    (0..taps)
        .flat_map(|tap| (0..channels).map(move |channel| weights[channel * taps + tap]))
        .collect()
}

fn not_simplified(node: &Node, op: &'static str) -> QuantizeError {
    QuantizeError::NotSimplified {
        node: node.name.clone(),
        op,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Activation, Clamp, ConvTranspose2d, Fused, Reduce, Term, Unary};
    use crate::passes::oracle::{self, Builder, RELU, random_network, window};
    use crate::passes::simplify;
    use crate::quantize::oracle::{dequantized, evaluate, observed};
    use std::sync::Arc;

    fn quantized(builder: &mut Builder) -> QGraph {
        let samples = builder.samples(60);
        let ranges = observed(&builder.graph, &samples);
        quantize(&builder.graph, &ranges).unwrap()
    }

    /// Signal to quantization noise ratio of the outputs over random samples, in dB.
    fn sqnr(builder: &mut Builder, graph: &QGraph) -> f64 {
        let (mut signal, mut noise) = (0.0, 0.0);
        for _ in 0..10 {
            let sample = builder.sample();
            let real = oracle::outputs(&builder.graph, &sample);
            let values = evaluate(graph, &sample);
            for (port, real) in graph.outputs.iter().zip(real) {
                let value = graph.value(port.value);
                for (x, q) in real
                    .iter()
                    .zip(dequantized(value, &values[port.value.index()]))
                {
                    signal += x * x;
                    noise += (x - q) * (x - q);
                }
            }
        }
        10.0 * (signal / noise).log10()
    }

    fn params(graph: &QGraph, id: ValueId) -> QuantParams {
        graph.value(id).params
    }

    /// Builds a network with every operator that has an integer form.
    fn all_operators(seed: u64) -> Builder {
        let mut b = Builder::new(seed);
        let x = b.input(&[1, 9, 8, 3]);
        let stem = b.conv(x, 8, window(3, 1, 1), 1, Some(RELU));
        let pooled = b.max_pool(stem, window(2, 2, 0));
        let deep = b.conv(pooled, 16, window(3, 1, 1), 8, Some(RELU));
        let grouped = b.conv(pooled, 16, window(1, 1, 0), 2, None);
        let sum = b.node(Op::Add { clamp: Some(RELU) }, &[deep, grouped]);
        let scaled = b.random_constant(&[16], 1.0);
        let scaled = b.node(Op::Mul { clamp: None }, &[sum, scaled]);
        let less = b.node(Op::Sub { clamp: None }, &[scaled, deep]);
        let bent = b.node(Op::Activation(Activation::HardSwish), &[less]);
        let both = b.node(Op::Concat { axis: 3 }, &[bent, grouped]);
        let mean = b.avg_pool(both, window(3, 2, 1), true);
        let larger = b.conv_transpose(mean, 6, 2);
        let perm = vec![0, 2, 1, 3];
        let turned = b.node(Op::Transpose { perm }, &[larger]);
        let product = Op::MatMul {
            transpose_a: true,
            transpose_b: false,
        };
        let turned = b.node(product, &[turned, turned]);
        let count = b.graph.shape(turned).iter().product();
        let shape = vec![1, count];
        let flat = b.node(Op::Reshape { shape }, &[turned]);
        let logits = b.dense(flat, 5, None);
        let probabilities = b.node(Op::Softmax, &[logits]);
        b.output(logits);
        b.output(probabilities);
        b
    }

    /// A network of the operators of two and three values, and of functions.
    fn choosing(seed: u64) -> Builder {
        let mut b = Builder::new(seed);
        let x = b.input(&[1, 5, 4, 3]);
        let other = b.input(&[1, 5, 4, 3]);
        let [fixed, slope, bound] = [1.0, 0.7, 0.4].map(|m| b.random_constant(&[3], m));
        let sigmoid = b.node(Op::Activation(Activation::Sigmoid), &[x]);
        let larger = b.node(Op::Binary(Binary::Maximum), &[sigmoid, other]);
        let smaller = b.node(Op::Binary(Binary::Minimum), &[bound, larger]);
        let bent = b.node(Op::Binary(Binary::Prelu), &[smaller, slope]);
        let squared = b.node(Op::Binary(Binary::SquaredDifference), &[bent, other]);
        let above = b.node(Op::Binary(Binary::Greater), &[squared, other]);
        let alike = b.node(Op::Binary(Binary::Equal), &[sigmoid, other]);
        let either = b.node(Op::Binary(Binary::Maximum), &[above, alike]);
        let chosen = b.node(Op::Select, &[either, x, fixed]);
        let terms = vec![
            Term::Input,
            Term::Unary(Activation::Unary(Unary::Abs), 0),
            Term::Constant(0.5),
            Term::Add(1, 2, None),
        ];
        let divisor = b.node(Op::Fused(Arc::new(Fused { terms })), &[x]);
        let quotient = b.node(Op::Binary(Binary::Div), &[chosen, divisor]);
        b.output(either);
        b.output(quotient);
        b
    }

    #[test]
    fn operators_of_several_values_round_once() {
        for seed in 0..20 {
            assert_rounds_once(choosing(seed));
        }
    }

    /// Rounding errors of a node's weights and bias, in the worst case, per output element.
    fn weight_error(graph: &Graph, node: &Node, x: &QValue, data: &[f64]) -> Option<Vec<f64>> {
        let weights = graph.constant(*node.inputs.get(1)?)?;
        let shape = graph.shape(node.inputs[1]);
        let row = weights.len() / shape[0];
        let step = |filter: &[f32]| {
            let largest = filter.iter().fold(0f32, |m, w| m.max(w.abs()));
            f64::from(largest) / 127.0
        };
        let steps: Vec<f64> = weights.chunks(row).map(step).collect();
        let halves: Vec<f64> = (0..weights.len()).map(|i| steps[i / row] / 2.0).collect();
        let bias: Vec<f64> = steps
            .iter()
            .map(|step| step * f64::from(x.params.scale) / 2.0)
            .collect();
        let magnitudes: Vec<f64> = data.iter().map(|x| x.abs()).collect();
        let op = match &node.op {
            Op::Conv2d(conv) => {
                let clamp = None;
                Op::Conv2d(Conv2d {
                    clamp,
                    ..conv.clone()
                })
            }
            Op::ConvTranspose2d(conv) => {
                let clamp = None;
                Op::ConvTranspose2d(ConvTranspose2d {
                    clamp,
                    ..conv.clone()
                })
            }
            Op::Dense { .. } => Op::Dense { clamp: None },
            _ => return None,
        };
        let channels = [bias.len()];
        let tensors = [
            (&x.shape[..], &magnitudes[..]),
            (shape, &halves[..]),
            (&channels, &bias[..]),
        ];
        Some(oracle::compute_op(&op, &tensors))
    }

    #[test]
    fn every_node_rounds_once() {
        for seed in 0..4 {
            assert_rounds_once(all_operators(seed));
        }
        for seed in 0..60 {
            let mut b = random_network(seed);
            simplify(&mut b.graph, &mut |_, _| {}).unwrap();
            assert_rounds_once(b);
        }
    }

    /// Each node of the int8 graph gives, of what it reads, what the float node gives, up to the
    /// rounding of its weights and of the result.
    fn assert_rounds_once(mut b: Builder) {
        let samples = b.samples(6);
        let ranges = observed(&b.graph, &samples);
        let graph = quantize(&b.graph, &ranges).unwrap();
        let values = evaluate(&graph, &b.sample());
        for node in &b.graph.nodes {
            let inputs: Vec<Vec<f64>> = node
                .inputs
                .iter()
                .map(
                    |&id| match (&b.graph.value(id).constant, &graph.values[id.index()]) {
                        (_, Some(value)) => dequantized(value, &values[id.index()]),
                        (Some(data), None) => data.iter().map(|&x| f64::from(x)).collect(),
                        (None, None) => panic!("{} reads nothing", node.name),
                    },
                )
                .collect();
            let tensors: Vec<(&[usize], &[f64])> = std::iter::zip(&node.inputs, &inputs)
                .map(|(&id, data)| (b.graph.shape(id), &data[..]))
                .collect();
            let expected = oracle::compute_op(&node.op, &tensors);
            let input = graph.value(node.inputs[0]);
            let error = weight_error(&b.graph, node, input, &inputs[0]);
            let output = graph.value(node.output).params;
            for (i, &q) in values[node.output.index()].iter().enumerate() {
                let error = error.as_ref().map_or(0.0, |error| error[i]);
                let low = output.quantize(expected[i] - 1.001 * error - 1e-6);
                let high = output.quantize(expected[i] + 1.001 * error + 1e-6);
                assert!(
                    (low..=high).contains(&q),
                    "{}: {q} {low}..={high}",
                    node.name
                );
            }
        }
    }

    #[test]
    fn a_network_of_all_operators_stays_close() {
        for seed in 0..4 {
            let mut b = all_operators(seed);
            let graph = quantized(&mut b);
            let ratio = sqnr(&mut b, &graph);
            assert!(ratio > 22.0, "seed {seed}: {ratio} dB");
        }
    }

    #[test]
    fn depthwise_weights_are_reordered_per_channel() {
        for multiplier in [1, 2] {
            let mut b = Builder::new(9);
            let x = b.input(&[1, 6, 5, 4]);
            let out = b.conv(x, 4 * multiplier, window(3, 2, 1), 4, None);
            b.output(out);
            let graph = quantized(&mut b);
            assert!(matches!(graph.nodes[0].op, QOp::DepthwiseConv2d { .. }));
            let ratio = sqnr(&mut b, &graph);
            assert!(ratio > 28.0, "{ratio} dB");
        }
    }

    #[test]
    fn a_pool_shares_the_scale_of_its_own_narrower_range() {
        let mut b = Builder::new(10);
        let x = b.input(&[1, 8, 8, 2]);
        let conv = b.conv(x, 4, window(3, 1, 1), 1, None);
        let pool = b.max_pool(conv, window(4, 4, 0));
        let relu = Clamp { min: 0.0, max: 1.0 };
        let Op::MaxPool2d(parameters) = &mut b.graph.nodes[1].op else {
            unreachable!("the second node")
        };
        parameters.clamp = Some(relu);
        b.output(pool);
        let graph = quantized(&mut b);
        assert_eq!(params(&graph, conv), params(&graph, pool));
        let QuantParams { scale, zero_point } = params(&graph, pool);
        assert_eq!(zero_point, -128);
        assert!(scale <= 1.0 / 255.0 && scale > 0.5 / 255.0);
        assert!(sqnr(&mut b, &graph) > 35.0);
    }

    #[test]
    fn the_input_of_an_average_pool_keeps_its_range() {
        let mut b = Builder::new(11);
        let x = b.input(&[1, 8, 8, 2]);
        let conv = b.conv(x, 4, window(1, 1, 0), 1, None);
        let pool = b.avg_pool(conv, window(4, 4, 0), false);
        b.output(pool);
        let samples = b.samples(5);
        let ranges = observed(&b.graph, &samples);
        let graph = quantize(&b.graph, &ranges).unwrap();
        let expected = QuantParams::from_range(ranges.get(conv).unwrap());
        assert_eq!(params(&graph, conv), expected);
        assert_eq!(params(&graph, pool), expected);
    }

    #[test]
    fn concatenated_layers_take_its_scale_and_others_keep_theirs() {
        let mut b = Builder::new(12);
        let x = b.input(&[1, 4, 4, 3]);
        let alone = b.conv(x, 2, window(1, 1, 0), 1, None);
        let shared = b.conv(x, 2, window(1, 1, 0), 1, None);
        let constant = b.constant(&[1, 4, 4, 1], vec![7.0; 16]);
        let sigmoid = b.node(Op::Activation(Activation::Sigmoid), &[shared]);
        let all = b.node(
            Op::Concat { axis: 3 },
            &[alone, shared, x, sigmoid, constant],
        );
        b.output(all);
        let graph = quantized(&mut b);
        let whole = params(&graph, all);
        assert_eq!(params(&graph, alone), whole);
        assert_eq!(params(&graph, constant), whole);
        for other in [shared, x, sigmoid] {
            assert_ne!(params(&graph, other), whole);
        }
        assert!(sqnr(&mut b, &graph) > 35.0);
    }

    #[test]
    fn a_pool_does_not_widen_the_concatenation_that_it_joins() {
        let mut b = Builder::new(18);
        let x = b.input(&[1, 8, 8, 2]);
        let conv = b.conv(x, 4, window(1, 1, 0), 1, None);
        let mean = b.avg_pool(conv, window(7, 1, 0), false);
        let all = b.node(Op::Concat { axis: 3 }, &[mean, mean]);
        b.output(all);
        let graph = quantized(&mut b);
        assert!(params(&graph, all).scale < 0.5 * params(&graph, mean).scale);
    }

    #[test]
    fn a_mean_over_a_map_has_a_scale_of_its_own() {
        let mut b = Builder::new(11);
        let x = b.input(&[1, 8, 8, 2]);
        let conv = b.conv(x, 4, window(1, 1, 0), 1, None);
        let mean = b.avg_pool(conv, window(8, 1, 0), false);
        let sum = Reduce {
            reduction: Reduction::Sum,
            axes: vec![2],
            keep: false,
        };
        let sum = b.node(Op::Reduce(sum), &[conv]);
        b.output(mean);
        b.output(sum);
        let samples = b.samples(60);
        let ranges = observed(&b.graph, &samples);
        let graph = quantize(&b.graph, &ranges).unwrap();
        for id in [conv, mean, sum] {
            let expected = QuantParams::from_range(ranges.get(id).unwrap());
            assert_eq!(params(&graph, id), expected);
        }
        b.graph.outputs.pop();
        let graph = quantized(&mut b);
        let ratio = sqnr(&mut b, &graph);
        assert!(ratio > 30.0, "{ratio} dB");
    }

    #[test]
    fn prescribed_outputs() {
        let mut b = Builder::new(13);
        let x = b.input(&[1, 6]);
        let probability = QuantParams {
            scale: 1.0 / 256.0,
            zero_point: -128,
        };
        let unit = QuantParams {
            scale: 1.0 / 128.0,
            zero_point: 0,
        };
        let cases = [
            (Op::Softmax, probability),
            (Op::Activation(Activation::Sigmoid), probability),
            (Op::Activation(Activation::Tanh), unit),
        ];
        let outputs: Vec<_> = cases
            .iter()
            .map(|(op, _)| b.node(op.clone(), &[x]))
            .collect();
        // What only moves them has the same scale.
        let moved = b.node(
            Op::Reshape {
                shape: vec![1, 2, 3],
            },
            &[outputs[0]],
        );
        for &output in outputs.iter().chain([&moved]) {
            b.output(output);
        }
        let graph = quantized(&mut b);
        for (output, (_, expected)) in outputs.iter().zip(&cases) {
            assert_eq!(params(&graph, *output), *expected);
        }
        assert_eq!(params(&graph, moved), probability);
        assert!(sqnr(&mut b, &graph) > 35.0);
    }

    #[test]
    fn counted_padding_becomes_a_pad_with_the_zero_point() {
        let mut b = Builder::new(14);
        let x = b.input(&[1, 5, 5, 2]);
        let pool = b.avg_pool(x, window(3, 1, 1), true);
        b.output(pool);
        let graph = quantized(&mut b);
        let QOp::Pad { before, value, .. } = &graph.nodes[0].op else {
            panic!("{:?}", graph.nodes[0])
        };
        assert_eq!(before, &[0, 1, 1, 0]);
        assert_eq!(i32::from(*value), params(&graph, x).zero_point);
        assert_eq!(graph.value(graph.nodes[0].output).shape, [1, 7, 7, 2]);
        assert_eq!(graph.nodes[1].inputs, [graph.nodes[0].output]);
        assert!(sqnr(&mut b, &graph) > 30.0);
    }

    #[test]
    fn a_border_is_never_clipped() {
        let mut b = Builder::new(15);
        let x = b.input(&[1, 3, 3, 1]);
        let padded = b.pad(x, 1, 50.0);
        let conv = b.conv(padded, 2, window(3, 1, 0), 1, None);
        b.output(conv);
        let samples = b.samples(5);
        let mut ranges = observed(&b.graph, &samples);
        ranges.set(padded, Range::new(-1.0, 1.0).unwrap());
        let graph = quantize(&b.graph, &ranges).unwrap();
        assert!(params(&graph, padded).scale >= 50.0 / 255.0);
        assert!(sqnr(&mut b, &graph) > 30.0);
    }

    #[test]
    fn errors_name_node_and_value() {
        let refused = |build: &dyn Fn(&mut Builder)| {
            let mut b = Builder::new(16);
            build(&mut b);
            let samples = b.samples(2);
            let ranges = observed(&b.graph, &samples);
            quantize(&b.graph, &ranges).unwrap_err().to_string()
        };
        type Build<'a> = &'a dyn Fn(&mut Builder);
        let cases: [(Build<'_>, &str); 6] = [
            (
                &|b| {
                    let x = b.input(&[1, 2, 2, 3]);
                    let y = b.node(Op::Softmax, &[x]);
                    let y = b.pad(y, 1, -1.0);
                    b.output(y);
                },
                "node `node1` pads the output of a softmax",
            ),
            (
                &|b| {
                    let x = b.input(&[1, 2, 2, 3]);
                    let y = b.batch_norm(x);
                    b.output(y);
                },
                "node `node0` is a batch normalization",
            ),
            (
                &|b| {
                    let c = b.constant(&[1, 4], vec![1.0; 4]);
                    let y = b.dense(c, 2, None);
                    b.output(y);
                },
                "node `node0` reads the constant `constant0`",
            ),
            (
                &|b| {
                    let (x, w) = (b.input(&[1, 4]), b.input(&[2, 4]));
                    let y = b.node(Op::Dense { clamp: None }, &[x, w]);
                    b.output(y);
                },
                "from `input1`",
            ),
            (
                &|b| {
                    let x = b.input(&[1, 4, 4, 1]);
                    let mut window = window(2, 1, 0);
                    window.dilation = [2, 1];
                    let y = b.avg_pool(x, window, false);
                    b.output(y);
                },
                "dilation [2, 1]",
            ),
            (
                &|b| {
                    let x = b.input(&[1, 1]);
                    let w = b.constant(&[1, 1], vec![f32::MAX]);
                    let y = b.node(
                        Op::Dense {
                            clamp: Some(Clamp {
                                min: 0.0,
                                max: 1e-9,
                            }),
                        },
                        &[x, w],
                    );
                    b.output(y);
                },
                "node `node0` computes values up to",
            ),
        ];
        for (build, expected) in cases {
            let error = refused(build);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn ranges_and_weights_must_be_there_and_finite() {
        let mut b = Builder::new(17);
        let x = b.input(&[1, 2]);
        let w = b.constant(&[1, 2], vec![f32::NAN, 1.0]);
        let y = b.node(Op::Dense { clamp: None }, &[x, w]);
        b.output(y);
        let missing = |value: &str| QuantizeError::MissingRange {
            value: value.to_owned(),
        };
        let mut ranges = Ranges::default();
        assert_eq!(quantize(&b.graph, &ranges), Err(missing("input0")));
        ranges.set(x, Range::ZERO);
        assert_eq!(quantize(&b.graph, &ranges), Err(missing("node0.out")));
        ranges.set(y, Range::ZERO);
        let error = quantize(&b.graph, &ranges).unwrap_err();
        assert!(matches!(error, QuantizeError::NonFinite { value } if value == "constant1"));
    }
}
