//! `tiivis eval`.

use super::isa::Target;
use super::shapes::ShapeArgs;
use super::{model, output, progress};
use crate::data::{Array, Dataset, InputSpec};
use crate::ir::Graph;
use crate::measure::accuracy::{Accuracy, classes};
use crate::measure::{float, sim};
use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Measures a model's accuracy on labelled data
///
/// A .tiv and a quantized model file run with the device's own integer code, a float one in float.
///
/// Example: tiivis eval model.tiv --data test.npz --against model.onnx
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Eval {
    /// A compiled model (.tiv) or a model file (.onnx, .tflite).
    model: PathBuf,
    /// Data with `x`, or with an array for each of several inputs, and integer labels `y` (.npz).
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// A second model to compare with, e.g. the float original.
    #[arg(long, value_name = "MODEL")]
    against: Option<PathBuf>,
    /// Samples after which a model with state forgets them, 1 where each stands alone [default: all
    /// samples are one sequence].
    #[arg(long, value_name = "SAMPLES")]
    sequence: Option<NonZeroUsize>,
    #[command(flatten)]
    shapes: ShapeArgs,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Comparison {
    #[serde(flatten)]
    accuracy: Accuracy,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<Accuracy>,
    /// Percentage points lost against the second model.
    #[serde(skip_serializing_if = "Option::is_none")]
    drop_points: Option<f64>,
    /// Share of samples on which both models say the same class, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement_percent: Option<f64>,
}

impl Eval {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let (kind, found, labels) = self.predict(&self.model)?;
        let accuracy = Accuracy::of(kind, &found, &labels);
        let against = self.against.as_deref().map(|path| self.predict(path));
        let against = against.transpose()?;
        let comparison = match against {
            None => Comparison {
                accuracy,
                against: None,
                drop_points: None,
                agreement_percent: None,
            },
            Some((kind, other, _)) => {
                let other_accuracy = Accuracy::of(kind, &other, &labels);
                Comparison {
                    drop_points: Some(other_accuracy.percent - accuracy.percent),
                    agreement_percent: Some(Accuracy::of(kind, &found, &other).percent),
                    against: Some(other_accuracy),
                    accuracy,
                }
            }
        };
        if self.json {
            return output::json(&comparison);
        }
        output::text(format_args!("{}\n", comparison.accuracy))?;
        if let (Some(against), Some(drop), Some(agreement)) = (
            &comparison.against,
            comparison.drop_points,
            comparison.agreement_percent,
        ) {
            output::text(format_args!("{against}\n"))?;
            output::text(format_args!(
                "drop {drop:.2} points, same class on {agreement:.2} % of the samples\n"
            ))?;
        }
        Ok(())
    }

    /// The classes that a model finds in the data, with what arithmetic, and the labels.
    fn predict(&self, path: &Path) -> anyhow::Result<(&'static str, Vec<usize>, Vec<usize>)> {
        let read = |inputs: &[InputSpec]| {
            let data = Dataset::read(&self.data, inputs)?;
            let labels = data.y.clone();
            let labels = labels
                .with_context(|| format!("`{}` has no labels: add an array `y`", data.name))?;
            anyhow::Ok((data, labels))
        };
        match model::executable(path, Target::default(), &self.shapes.shapes())? {
            model::Executable::Integer(blob, unsigned) => {
                let (mut data, labels) = read(&sim::inputs(&blob.model()))?;
                data.x = unsigned.fed(data.x);
                let classes = int8_classes(&blob, &data, self.sequence)?;
                Ok(("int8, integer kernels", classes, labels))
            }
            model::Executable::Float(graph) => {
                let (data, labels) = read(&float::inputs(&graph))?;
                Ok(("float32", float_classes(&graph, &data)?, labels))
            }
        }
    }
}

/// The classes with the highest scores; labels beyond the model's classes are an error.
fn answers(scores: &Array, data: &Dataset) -> anyhow::Result<Vec<usize>> {
    let found = classes(scores)?;
    data.check_labels(scores.elements.len() / data.len())?;
    Ok(found)
}

/// The classes that the integer kernels find of `data`, whose samples are as the blob takes them; a
/// model with state forgets after every `sequence` samples.
pub(super) fn int8_classes(
    blob: &sim::Blob,
    data: &Dataset,
    sequence: Option<NonZeroUsize>,
) -> anyhow::Result<Vec<usize>> {
    let model = blob.model();
    let inputs = sim::quantize(&model, &data.arrays())?;
    let bar = progress::bar("integer kernels", inputs.samples);
    let sequence = sequence.map_or(inputs.samples, NonZeroUsize::get);
    let outputs = sim::run_sequences(&model, &inputs, sequence, &|count| {
        bar.inc(progress::steps(count));
    });
    bar.finish_and_clear();
    let (Some(port), [values]) = (model.outputs().next(), &outputs[..]) else {
        bail!(
            "the model has {} outputs: accuracy needs one",
            outputs.len()
        );
    };
    answers(&sim::output_array(&port, values, true), data)
}

/// The classes that the float graph finds.
pub(super) fn float_classes(graph: &Graph, data: &Dataset) -> anyhow::Result<Vec<usize>> {
    let bar = progress::bar("float evaluation", data.len());
    let results: Vec<Array> = float::run(graph, &data.arrays(), &|count| {
        bar.inc(progress::steps(count));
    })?;
    bar.finish_and_clear();
    match &results[..] {
        [one] => answers(one, data),
        several => bail!(
            "the model has {} outputs: accuracy needs one",
            several.len()
        ),
    }
}
