//! The host simulation: the device's own integer code, run here.

mod blob;
mod elements;
mod layers;

pub use blob::{Arena, Blob, BlobError};
pub use layers::{Layer, Observed, dump_layers, observe, output};

use crate::data::{Array, DataError, Elements, InputSpec, common_samples, layout};
use rayon::prelude::*;
use tiivis_runtime::blob::Port;
use tiivis_runtime::{Model, Session};

/// Samples that one worker runs before it looks for more work; results do not depend on it.
const SAMPLES_PER_TASK: usize = 16;

/// Shape of a port in the source model's axis order, batch first.
pub fn source_shape(port: &Port<'_>) -> Vec<usize> {
    let shape = internal_shape(port);
    source_axes(port).iter().map(|&axis| shape[axis]).collect()
}

fn internal_shape(port: &Port<'_>) -> Vec<usize> {
    let extent = |&extent: &u32| usize::try_from(extent).expect("extents fit usize");
    port.shape.iter().map(extent).collect()
}

fn source_axes(port: &Port<'_>) -> Vec<usize> {
    port.source_axes.iter().map(|&axis| axis.into()).collect()
}

/// Quantized samples of every input, internal axis order: what a board is fed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// Number of samples.
    pub samples: usize,
    /// Per input, `samples` times its bytes.
    pub values: Vec<Vec<i8>>,
}

impl Inputs {
    /// The first `samples` samples.
    ///
    /// # Panics
    /// If there are fewer.
    #[must_use]
    pub fn first(&self, samples: usize) -> Self {
        assert!(samples <= self.samples, "as many samples as there are");
        let cut = |values: &Vec<i8>| values[..values.len() / self.samples * samples].to_vec();
        Self {
            samples,
            values: self.values.iter().map(cut).collect(),
        }
    }
}

/// One sample that is real 0 everywhere.
pub fn zero_inputs(model: &Model<'_>) -> Inputs {
    let zeros = |port: Port<'_>| {
        let elements = internal_shape(&port).iter().product();
        let zero: Vec<i8> = elements::bytes_of(port.dtype, port.zero_point).collect();
        zero.repeat(elements)
    };
    Inputs {
        samples: 1,
        values: model.inputs().map(zeros).collect(),
    }
}

/// The inputs of a model, in order.
pub fn inputs(model: &Model<'_>) -> Vec<InputSpec> {
    let spec = |port: Port<'_>| InputSpec {
        name: port.name.to_owned(),
        shape: source_shape(&port),
        accepted: elements::accepted(port.dtype),
    };
    model.inputs().map(spec).collect()
}

/// Quantizes arrays in the source model's axis order, one per input, in the model's order.
///
/// float32 is quantized as `round-half-away(x / scale) + zero point`, clamped; numbers of the
/// input's own type are taken as they are; uint8 is scaled by 1/255 first; an int32 input takes
/// any integers that fit. NaN is an error.
pub fn quantize(model: &Model<'_>, arrays: &[&Array]) -> Result<Inputs, DataError> {
    let ports: Vec<_> = model.inputs().collect();
    let samples = common_samples(arrays, &inputs(model))?;
    let mut arena = Arena::new(model);
    let mut session = arena.session(model);
    let quantized = ports
        .iter()
        .zip(arrays)
        .enumerate()
        .map(|(index, (port, array))| quantize_port(&mut session, index, port, array));
    Ok(Inputs {
        samples,
        values: quantized.collect::<Result<_, _>>()?,
    })
}

fn quantize_port(
    session: &mut Session<'_, '_>,
    index: usize,
    port: &Port<'_>,
    array: &Array,
) -> Result<Vec<i8>, DataError> {
    let (shape, axes) = (internal_shape(port), source_axes(port));
    let len = shape.iter().product::<usize>();
    if let Some(values) = elements::as_they_are(port.dtype, &array.elements) {
        let samples = values.chunks_exact(len);
        let internal = samples.flat_map(|sample| layout::to_internal(sample, &shape, &axes));
        return Ok(internal
            .flat_map(|value| elements::bytes_of(port.dtype, value))
            .collect());
    }
    let mut quantized = Vec::with_capacity(array.elements.len());
    let mut push_real = |sample: &[f32]| {
        let sample = layout::to_internal(sample, &shape, &axes);
        let written = session.quantize_input(index, &sample);
        written.expect("a sample has the input's length");
        quantized.extend_from_slice(session.input_mut(index));
    };
    match &array.elements {
        Elements::F32(values) => {
            if let Some(at) = values.iter().position(|value| value.is_nan()) {
                return Err(DataError::NotANumber {
                    name: port.name.to_owned(),
                    sample: at / len,
                });
            }
            values.chunks_exact(len).for_each(push_real);
        }
        Elements::U8(values) => values.chunks_exact(len).for_each(|sample| {
            let sample: Vec<_> = sample.iter().map(|&pixel| unit(pixel)).collect();
            push_real(&sample);
        }),
        Elements::I8(_)
        | Elements::I16(_)
        | Elements::I32(_)
        | Elements::I64(_)
        | Elements::Bool(_) => {
            return Err(DataError::InputType {
                name: port.name.to_owned(),
                accepted: elements::accepted(port.dtype),
                found: array.elements.type_name(),
            });
        }
    }
    Ok(quantized)
}

