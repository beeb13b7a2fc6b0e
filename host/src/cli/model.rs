//! Telling a model file from a compiled blob.

use super::isa::Target;
use crate::data::{Array, Elements};
use crate::emit::{self, EmitOptions};
use crate::import::{self, Imported, Network, Shapes};
use crate::ir;
use crate::measure::sim::Blob;
use crate::passes;
use crate::quantize::graph::{QGraph, QPort};
use anyhow::Context;
use std::path::Path;

/// What a path that a user gave turns out to be.
enum Input {
    /// A compiled blob.
    Blob(Box<Blob>),
    /// A model of some framework.
    Model(Box<Imported>),
}

/// Opens a model file or a blob, told apart by their first bytes.
fn open(path: &Path, shapes: &Shapes) -> anyhow::Result<Input> {
    if is_blob(path)? {
        Ok(Input::Blob(Box::new(read_blob(path)?)))
    } else {
        Ok(Input::Model(Box::new(load(path, shapes)?)))
    }
}

/// Reads a compiled model.
pub(super) fn read_blob(path: &Path) -> anyhow::Result<Blob> {
    Ok(Blob::read(path)?)
}

/// Imports a model file; a blob is an error that says so.
pub(super) fn import_model(path: &Path, shapes: &Shapes) -> anyhow::Result<Imported> {
    if is_blob(path)? {
        anyhow::bail!(
            "`{}` is compiled already: give the model file (.onnx, .tflite) that it was made from",
            path.display()
        );
    }
    load(path, shapes)
}

fn load(path: &Path, shapes: &Shapes) -> anyhow::Result<Imported> {
    import::load_with(path, shapes).with_context(|| format!("cannot import `{}`", path.display()))
}

/// What can be executed here.
pub(super) enum Executable {
    /// The device's own integer code, what there is to run, and which ports the source has as uint8.
    Integer(Box<Blob>, Unsigned),
    /// The float evaluator, and the graph after all lossless passes.
    Float(Box<ir::Graph>),
}

/// Which ports of a model are uint8, the numbers 128 more than the blob's; none of a blob.
#[derive(Default)]
pub(super) struct Unsigned {
    inputs: Vec<bool>,
    outputs: Vec<bool>,
}

impl Unsigned {
    fn of(graph: &QGraph) -> Self {
        let unsigned = |ports: &[QPort]| ports.iter().map(|port| port.unsigned).collect();
        Self {
            inputs: unsigned(&graph.inputs),
            outputs: unsigned(&graph.outputs),
        }
    }

    /// These, or the other's if none is uint8 here.
    pub(super) fn or(self, other: Self) -> Self {
        if self.inputs.contains(&true) {
            self
        } else {
            other
        }
    }

    /// Arrays of the inputs, in the model's order, as the blob takes them.
    pub(super) fn fed(&self, arrays: Vec<Array>) -> Vec<Array> {
        let unsigned = self.inputs.iter().copied().chain(std::iter::repeat(false));
        let fed = |(mut array, unsigned): (Array, bool)| {
            if let (Elements::U8(bytes), true) = (&array.elements, unsigned) {
                array.elements = Elements::I8(bytes.iter().map(|&q| less(q)).collect());
            }
            array
        };
        arrays.into_iter().zip(unsigned).map(fed).collect()
    }

    /// Arrays of the outputs as the source has them.
    pub(super) fn read(&self, arrays: &mut [Array]) {
        for (array, &unsigned) in arrays.iter_mut().zip(&self.outputs) {
            if let (Elements::I8(bytes), true) = (&array.elements, unsigned) {
                array.elements = Elements::U8(bytes.iter().map(|&q| more(q)).collect());
            }
        }
    }
}

/// Less by 128.
const fn less(q: u8) -> i8 {
    i8::from_le_bytes([q ^ 0x80])
}

/// More by 128.
const fn more(q: i8) -> u8 {
    q.to_le_bytes()[0] ^ 0x80
}

/// Makes a model ready to run: a blob and a float network as they are, a quantized network compiled
/// on the fly for a target.
pub(super) fn executable(
    path: &Path,
    target: Target,
    shapes: &Shapes,
) -> anyhow::Result<Executable> {
    match open(path, shapes)? {
        Input::Blob(blob) => Ok(Executable::Integer(blob, Unsigned::default())),
        Input::Model(imported) => match imported.network {
            Network::Float(graph) => Ok(Executable::Float(Box::new(simplified(graph)?))),
            Network::Quantized(graph) => Ok(Executable::Integer(
                Box::new(compiled(path, &graph, target)?),
                Unsigned::of(&graph),
            )),
        },
    }
}

/// Opens a blob, or compiles a quantized network; a float network is an error that says how to make
/// a blob of it.
pub(super) fn integer(
    path: &Path,
    target: Target,
    shapes: &Shapes,
) -> anyhow::Result<(Blob, Unsigned)> {
    match executable(path, target, shapes)? {
        Executable::Integer(blob, unsigned) => Ok((*blob, unsigned)),
        Executable::Float(_) => anyhow::bail!(
            "`{}` is not a compiled model: make one with `tiivis compress {} --data train.npz -o model.tiv`",
            path.display(),
            path.display()
        ),
    }
}

/// Compiles a quantized network as `compress` does without other options.
pub(super) fn compiled(path: &Path, graph: &QGraph, target: Target) -> anyhow::Result<Blob> {
    let options = EmitOptions {
        isa: target.isa,
        goal: target.goal,
        ..EmitOptions::default()
    };
    let compiled = emit::compile(graph, &options)
        .with_context(|| format!("cannot compile `{}`", path.display()))?;
    Ok(Blob::new(&compiled.blob)?)
}

/// Whether a file starts as compiled models do.
pub(super) fn is_blob(path: &Path) -> anyhow::Result<bool> {
    use std::io::Read;
    let mut magic = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut magic))
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(magic == tiivis_runtime::blob::MAGIC)
}

/// The graph after all lossless passes, without an observer.
pub(super) fn simplified(mut graph: ir::Graph) -> anyhow::Result<ir::Graph> {
    passes::simplify(&mut graph, &mut |_, _| {})?;
    Ok(graph)
}
