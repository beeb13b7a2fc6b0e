//! `tiivis run`.

use super::isa::Target;
use super::shapes::ShapeArgs;
use super::{files, model, output, progress, samples};
use crate::data::{self, Array, Elements, InputSpec, read_npy, write_npy, write_npz};
use crate::frontend::FrontendError;
use crate::measure::{float, sim};
use anyhow::{Context, bail};
use clap::Args;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Runs a model on the host
///
/// A .tiv and a quantized model file run with the device's own integer code, a float one in float.
///
/// Arrays keep the axis order of the source model, samples first. float32 in gives float32 out,
/// integers in (quantized already; not for a float model) gives integers out. A .tflite of uint8 takes
/// and gives uint8; compiled, it is int8, 128 less. The samples of a model
/// with state are one sequence: each finds what the one before left.
///
/// A .tiv with a front-end is also fed with raw samples, and runs whenever an input is complete.
///
/// Example: tiivis run model.tiv --input x.npy --output y.npy
///          tiivis run model.tiv --wav x.wav --output y.npy
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Run {
    /// A compiled model (.tiv) or a model file (.onnx, .tflite).
    model: PathBuf,
    /// Input array, `x.npy`, or `NAME=x.npy` for each input of a model with several; an .npz gives its
    /// array `x`, or the arrays of several inputs by their names.
    #[arg(long, required_unless_present_any = ["wav", "raw"], value_name = "[NAME=]FILE")]
    input: Vec<OsString>,
    /// Sound for the model's front-end: 16-bit integers at its sample rate.
    #[arg(long, conflicts_with_all = ["input", "raw"], value_name = "FILE.wav")]
    wav: Option<PathBuf>,
    /// Raw samples for the model's front-end: int16, (samples) or (samples, channels).
    #[arg(long = "samples", conflicts_with = "input", value_name = "FILE.npy")]
    raw: Option<PathBuf>,
    /// Where the output goes, `y.npy`, or `NAME=y.npy` for each output of a model with several; an
    /// .npz takes them all by their names.
    #[arg(long, required = true, value_name = "[NAME=]FILE")]
    output: Vec<OsString>,
    /// Samples after which a model with state forgets them [default: all samples are one sequence].
    #[arg(long, value_name = "SAMPLES")]
    sequence: Option<NonZeroUsize>,
    #[command(flatten)]
    shapes: ShapeArgs,
    /// Also writes what every layer computed for the first sample, NHWC, in the model's integers (not
    /// for a float model). Tensors of a .tflite are named `opNN_tTENSOR`, the numbers of the operator
    /// and of the tensor in the file.
    #[arg(long, value_name = "FILE.npz")]
    dump_layers: Option<PathBuf>,
}

