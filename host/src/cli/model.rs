//! Telling a model file from a compiled blob.

use crate::emit::{self, EmitOptions};
use crate::import::{self, Imported, Network};
use crate::ir;
use crate::measure::sim::Blob;
use crate::passes;
use crate::quantize::graph::QGraph;
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
fn open(path: &Path) -> anyhow::Result<Input> {
    if is_blob(path)? {
        Ok(Input::Blob(Box::new(read_blob(path)?)))
    } else {
        Ok(Input::Model(Box::new(load(path)?)))
    }
}

/// Reads a compiled model.
pub(super) fn read_blob(path: &Path) -> anyhow::Result<Blob> {
    Ok(Blob::read(path)?)
}

/// Imports a model file; a blob is an error that says so.
pub(super) fn import_model(path: &Path) -> anyhow::Result<Imported> {
    if is_blob(path)? {
        anyhow::bail!(
            "`{}` is compiled already: give the model file (.onnx, .tflite) that it was made from",
            path.display()
        );
    }
    load(path)
}

fn load(path: &Path) -> anyhow::Result<Imported> {
    import::load(path).with_context(|| format!("cannot import `{}`", path.display()))
}

/// What can be executed here.
pub(super) enum Executable {
    /// The device's own integer code, and what there is to run.
    Integer(Box<Blob>),
    /// The float evaluator, and the graph after all lossless passes.
    Float(Box<ir::Graph>),
}

/// Makes a model ready to run: a blob and a float network as they are, a quantized network compiled
/// on the fly.
pub(super) fn executable(path: &Path) -> anyhow::Result<Executable> {
    match open(path)? {
        Input::Blob(blob) => Ok(Executable::Integer(blob)),
        Input::Model(imported) => match imported.network {
            Network::Float(graph) => Ok(Executable::Float(Box::new(simplified(graph)?))),
            Network::Quantized(graph) => Ok(Executable::Integer(Box::new(compiled(path, &graph)?))),
        },
    }
}

/// Opens a blob, or compiles a quantized network; a float network is an error that says how to make
/// a blob of it.
pub(super) fn integer(path: &Path) -> anyhow::Result<Blob> {
    match executable(path)? {
        Executable::Integer(blob) => Ok(*blob),
        Executable::Float(_) => anyhow::bail!(
            "`{}` is not a compiled model: make one with `tiivis compress {} --data train.npz -o model.tiv`",
            path.display(),
            path.display()
        ),
    }
}

/// Compiles a quantized network as `compress` does without options.
pub(super) fn compiled(path: &Path, graph: &QGraph) -> anyhow::Result<Blob> {
    let compiled = emit::compile(graph, &EmitOptions::default())
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
