//! Feeding arrays to the float graph.

use crate::data::{Array, DataError, Elements, layout, samples};
use crate::ir::eval::{Batch, EvalError, Evaluator};
use crate::ir::{Graph, Port};
use crate::measure::sim::unit;

/// Samples that are evaluated at once: enough to fill a matrix product, little enough for the
/// cache. Results do not depend on it.
const BATCH: usize = 64;

/// Why a float graph could not be run on arrays.
#[derive(Debug, thiserror::Error)]
pub enum FloatError {
    /// An array does not fit an input.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The evaluation failed.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// Not every input, or more than the model has, was given.
    #[error("the model has {expected} inputs, {found} arrays were given")]
    InputCount {
        /// Inputs of the model.
        expected: usize,
        /// Arrays given.
        found: usize,
    },
    /// Inputs with different numbers of samples.
    #[error("input `{name}` has {found} samples where the first input has {expected}")]
    SampleCount {
        /// The input.
        name: String,
        /// Samples of the first input.
        expected: usize,
        /// Samples of this one.
        found: usize,
    },
    /// Elements that are no real numbers.
    #[error("input `{name}` takes float32, or uint8 pixels (scaled by 1/255); found {found}")]
    ElementType {
        /// The input.
        name: String,
        /// NumPy's name of what was given.
        found: &'static str,
    },
}

/// Cuts arrays in the source model's axis order, one per input, into batches in the internal order.
pub fn batches(graph: &Graph, arrays: &[&Array]) -> Result<Vec<Vec<Batch>>, FloatError> {
    if graph.inputs.len() != arrays.len() {
        return Err(FloatError::InputCount {
            expected: graph.inputs.len(),
            found: arrays.len(),
        });
    }
    let mut batches: Vec<Vec<Batch>> = Vec::new();
    let mut expected = None;
    for (port, array) in graph.inputs.iter().zip(arrays) {
        let found = samples(array, &port.name, &source_shape(graph, port))?;
        let expected = *expected.get_or_insert(found);
        if found != expected {
            return Err(FloatError::SampleCount {
                name: port.name.clone(),
                expected,
                found,
            });
        }
        batches.resize_with(found.div_ceil(BATCH), Vec::new);
        let shape = graph.shape(port.value);
        let sample_len = shape.iter().product::<usize>();
        for (index, batch) in batches.iter_mut().enumerate() {
            let start = index * BATCH;
            let count = BATCH.min(found - start);
            let mut data = Vec::with_capacity(count * sample_len);
            for sample in start..start + count {
                let values = real(array, sample * sample_len, sample_len, port)?;
                data.extend(layout::to_internal(&values, shape, &port.source_axes));
            }
            batch.push(Batch {
                samples: count,
                data,
            });
        }
    }
    Ok(batches)
}

fn real(array: &Array, start: usize, len: usize, port: &Port) -> Result<Vec<f32>, FloatError> {
    match &array.elements {
        Elements::F32(values) => Ok(values[start..start + len].to_vec()),
        Elements::U8(values) => Ok(values[start..start + len]
            .iter()
            .map(|&pixel| unit(pixel))
            .collect()),
        Elements::I8(_) | Elements::I64(_) => Err(FloatError::ElementType {
            name: port.name.clone(),
            found: array.elements.type_name(),
        }),
    }
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
    let mut total = 0;
    for batch in batches(graph, arrays)? {
        let count = batch.first().map_or(0, |input| input.samples);
        let results = evaluator.evaluate(&batch, &mut |_, _| {})?;
        for ((output, result), port) in outputs.iter_mut().zip(results).zip(&graph.outputs) {
            let shape = graph.shape(port.value);
            let len = shape.iter().product::<usize>();
            for sample in result.data.chunks_exact(len) {
                output.extend(layout::to_source(sample, shape, &port.source_axes));
            }
        }
        total += count;
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