impl Run {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        match model::executable(&self.model, Target::default(), &self.shapes.shapes())? {
            model::Executable::Integer(blob, unsigned) => self.run_blob(&blob, &unsigned),
            model::Executable::Float(graph) => {
                if self.dump_layers.is_some() {
                    bail!("--dump-layers looks into a model of integers: give a .tiv or .tflite");
                }
                if self.wav.is_some() || self.raw.is_some() {
                    bail!(FrontendError::None);
                }
                let outputs: Vec<_> = graph.outputs.iter().map(|port| port.name.clone()).collect();
                let (arrays, targets) = self.files(&float::inputs(&graph), &outputs)?;
                let bar = progress::bar("float evaluation", first_axis(&arrays));
                let done = |count| bar.inc(progress::steps(count));
                let results = float::run(&graph, &arrays.iter().collect::<Vec<_>>(), &done)?;
                bar.finish_and_clear();
                write_outputs(&targets, outputs.into_iter().zip(results).collect())
            }
        }
    }

    fn run_blob(&self, blob: &sim::Blob, unsigned: &model::Unsigned) -> anyhow::Result<()> {
        let model = blob.model();
        let outputs: Vec<_> = model.outputs().map(|port| port.name.to_owned()).collect();
        let (quantized, targets, real) = match samples::given(&self.wav, &self.raw)? {
            Some((path, samples)) => {
                let targets = self.targets(&[path.to_owned()], &outputs)?;
                (samples::inputs(&model, path, &samples)?, targets, true)
            }
            None => {
                let (arrays, targets) = self.files(&sim::inputs(&model), &outputs)?;
                let arrays = unsigned.fed(arrays);
                let is_real =
                    |array: &Array| matches!(array.elements, Elements::F32(_) | Elements::U8(_));
                let real = arrays.iter().any(is_real);
                let arrays: Vec<_> = arrays.iter().collect();
                (sim::quantize(&model, &arrays)?, targets, real)
            }
        };
        let bar = progress::bar("integer kernels", quantized.samples);
        let sequence = self.sequence.map_or(quantized.samples, NonZeroUsize::get);
        let results = sim::run_sequences(&model, &quantized, sequence, &|count| {
            bar.inc(progress::steps(count));
        });
        bar.finish_and_clear();
        let mut results: Vec<_> = model
            .outputs()
            .zip(&results)
            .map(|(port, values)| sim::output_array(&port, values, real))
            .collect();
        unsigned.read(&mut results);
        if let Some(path) = &self.dump_layers {
            let layers = sim::dump_layers(&model, &quantized);
            if layers.is_empty() {
                bail!(
                    "`{}` says nothing about its layers, they were stripped: compile it without \
                     --strip-names",
                    self.model.display()
                );
            }
            let arrays: Vec<_> = layers
                .into_iter()
                .map(|layer| (layer.key, layer.array))
                .collect();
            write_npz(path, &arrays)?;
        }
        write_outputs(&targets, outputs.into_iter().zip(results).collect())
    }

    /// The arrays of the model's inputs, and where its outputs go.
    fn files(
        &self,
        inputs: &[InputSpec],
        outputs: &[String],
    ) -> anyhow::Result<(Vec<Array>, Vec<PathBuf>)> {
        let sources = sources(&self.input, inputs)?;
        let targets = self.targets(&sources, outputs)?;
        Ok((read_sources(&sources, inputs)?, targets))
    }

    /// Where the outputs go: not over what is read.
    fn targets(&self, sources: &[PathBuf], outputs: &[String]) -> anyhow::Result<Vec<PathBuf>> {
        let targets = match archive_of_all(&self.output, outputs) {
            Some(path) => vec![path],
            None => assign(&self.output, outputs, "output")?,
        };
        files::check_targets(
            sources.iter().chain([&self.model]).map(PathBuf::as_path),
            targets
                .iter()
                .chain(&self.dump_layers)
                .map(PathBuf::as_path),
        )?;
        Ok(targets)
    }
}

fn first_axis(arrays: &[Array]) -> usize {
    arrays
        .first()
        .and_then(|array| array.shape.first())
        .copied()
        .unwrap_or(0)
}

/// Writes the outputs, each with its name, where they go: one file each, or one `.npz` for all.
fn write_outputs(targets: &[PathBuf], results: Vec<(String, Array)>) -> anyhow::Result<()> {
    let is_one = targets.len() == 1;
    let files: Vec<_> = if is_one {
        results.chunks(results.len().max(1)).collect()
    } else {
        results.chunks(1).collect()
    };
    for (path, outputs) in targets.iter().zip(files) {
        match outputs {
            [(_, array)] if !is_archive(path) => write_npy(path, array)?,
            _ => write_npz(path, outputs)?,
        }
        for (name, array) in outputs {
            let (path, kind) = (path.display(), array.elements.type_name());
            let port = if outputs.len() > 1 {
                format!(" `{name}`")
            } else {
                String::new()
            };
            output::text(format_args!("{path}{port}: {kind} {:?}\n", array.shape))?;
        }
    }
    Ok(())
}

/// Reads the arrays of all inputs, in the model's order.
pub(super) fn read_inputs(given: &[OsString], inputs: &[InputSpec]) -> anyhow::Result<Vec<Array>> {
    read_sources(&sources(given, inputs)?, inputs)
}

/// Where the inputs come from: a file each, or one `.npz` for several.
fn sources(given: &[OsString], inputs: &[InputSpec]) -> anyhow::Result<Vec<PathBuf>> {
    let names: Vec<_> = inputs.iter().map(|input| input.name.clone()).collect();
    match archive_of_all(given, &names) {
        Some(path) => Ok(vec![path]),
        None => assign(given, &names, "input"),
    }
}

