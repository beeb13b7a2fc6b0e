//! Feeding arrays to the float graph.

use crate::data::{Array, DataError, Elements, InputSpec, common_samples, layout};
use crate::ir::eval::{Batch, EvalError, Evaluator};
use crate::ir::{Graph, Port};
use crate::measure::sim::unit;
use std::borrow::Cow;

/// Samples that are evaluated at once: enough to fill a matrix product, little enough for the
/// cache. Results do not depend on it.
const BATCH: usize = 64;

/// What an input of a float graph takes.
const ACCEPTED: &str = "float32, or uint8 pixels (scaled by 1/255)";

/// Why a float graph could not be run on arrays.
#[derive(Debug, thiserror::Error)]
pub enum FloatError {
    /// An array does not fit an input.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The evaluation failed.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

/// Samples of a model's inputs, a batch at a time, in the internal axis order.
pub struct Batches<'a> {
    /// Per input: its port, the shape of a sample, its array.
    inputs: Vec<(&'a Port, &'a [usize], &'a Array)>,
    /// Indices of the samples that are still to come.
    left: &'a [usize],
}

/// The samples `chosen` (indices) of arrays in the source model's axis order, one array per input.
/// float32 is taken as it is, uint8 is scaled by 1/255.
pub fn batches<'a>(
    graph: &'a Graph,
    arrays: &[&'a Array],
    chosen: &'a [usize],
) -> Result<Batches<'a>, DataError> {
    samples(graph, arrays)?;
    let ports = graph.inputs.iter().zip(arrays);
    let inputs = ports.map(|(port, &array)| match &array.elements {
        Elements::F32(_) | Elements::U8(_) => Ok((port, graph.shape(port.value), array)),
        Elements::I8(_)
        | Elements::I16(_)
        | Elements::I32(_)
        | Elements::I64(_)
        | Elements::Bool(_) => Err(DataError::InputType {
            name: port.name.clone(),
            accepted: ACCEPTED,
            found: array.elements.type_name(),
        }),
    });
    Ok(Batches {
        inputs: inputs.collect::<Result<_, _>>()?,
        left: chosen,
    })
}

impl Iterator for Batches<'_> {
    type Item = Vec<Batch>;

    fn next(&mut self) -> Option<Vec<Batch>> {
        let (now, later) = self.left.split_at(BATCH.min(self.left.len()));
        self.left = later;
        let batch = |&(port, shape, array): &(&Port, &[usize], &Array)| {
            let len = shape.iter().product::<usize>();
            let sample = |&index: &usize| {
                let values = real(array, index * len, len);
                layout::to_internal(&values, shape, &port.source_axes)
            };
            Batch {
                samples: now.len(),
                data: now.iter().flat_map(sample).collect(),
            }
        };
        (!now.is_empty()).then(|| self.inputs.iter().map(batch).collect())
    }
}

/// Elements of an array that holds floats or pixels.
fn real(array: &Array, start: usize, len: usize) -> Cow<'_, [f32]> {
    match &array.elements {
        Elements::F32(values) => Cow::Borrowed(&values[start..][..len]),
        Elements::U8(values) => values[start..][..len].iter().map(|&u| unit(u)).collect(),
        Elements::I8(_)
        | Elements::I16(_)
        | Elements::I32(_)
        | Elements::I64(_)
        | Elements::Bool(_) => {
            unreachable!("refused when the batches were made")
        }
    }
}

/// Number of samples in arrays, one per input.
fn samples(graph: &Graph, arrays: &[&Array]) -> Result<usize, DataError> {
    common_samples(arrays, &inputs(graph))
}

/// The inputs of a float graph, in order.
pub fn inputs(graph: &Graph) -> Vec<InputSpec> {
    let spec = |port: &Port| InputSpec {
        name: port.name.clone(),
        shape: source_shape(graph, port),
        accepted: ACCEPTED,
    };
    graph.inputs.iter().map(spec).collect()
}

fn source_shape(graph: &Graph, port: &Port) -> Vec<usize> {
    let shape = graph.shape(port.value);
    port.source_axes.iter().map(|&axis| shape[axis]).collect()
}

/// Evaluates every sample; the outputs, in order, are arrays in the source model's axis order.
///
/// `progress` is told how many samples were done.
pub fn run(
    graph: &Graph,
    arrays: &[&Array],
    progress: &dyn Fn(usize),
) -> Result<Vec<Array>, FloatError> {
    let evaluator = Evaluator::new(graph)?;
    let mut outputs: Vec<Vec<f32>> = vec![Vec::new(); graph.outputs.len()];
    let total = samples(graph, arrays)?;
    let all: Vec<_> = (0..total).collect();
    for batch in batches(graph, arrays, &all)? {
        let count = batch.first().map_or(0, |input| input.samples);
        let results = evaluator.evaluate(&batch, &mut |_, _| {})?;
        for ((output, result), port) in outputs.iter_mut().zip(results).zip(&graph.outputs) {
            let shape = graph.shape(port.value);
            let len = shape.iter().product::<usize>();
            for sample in result.data.chunks_exact(len) {
                output.extend(layout::to_source(sample, shape, &port.source_axes));
            }
        }
        progress(count);
    }
    let arrays = outputs
        .into_iter()
        .zip(&graph.outputs)
        .map(|(values, port)| {
            let mut shape = source_shape(graph, port);
            shape[0] = total;
            Array::f32(shape, values)
        });
    Ok(arrays.collect())
}
