//! A model in a form that can be run: in float, in integers, in integers on an emulated board.

use crate::board::Board;
use crate::data::{Array, DataError, Elements, InputSpec};
use crate::ir::Graph;
use crate::ir::eval::{EvalError, Evaluator};
use crate::measure::bench::{self, BenchError};
use crate::measure::emulate::Emulator;
use crate::measure::float::{self, FloatError};
use crate::measure::sim::{self, Blob, Layer};

/// A model in a form that can be run.
#[derive(Debug)]
pub enum Form {
    /// A float graph.
    Float(Box<Graph>),
    /// A blob on the host.
    Integer(Box<Blob>),
    /// A blob on an emulated board; of its layers nothing is known.
    Board {
        /// The blob.
        blob: Box<Blob>,
        /// The board.
        board: Box<Board>,
        /// What executes it.
        emulator: Emulator,
    },
}

/// Why a form could not be run.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// An array does not fit an input.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The float evaluation failed.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// The board.
    #[error(transparent)]
    Board(#[from] BenchError),
}

impl From<FloatError> for FormError {
    fn from(error: FloatError) -> Self {
        match error {
            FloatError::Data(error) => Self::Data(error),
            FloatError::Eval(error) => Self::Eval(error),
        }
    }
}

/// What a layer computed, as real numbers.
#[derive(Clone, Debug)]
pub(super) struct Values {
    pub(super) name: String,
    pub(super) reals: Vec<f64>,
    /// Scale and zero point, if they are integers.
    pub(super) params: Option<(f32, i32)>,
}

/// What a run computed.
#[derive(Debug)]
pub(super) struct Computed {
    /// In the order of execution.
    pub(super) layers: Vec<Values>,
    /// In the model's order, and the source model's axis order.
    pub(super) outputs: Vec<Values>,
}

impl Form {
    /// Runs the first `samples` samples, one after the other, and shows what each computed. int8
    /// arrays, which are quantized for the `other` form, are made real for a float graph.
    pub(super) fn compute(
        &self,
        other: &Self,
        arrays: &[&Array],
        samples: usize,
        visit: &mut dyn FnMut(Computed),
    ) -> Result<(), FormError> {
        match self {
            Self::Float(graph) => compute_float(graph, other.blob(), arrays, samples, visit),
            Self::Integer(blob) => {
                let model = blob.model();
                let inputs = sim::quantize(&model, arrays)?.first(samples);
                sim::observe(&model, &inputs, &mut |observed| {
                    visit(Computed {
                        layers: observed.layers.into_iter().map(of_layer).collect(),
                        outputs: observed.outputs.into_iter().map(of_layer).collect(),
                    });
                });
                Ok(())
            }
            Self::Board {
                blob,
                board,
                emulator,
            } => {
                let model = blob.model();
                let inputs = sim::quantize(&model, arrays)?.first(samples);
                let found = bench::outputs(board, blob, &inputs, *emulator, &mut |_| {})?;
                for outputs in found {
                    let outputs = model.outputs().zip(outputs);
                    let outputs =
                        outputs.map(|(port, values)| of_layer(sim::output(&port, &values)));
                    visit(Computed {
                        layers: Vec::new(),
                        outputs: outputs.collect(),
                    });
                }
                Ok(())
            }
        }
    }

    /// Its inputs, in order.
    pub fn inputs(&self) -> Vec<InputSpec> {
        match self {
            Self::Float(graph) => float::inputs(graph),
            Self::Integer(blob) | Self::Board { blob, .. } => sim::inputs(&blob.model()),
        }
    }

    fn blob(&self) -> Option<&Blob> {
        match self {
            Self::Float(_) => None,
            Self::Integer(blob) | Self::Board { blob, .. } => Some(blob),
        }
    }
}

fn compute_float(
    graph: &Graph,
    quantized: Option<&Blob>,
    arrays: &[&Array],
    samples: usize,
    visit: &mut dyn FnMut(Computed),
) -> Result<(), FormError> {
    let real: Vec<Array> = match quantized {
        None => arrays.iter().map(|&array| array.clone()).collect(),
        Some(blob) => {
            let ports = blob.model().inputs();
            let arrays = arrays.iter().zip(ports);
            arrays
                .map(|(array, port)| real(array, port.scale, port.zero_point))
                .collect()
        }
    };
    let real: Vec<&Array> = real.iter().collect();
    let evaluator = Evaluator::new(graph)?;
    for sample in 0..samples {
        let mut layers = Vec::new();
        for batch in float::batches(graph, &real, &[sample])? {
            let outputs = evaluator.evaluate(&batch, &mut |value, values| {
                let mut nodes = graph.nodes.iter();
                if let Some(node) = nodes.find(|node| node.output == value) {
                    layers.push(of_floats(&node.name, values));
                }
            })?;
            let outputs = graph.outputs.iter().zip(outputs).map(|(port, batch)| {
                let shape = graph.shape(port.value);
                let values = crate::data::layout::to_source(&batch.data, shape, &port.source_axes);
                of_floats(&port.name, &values)
            });
            visit(Computed {
                layers: std::mem::take(&mut layers),
                outputs: outputs.collect(),
            });
        }
    }
    Ok(())
}

/// An array of quantized numbers as what they mean; any other as it is.
fn real(array: &Array, scale: f32, zero_point: i32) -> Array {
    match array.elements.integers() {
        Some(integers) if !matches!(array.elements, Elements::U8(_)) => {
            let values = integers
                .iter()
                .map(|&q| narrow(dequantize(q, scale, zero_point)));
            Array::f32(array.shape.clone(), values.collect())
        }
        Some(_) | None => array.clone(),
    }
}

#[expect(clippy::as_conversions, reason = "the nearest float32 is meant")]
fn narrow(value: f64) -> f32 {
    value as f32
}

fn of_floats(name: &str, values: &[f32]) -> Values {
    Values {
        name: name.to_owned(),
        reals: values.iter().map(|&value| value.into()).collect(),
        params: None,
    }
}

fn of_layer(layer: Layer) -> Values {
    let reals = layer.array.elements.integers().unwrap_or_default();
    let reals = reals
        .into_iter()
        .map(|q| dequantize(q, layer.scale, layer.zero_point));
    Values {
        reals: reals.collect(),
        name: layer.name,
        params: Some((layer.scale, layer.zero_point)),
    }
}

#[expect(
    clippy::as_conversions,
    reason = "integers of 32 bits are exact in f64"
)]
fn dequantize(q: i64, scale: f32, zero_point: i32) -> f64 {
    q.saturating_sub(i64::from(zero_point)) as f64 * f64::from(scale)
}