/// Reads the inputs from what [`sources`] found.
fn read_sources(sources: &[PathBuf], inputs: &[InputSpec]) -> anyhow::Result<Vec<Array>> {
    if let ([path], [_, _, ..]) = (sources, inputs) {
        return Ok(data::read_inputs(path, inputs)?);
    }
    let mut arrays = Vec::with_capacity(inputs.len());
    for (path, input) in sources.iter().zip(inputs) {
        if is_archive(path) {
            arrays.extend(data::read_inputs(path, std::slice::from_ref(input))?);
        } else {
            arrays.push(read_npy(path)?);
        }
    }
    Ok(arrays)
}

fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "npz")
}

/// The one `.npz` that stands for several ports.
fn archive_of_all(given: &[OsString], names: &[String]) -> Option<PathBuf> {
    let [one] = given else { return None };
    let is_named = |name: &String| {
        let text = one
            .to_str()
            .and_then(|text| text.strip_prefix(name.as_str()));
        text.is_some_and(|rest| rest.starts_with('='))
    };
    let path = Path::new(one);
    (names.len() > 1 && is_archive(path) && !names.iter().any(is_named)).then(|| path.to_owned())
}

/// Brings `[NAME=]FILE` arguments into the order of the model's ports.
fn assign(given: &[OsString], names: &[String], what: &str) -> anyhow::Result<Vec<PathBuf>> {
    // A path that is not UTF-8 can only stand alone: names of ports are UTF-8.
    let named = |argument: &OsString| {
        let argument = argument.to_str()?;
        names.iter().enumerate().find_map(|(at, name)| {
            Some((
                at,
                argument
                    .strip_prefix(name.as_str())?
                    .strip_prefix('=')?
                    .to_owned(),
            ))
        })
    };
    if let ([one], [_]) = (given, names)
        && named(one).is_none()
    {
        return Ok(vec![one.into()]);
    }
    let shown = names.join(", ");
    let mut paths: Vec<Option<PathBuf>> = vec![None; names.len()];
    for argument in given {
        let Some((at, path)) = named(argument) else {
            bail!(
                "`--{what} {}` names no {what} of the model: give NAME=FILE for each of {shown}",
                argument.display()
            );
        };
        if paths[at].replace(path.into()).is_some() {
            bail!("{what} `{}` is given twice", names[at]);
        }
    }
    paths
        .into_iter()
        .zip(names)
        .map(|(path, name)| {
            path.with_context(|| {
                format!(
                    "{what} `{name}` is missing: add --{what} {name}=FILE, or give all in one .npz"
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn files_are_assigned_by_name_or_alone() {
        let assign = |given: &[&str], names: &[&str]| {
            let given: Vec<_> = given.iter().map(OsString::from).collect();
            assign(&given, &strings(names), "input").ok()
        };
        let paths = |paths: &[&str]| Some(paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(assign(&["x.npy"], &["a"]), paths(&["x.npy"]));
        assert_eq!(assign(&["a=x.npy"], &["a"]), paths(&["x.npy"]));
        assert_eq!(assign(&["b=y", "a=x"], &["a", "b"]), paths(&["x", "y"]));
        assert_eq!(assign(&["a=b=x=y"], &["a=b"]), paths(&["x=y"]));
        assert_eq!(assign(&["c=x.npy"], &["a"]), paths(&["c=x.npy"]));
        assert_eq!(assign(&["a=x"], &["a", "b"]), None);
        assert_eq!(assign(&["a=x", "a=y"], &["a", "b"]), None);
        assert_eq!(assign(&["x", "y"], &["a", "b"]), None);
    }

    #[test]
    fn one_archive_stands_for_several_ports() {
        let of_all = |given: &[&str], names: &[&str]| {
            let given: Vec<_> = given.iter().map(OsString::from).collect();
            archive_of_all(&given, &strings(names))
        };
        assert_eq!(of_all(&["x.npz"], &["a", "b"]), Some("x.npz".into()));
        assert_eq!(of_all(&["x.npz"], &["a"]), None);
        assert_eq!(of_all(&["a=x.npz"], &["a", "b"]), None);
        assert_eq!(of_all(&["x.npy"], &["a", "b"]), None);
    }
}
