//! Telling a model file from a compiled blob.

use crate::import::{self, Imported};
use crate::ir;
use crate::measure::sim::Blob;
use crate::passes;
use anyhow::Context;
use std::path::Path;

/// What a path that a user gave turns out to be.
pub(super) enum Input {
    /// A compiled blob.
    Blob(Box<Blob>),
    /// A model of some framework.
    Model(Box<Imported>),
}

/// Opens a model file or a blob, told apart by their first bytes.
pub(super) fn open(path: &Path) -> anyhow::Result<Input> {
    if is_blob(path)? {
        Ok(Input::Blob(Box::new(Blob::read(path)?)))
    } else {
        Ok(Input::Model(Box::new(load(path)?)))
    }
}

/// Imports a model file; a blob is an error that says so.
pub(super) fn import_model(path: &Path) -> anyhow::Result<Imported> {
    if is_blob(path)? {
        anyhow::bail!(
            "`{}` is compiled already: give the model file (.onnx) that it was made from",
            path.display()
        );
    }
    load(path)
}

fn load(path: &Path) -> anyhow::Result<Imported> {
    import::load(path).with_context(|| format!("cannot import `{}`", path.display()))
}

/// Opens a blob; a model file is an error that says how to make one.
pub(super) fn open_blob(path: &Path) -> anyhow::Result<Blob> {
    if !is_blob(path)? {
        anyhow::bail!(
            "`{}` is not a compiled model: make one with `tiivis compress {} --data train.npz -o model.tiv`",
            path.display(),
            path.display()
        );
    }
    Ok(Blob::read(path)?)
}

fn is_blob(path: &Path) -> anyhow::Result<bool> {
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
