//! `tiivis inspect`.

mod blob;
mod survey;

use super::shapes::ShapeArgs;
use super::{model, output};
use crate::import::Network;
use anyhow::{Context, bail};
use clap::Args;
use std::path::PathBuf;

/// Shows what is in a model file or a compiled model
///
/// Of a model file: its own operators in order, each with its output, weights, multiply-accumulates
/// (MAC) and parameters, and below the table what is not supported and why. An operator marked `?`
/// depends on what is not supported. Long names lose their middle; --json has all of them.
///
/// Exit codes: 0 also if the model is not supported; 1 if the file is damaged or no model.
///
/// Example: tiivis inspect model.tflite
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Inspect {
    /// A model file (.onnx, .tflite) or a compiled model (.tiv).
    model: PathBuf,
    /// Show the graph after the lossless passes (what gets quantized) instead of the file's operators.
    #[arg(long)]
    simplified: bool,
    /// Print the whole graph as text, constants' ranges included.
    #[arg(long, conflicts_with = "json")]
    dump: bool,
    #[command(flatten)]
    shapes: ShapeArgs,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        if model::is_blob(&self.model)? {
            if self.dump || self.simplified {
                bail!("--dump and --simplified look into a model file: give the .onnx or .tflite");
            }
            let blob = model::read_blob(&self.model)?;
            return blob::of_blob(&blob).show(self.json);
        }
        if self.dump || self.simplified {
            return self.graph();
        }
        let shapes = self.shapes.shapes();
        let surveyed = crate::import::survey::survey(&self.model, &shapes)
            .with_context(|| format!("cannot read `{}`", self.model.display()))?;
        survey::Summary::new(&self.model, surveyed, &shapes).show(self.json)
    }

    /// The graph that is made of a float model.
    fn graph(&self) -> anyhow::Result<()> {
        let imported = model::import_model(&self.model, &self.shapes.shapes())?;
        let Network::Float(graph) = imported.network else {
            bail!("--dump and --simplified look into a float model: give one of float32");
        };
        let graph = if self.simplified {
            model::simplified(graph)?
        } else {
            graph
        };
        if self.dump {
            return output::text(&graph);
        }
        blob::of_graph(&graph, imported.format, &imported.source_sha256).show(self.json)
    }
}