/// A pixel as the real number that a network trained on `pixel / 255` expects.
pub fn unit(pixel: u8) -> f32 {
    f32::from(pixel) / 255.0
}

/// Runs every sample; per output, `samples` times its bytes, internal axis order. Where the model
/// has state the samples are one sequence: each finds what the one before left.
///
/// `progress` is told how many samples were done, from several threads.
pub fn run(model: &Model<'_>, inputs: &Inputs, progress: &(dyn Fn(usize) + Sync)) -> Vec<Vec<i8>> {
    run_sequences(model, inputs, inputs.samples, progress)
}

/// [`run`], with the state set to its initial values before every `samples_per_sequence` samples
/// (1 at least). A model without state has nothing to remember and runs the same.
pub fn run_sequences(
    model: &Model<'_>,
    inputs: &Inputs,
    samples_per_sequence: usize,
    progress: &(dyn Fn(usize) + Sync),
) -> Vec<Vec<i8>> {
    let outputs = model.outputs().len();
    // Every task starts with a new session.
    let samples_per_task = if model.states().len() == 0 {
        SAMPLES_PER_TASK
    } else {
        samples_per_sequence.max(1)
    };
    let starts: Vec<_> = (0..inputs.samples).step_by(samples_per_task).collect();
    let tasks: Vec<Vec<Vec<i8>>> = starts
        .into_par_iter()
        .map(|start| {
            let end = inputs.samples.min(start.saturating_add(samples_per_task));
            let mut arena = Arena::new(model);
            let mut session = arena.session(model);
            let mut results = vec![Vec::new(); outputs];
            for sample in start..end {
                feed(&mut session, inputs, sample);
                session.run();
                for (index, result) in results.iter_mut().enumerate() {
                    result.extend_from_slice(session.output(index));
                }
            }
            progress(end - start);
            results
        })
        .collect();
    let mut results = vec![Vec::new(); outputs];
    for task in tasks {
        for (result, part) in results.iter_mut().zip(task) {
            result.extend(part);
        }
    }
    results
}

/// Writes one sample's values into a session's inputs.
fn feed(session: &mut Session<'_, '_>, inputs: &Inputs, sample: usize) {
    for (index, values) in inputs.values.iter().enumerate() {
        let input = session.input_mut(index);
        let len = input.len();
        input.copy_from_slice(&values[sample * len..][..len]);
    }
}

/// An output's bytes as an array in the source model's axis order: the integers as they are, or
/// real. int32 and bool of scale 1 are never turned into reals: they count or decide something.
pub fn output_array(port: &Port<'_>, bytes: &[i8], real: bool) -> Array {
    let (internal, axes) = (internal_shape(port), source_axes(port));
    let len = internal.iter().product();
    let samples: Vec<i32> = elements::values_of(port.dtype, bytes)
        .chunks_exact(len)
        .flat_map(|sample| layout::to_source(sample, &internal, &axes))
        .collect();
    let mut shape = source_shape(port);
    shape[0] = samples.len() / len;
    if real && elements::is_quantized(port) {
        let reals = samples.iter().map(|&q| dequantize(port, q));
        Array::f32(shape, reals.collect())
    } else {
        Array::new(shape, elements::array_elements(port.dtype, &samples))
    }
}

#[expect(
    clippy::as_conversions,
    reason = "rounding to the nearest float32 is meant, as on the device"
)]
fn dequantize(port: &Port<'_>, q: i32) -> f32 {
    q.saturating_sub(port.zero_point) as f32 * port.scale
}
