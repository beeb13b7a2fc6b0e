//! Float evaluation on candle, on the CPU: the reference that the integer kernels are held to, and
//! the source of calibration data.
//!
//! candle computes the products, sums and moves; what its operators cannot express or get wrong
//! (asymmetric padding, strides per axis, padded pools) are custom operators here, which run
//! forwards only. No type of candle leaves this module.

mod conv;
mod conv_transpose;
mod error;
mod ops;
mod pad;
mod pointwise;
mod pool;
mod storage;
#[cfg(test)]
mod tests;
mod window;

pub use error::EvalError;

use super::{Graph, Node, ValueId, verify};
use candle_core::{Device, Tensor};

/// Some samples of one input or output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Number of samples.
    pub samples: usize,
    /// Samples × values, NHWC.
    pub data: Vec<f32>,
}

/// A graph made ready to be evaluated many times.
///
/// Can be shared between threads; candle's products use all cores anyway.
pub struct Evaluator<'g> {
    graph: &'g Graph,
    /// By value: what does not depend on the inputs, without a batch of samples.
    fixed: Vec<Option<Tensor>>,
    /// By node: values that nobody reads after it.
    dead_after: Vec<Vec<ValueId>>,
}

impl<'g> Evaluator<'g> {
    /// Verifies the graph and prepares its constants.
    ///
    /// # Errors
    /// [`EvalError::Graph`] if the graph is not valid, [`EvalError::Node`] if a node that only
    /// depends on constants cannot be computed.
    pub fn new(graph: &'g Graph) -> Result<Self, EvalError> {
        verify(graph)?;
        let mut evaluator = Self {
            graph,
            fixed: vec![None; graph.value_count()],
            dead_after: dead_after(graph),
        };
        for node in &graph.nodes {
            for &id in &node.inputs {
                let value = graph.value(id);
                if let (Some(data), None) = (&value.constant, &evaluator.fixed[id.index()]) {
                    let tensor = Tensor::from_slice(data, &value.shape[..], &Device::Cpu);
                    evaluator.fixed[id.index()] = Some(tensor.map_err(|e| failed(node, &e))?);
                }
            }
            let inputs = node
                .inputs
                .iter()
                .map(|id| evaluator.fixed[id.index()].as_ref());
            if let Some(inputs) = inputs.collect::<Option<Vec<_>>>() {
                let output = ops::apply(&node.op, &inputs).map_err(|e| failed(node, &e))?;
                evaluator.fixed[node.output.index()] = Some(output);
            }
        }
        Ok(evaluator)
    }

    /// Computes the outputs, in the order of the graph's ports, for any number of samples.
    ///
    /// `inputs` are in the order of the graph's ports. `observe` is called once for every input
    /// and every node's output as soon as it is known, with the values of all samples, NHWC; it
    /// must not depend on the order of nodes.
    ///
    /// Results are those of one sample at a time but for the rounding of sums in matrix products,
    /// which are cut into tiles.
    ///
    /// # Errors
    /// [`EvalError`] if the inputs do not fit the graph, or candle fails.
    pub fn evaluate(
        &self,
        inputs: &[Batch],
        observe: &mut dyn FnMut(ValueId, &[f32]),
    ) -> Result<Vec<Batch>, EvalError> {
        let samples = self.check_inputs(inputs)?;
        let mut live: Vec<Option<Tensor>> = vec![None; self.graph.value_count()];
        for (port, batch) in self.graph.inputs.iter().zip(inputs) {
            observe(port.value, &batch.data);
            let shape = batched(self.graph.shape(port.value), samples);
            let tensor = Tensor::from_slice(&batch.data, shape, &Device::Cpu)
                .map_err(|source| EvalError::port(&port.name, &source))?;
            live[port.value.index()] = Some(tensor);
        }
        for (node, dead) in self.graph.nodes.iter().zip(&self.dead_after) {
            let output = match &self.fixed[node.output.index()] {
                Some(fixed) => ops::repeat(fixed, samples),
                None => self.compute(node, &live, samples),
            };
            let output = output.map_err(|e| failed(node, &e))?;
            storage::with_values(&output, |values| observe(node.output, values))
                .map_err(|e| failed(node, &e))?;
            live[node.output.index()] = Some(output);
            for id in dead {
                live[id.index()] = None;
            }
        }
        self.collect_outputs(&live, samples)
    }

    fn collect_outputs(
        &self,
        live: &[Option<Tensor>],
        samples: usize,
    ) -> Result<Vec<Batch>, EvalError> {
        let outputs = self.graph.outputs.iter().map(|port| {
            let tensor = live[port.value.index()]
                .as_ref()
                .expect("the verifier saw that outputs are computed, and outputs never die");
            let data = storage::with_values(tensor, <[f32]>::to_vec)
                .map_err(|source| EvalError::port(&port.name, &source))?;
            Ok(Batch { samples, data })
        });
        outputs.collect()
    }

    /// Applies a node of which at least one input has samples.
    fn compute(
        &self,
        node: &Node,
        live: &[Option<Tensor>],
        samples: usize,
    ) -> candle_core::Result<Tensor> {
        let rank = self.graph.shape(node.output).len();
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for id in &node.inputs {
            let tensor = match (&self.fixed[id.index()], &live[id.index()]) {
                (Some(fixed), _) => ops::fixed_operand(&node.op, fixed, samples)?,
                (None, Some(tensor)) => ops::batched_operand(&node.op, tensor, rank)?,
                (None, None) => unreachable!("the verifier saw that inputs are computed before"),
            };
            inputs.push(tensor);
        }
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        ops::apply(&node.op, &inputs)
    }

    /// The number of samples, which all inputs must have.
    fn check_inputs(&self, inputs: &[Batch]) -> Result<usize, EvalError> {
        if inputs.len() != self.graph.inputs.len() {
            return Err(EvalError::InputCount {
                expected: self.graph.inputs.len(),
                found: inputs.len(),
            });
        }
        let samples = inputs.first().map_or(1, |batch| batch.samples);
        for (port, batch) in self.graph.inputs.iter().zip(inputs) {
            if batch.samples != samples || samples == 0 {
                return Err(EvalError::SampleCount {
                    input: port.name.clone(),
                    expected: samples.max(1),
                    found: batch.samples,
                });
            }
            let values: usize = self.graph.shape(port.value).iter().product();
            if values.checked_mul(samples) != Some(batch.data.len()) {
                return Err(EvalError::InputLength {
                    input: port.name.clone(),
                    samples,
                    values,
                    found: batch.data.len(),
                });
            }
        }
        Ok(samples)
    }
}

fn failed(node: &Node, source: &candle_core::Error) -> EvalError {
    EvalError::Node {
        node: node.name.clone(),
        op: node.op.name(),
        reason: source.to_string(),
    }
}

/// A shape with the batch replaced by so many samples.
fn batched(shape: &[usize], samples: usize) -> Vec<usize> {
    let rest = shape.iter().skip(1).copied();
    std::iter::once(samples).chain(rest).collect()
}

/// For every node, the values that it is the last to name; outputs are never among them.
fn dead_after(graph: &Graph) -> Vec<Vec<ValueId>> {
    let mut seen = vec![false; graph.value_count()];
    for port in &graph.outputs {
        seen[port.value.index()] = true;
    }
    let mut dead = Vec::with_capacity(graph.nodes.len());
    for node in graph.nodes.iter().rev() {
        let named = node.inputs.iter().chain([&node.output]);
        let last = named.filter(|id| !std::mem::replace(&mut seen[id.index()], true));
        dead.push(last.copied().collect());
    }
    dead.reverse();
    dead
}
