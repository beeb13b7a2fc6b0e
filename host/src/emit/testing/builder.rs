//! Integer graphs, node by node.

use crate::ir::{ValueId, Window2d};
use crate::plan::testing::Random;
use crate::quantize::graph::{
    DType, Initial, QClamp, QGraph, QNode, QOp, QPort, QState, QValue, QuantParams, Sums, Weights,
};
use crate::quantize::quantize_multiplier;
use std::sync::Arc;

pub(crate) fn params(scale: f32, zero_point: i32) -> QuantParams {
    QuantParams { scale, zero_point }
}

/// A graph that grows.
pub(crate) struct Builder {
    pub(crate) graph: QGraph,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            graph: QGraph {
                name: "test".to_owned(),
                inputs: Vec::new(),
                outputs: Vec::new(),
                states: Vec::new(),
                nodes: Vec::new(),
                values: Vec::new(),
                origins: Default::default(),
            },
        }
    }

    /// Says that a value's elements are of this type.
    pub(crate) fn retype(&mut self, value: ValueId, dtype: DType) -> ValueId {
        let value_mut = self.graph.values[value.index()].as_mut();
        value_mut.expect("made by this builder").dtype = dtype;
        value
    }

    fn value(
        &mut self,
        shape: &[usize],
        params: QuantParams,
        constant: Option<Vec<i8>>,
    ) -> ValueId {
        let index = self.graph.values.len();
        self.graph.values.push(Some(QValue {
            dtype: DType::I8,
            name: format!("value {index}"),
            shape: shape.to_vec(),
            params,
            constant: constant.map(Arc::from),
        }));
        ValueId::from_index(index)
    }

    pub(crate) fn constant(
        &mut self,
        shape: &[usize],
        params: QuantParams,
        values: Vec<i8>,
    ) -> ValueId {
        self.value(shape, params, Some(values))
    }

    fn port(&self, name: String, value: ValueId) -> QPort {
        QPort {
            name,
            value,
            source_axes: (0..self.shape(value).len()).collect(),
            unsigned: false,
        }
    }

    pub(crate) fn input(&mut self, shape: &[usize], params: QuantParams) -> ValueId {
        let value = self.value(shape, params, None);
        let port = self.port(format!("in {}", self.graph.inputs.len()), value);
        self.graph.inputs.push(port);
        value
    }

    /// A state without a next value.
    pub(crate) fn state(
        &mut self,
        shape: &[usize],
        params: QuantParams,
        initial: Initial,
    ) -> ValueId {
        let value = self.value(shape, params, None);
        self.graph.states.push(QState {
            name: format!("state {}", self.graph.states.len()),
            value,
            next: None,
            initial,
        });
        value
    }

    pub(crate) fn output(&mut self, value: ValueId) {
        let port = self.port(format!("out {}", self.graph.outputs.len()), value);
        self.graph.outputs.push(port);
    }

    pub(crate) fn shape(&self, value: ValueId) -> Vec<usize> {
        self.graph.value(value).shape.clone()
    }

    pub(crate) fn params(&self, value: ValueId) -> QuantParams {
        self.graph.value(value).params
    }

    pub(crate) fn node(
        &mut self,
        op: QOp,
        inputs: &[ValueId],
        shape: &[usize],
        params: QuantParams,
    ) -> ValueId {
        let output = self.value(shape, params, None);
        self.graph.nodes.push(QNode {
            name: format!("node {}", self.graph.nodes.len()),
            op,
            inputs: inputs.to_vec(),
            output,
        });
        output
    }

    /// A node that keeps shape, scale and zero point.
    pub(crate) fn like(&mut self, op: QOp, input: ValueId) -> ValueId {
        let (shape, params) = (self.shape(input), self.params(input));
        self.node(op, &[input], &shape, params)
    }

    pub(crate) fn reshape(&mut self, input: ValueId, shape: &[usize]) -> ValueId {
        let params = self.params(input);
        self.node(QOp::Reshape, &[input], shape, params)
    }
}

pub(crate) fn clamp() -> QClamp {
    QClamp {
        min: -128,
        max: 127,
    }
}

pub(crate) fn int8(random: &mut Random, count: usize) -> Vec<i8> {
    let value = |_| i8::try_from(i16::try_from(random.below(256)).unwrap() - 128).unwrap();
    (0..count).map(value).collect()
}

/// Random weights whose results spread over the output's range.
pub(crate) fn weights(random: &mut Random, channels: usize, taps: usize) -> Weights {
    let scale = |random: &mut Random| {
        let spread = 1.0 + f64::from(u32::try_from(random.below(1000)).unwrap()) / 500.0;
        let taps = f64::from(u32::try_from(taps).unwrap());
        quantize_multiplier(spread / (90.0 * taps.sqrt())).unwrap()
    };
    Weights {
        zero_point: 0,
        weights: int8(random, channels * taps).into(),
        bias: (0..channels)
            .map(|_| i64::try_from(random.below(4000)).unwrap() - 2000)
            .collect(),
        sums: Sums::Int32,
        scales: (0..channels).map(|_| scale(random)).collect(),
    }
}

/// A window with these kernel and stride per axis, and the output's rows and columns.
pub(super) fn window(
    random: &mut Random,
    shape: &[usize],
    is_pool: bool,
) -> Option<(Window2d, [usize; 2])> {
    let mut window = Window2d {
        kernel: [1; 2],
        stride: [1; 2],
        dilation: [1; 2],
        pad_before: [0; 2],
        pad_after: [0; 2],
    };
    let mut output = [0; 2];
    for axis in 0..2 {
        window.kernel[axis] = 1 + random.below(3);
        window.stride[axis] = 1 + random.below(2);
        if !is_pool && random.chance(20) {
            window.dilation[axis] = 2;
        }
        // Less than the kernel: no pooling window is empty.
        let reach = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
        window.pad_before[axis] = random.below(window.kernel[axis]);
        window.pad_after[axis] = random.below(window.kernel[axis]);
        let padded = shape[1 + axis] + window.pad_before[axis] + window.pad_after[axis];
        output[axis] = padded.checked_sub(reach)? / window.stride[axis] + 1;
    }
    Some((window, output))
}
