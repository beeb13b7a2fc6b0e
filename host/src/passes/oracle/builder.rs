//! Small graphs, node by node.

use super::evaluate::shape_of;
use super::random::Random;
use crate::ir::{
    Activation, AvgPool2d, Clamp, Conv2d, ConvTranspose2d, Graph, Node, Op, Pad, Pool2d, Port,
    TransposedWindow2d, Value, ValueId, Window2d,
};

/// Builds graphs for tests; nodes are named by their operator and number.
pub(crate) struct Builder {
    pub(crate) graph: Graph,
    pub(crate) random: Random,
}

pub(crate) const RELU: Clamp = Clamp {
    min: 0.0,
    max: f32::INFINITY,
};

impl Builder {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            graph: Graph::new("test"),
            random: Random::new(seed),
        }
    }

    pub(crate) fn input(&mut self, shape: &[usize]) -> ValueId {
        let name = format!("input{}", self.graph.inputs.len());
        let value = self.graph.add_activation(&name, shape.to_vec());
        let source_axes = (0..shape.len()).collect();
        self.graph.inputs.push(Port {
            name,
            value,
            source_axes,
        });
        value
    }

    pub(crate) fn output(&mut self, value: ValueId) {
        self.graph.outputs.push(Port {
            name: format!("output{}", self.graph.outputs.len()),
            value,
            source_axes: (0..self.graph.shape(value).len()).collect(),
        });
    }

    pub(crate) fn constant(&mut self, shape: &[usize], data: Vec<f32>) -> ValueId {
        let name = format!("constant{}", self.graph.value_count());
        self.graph.add_constant(name, shape.to_vec(), data)
    }

    pub(crate) fn random_constant(&mut self, shape: &[usize], magnitude: f32) -> ValueId {
        let count = shape.iter().product();
        let data = self.random.normals(count);
        self.constant(shape, data.iter().map(|x| x * magnitude).collect())
    }

    pub(crate) fn node(&mut self, op: Op, inputs: &[ValueId]) -> ValueId {
        let shapes: Vec<&[usize]> = inputs.iter().map(|&id| self.graph.shape(id)).collect();
        let shape = shape_of(&op, &shapes);
        let name = format!("node{}", self.graph.nodes.len());
        let output = self.graph.add_value(Value {
            name: format!("{name}.out"),
            shape,
            constant: None,
        });
        self.graph.nodes.push(Node {
            name,
            op,
            inputs: inputs.to_vec(),
            output,
        });
        output
    }

    /// A convolution with random weights and bias.
    pub(crate) fn conv(
        &mut self,
        x: ValueId,
        out_c: usize,
        window: Window2d,
        groups: usize,
        clamp: Option<Clamp>,
    ) -> ValueId {
        let in_c = self.graph.shape(x)[3] / groups;
        let [h, w] = window.kernel;
        let magnitude = 1.0 / ((h * w * in_c) as f32).sqrt();
        let weights = self.random_constant(&[out_c, h, w, in_c], magnitude);
        let bias = self.random_constant(&[out_c], 0.3);
        let conv = Conv2d {
            window,
            groups,
            clamp,
        };
        self.node(Op::Conv2d(conv), &[x, weights, bias])
    }

    /// A transposed convolution with random weights and bias, a kernel of 3 × 3, padding 1, and an
    /// output that is `stride` times as large.
    pub(crate) fn conv_transpose(&mut self, x: ValueId, out_c: usize, stride: usize) -> ValueId {
        let &[_, rows, columns, in_c] = self.graph.shape(x) else {
            panic!("an image");
        };
        let magnitude = 1.0 / ((9 * in_c) as f32).sqrt();
        let weights = self.random_constant(&[out_c, 3, 3, in_c], magnitude);
        let bias = self.random_constant(&[out_c], 0.3);
        let conv = ConvTranspose2d {
            window: TransposedWindow2d {
                kernel: [3; 2],
                stride: [stride; 2],
                dilation: [1; 2],
                pad_before: [1; 2],
                output: [stride * rows, stride * columns],
            },
            groups: 1,
            clamp: None,
        };
        self.node(Op::ConvTranspose2d(conv), &[x, weights, bias])
    }

    /// A dense layer with random weights and bias.
    pub(crate) fn dense(&mut self, x: ValueId, out: usize, clamp: Option<Clamp>) -> ValueId {
        let features = *self.graph.shape(x).last().unwrap();
        let magnitude = 1.0 / (features as f32).sqrt();
        let weights = self.random_constant(&[out, features], magnitude);
        let bias = self.random_constant(&[out], 0.3);
        self.node(Op::Dense { clamp }, &[x, weights, bias])
    }

    /// A batch normalization with random parameters over the last axis.
    pub(crate) fn batch_norm(&mut self, x: ValueId) -> ValueId {
        let channels = *self.graph.shape(x).last().unwrap();
        let [scale, bias, mean] = [0.7, 0.5, 0.5].map(|m| self.random_constant(&[channels], m));
        let variance = (0..channels)
            .map(|_| self.random.within(0.2, 2.0))
            .collect();
        let variance = self.constant(&[channels], variance);
        self.node(
            Op::BatchNorm { epsilon: 1e-3 },
            &[x, scale, bias, mean, variance],
        )
    }

    pub(crate) fn relu(&mut self, x: ValueId) -> ValueId {
        self.node(Op::Activation(Activation::Clamp(RELU)), &[x])
    }

    pub(crate) fn pad(&mut self, x: ValueId, amount: usize, value: f32) -> ValueId {
        let side = vec![0, amount, amount, 0];
        let pad = Pad {
            before: side.clone(),
            after: side,
            value,
        };
        self.node(Op::Pad(pad), &[x])
    }

    pub(crate) fn max_pool(&mut self, x: ValueId, window: Window2d) -> ValueId {
        let clamp = None;
        self.node(Op::MaxPool2d(Pool2d { window, clamp }), &[x])
    }

    pub(crate) fn avg_pool(&mut self, x: ValueId, window: Window2d, counted: bool) -> ValueId {
        let pool = AvgPool2d {
            window,
            count_include_pad: counted,
            clamp: None,
        };
        self.node(Op::AvgPool2d(pool), &[x])
    }

    /// Random data for every input.
    pub(crate) fn sample(&mut self) -> Vec<Vec<f32>> {
        sample(&self.graph, &mut self.random)
    }

    pub(crate) fn samples(&mut self, count: usize) -> Vec<Vec<Vec<f32>>> {
        (0..count).map(|_| self.sample()).collect()
    }
}

/// Random data for every input of a graph.
pub(crate) fn sample(graph: &Graph, random: &mut Random) -> Vec<Vec<f32>> {
    let count = |port: &Port| graph.shape(port.value).iter().product();
    graph
        .inputs
        .iter()
        .map(|port| random.normals(count(port)))
        .collect()
}

/// A square window.
pub(crate) fn window(kernel: usize, stride: usize, pad: usize) -> Window2d {
    Window2d {
        kernel: [kernel; 2],
        stride: [stride; 2],
        dilation: [1; 2],
        pad_before: [pad; 2],
        pad_after: [pad; 2],
    }
}
