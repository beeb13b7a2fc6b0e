//! What is in a compiled model, and in a float graph after the passes.

use crate::cli::output;
use crate::ir::{self, Graph};
use crate::measure::sim::{Blob, source_shape};
use crate::report::{Align, Table, bytes, count, shortened};
use serde::Serialize;
use tiivis_runtime::blob::{FrontendKind, FrontendSpec, Mix, Port};
use tiivis_runtime::frontend::Frontend;

/// Longest name of a layer in the table; JSON has all of it.
const MAX_NAME: usize = 40;

#[derive(Serialize)]
pub(super) struct Summary {
    format: String,
    inputs: Vec<PortSummary>,
    outputs: Vec<PortSummary>,
    layers: Vec<LayerSummary>,
    macs: u64,
    /// Elements of all constants.
    parameters: u64,
    source_sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<BlobSummary>,
}

#[derive(Serialize)]
struct PortSummary {
    name: String,
    /// In the source model's axis order.
    shape: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dtype: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zero_point: Option<i32>,
}

#[derive(Serialize)]
struct LayerSummary {
    name: String,
    op: String,
    /// NHWC.
    #[serde(skip_serializing_if = "Option::is_none")]
    output_shape: Option<Vec<usize>>,
    output_bytes: u64,
    macs: u64,
}

#[derive(Serialize)]
struct BlobSummary {
    isa: &'static str,
    blob_bytes: usize,
    arena_bytes: usize,
    /// Of the arena: what survives a run.
    state_bytes: u64,
    tool: String,
    recipe: String,
    labels: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    frontends: Vec<FrontendSummary>,
}

/// What makes an input of raw samples.
#[derive(Serialize)]
struct FrontendSummary {
    input: u32,
    kind: &'static str,
    sample_rate_hz: u32,
    channels: u32,
    window_samples: u32,
    hop_samples: u32,
    frames: u32,
    features: u32,
    stride_frames: u32,
    /// Beside the arena.
    memory_bytes: usize,
}

impl FrontendSummary {
    fn new(spec: &FrontendSpec) -> Self {
        Self {
            input: spec.input,
            kind: match &spec.kind {
                FrontendKind::Micro(_) => "micro",
                FrontendKind::Mel(mel) => match mel.mix {
                    Mix::Gains(_) => "log-mel",
                    Mix::Matrix(_) => "mfcc",
                },
                FrontendKind::Motion(_) => "motion",
            },
            sample_rate_hz: spec.sample_rate_hz,
            channels: spec.channels,
            window_samples: spec.window_len,
            hop_samples: spec.hop_len,
            frames: spec.frames,
            features: spec.features,
            stride_frames: spec.stride_frames,
            memory_bytes: Frontend::memory_bytes(spec),
        }
    }
}

impl Summary {
    pub(super) fn show(&self, as_json: bool) -> anyhow::Result<()> {
        if as_json {
            return output::json(self);
        }
        output::text(describe(self))
    }
}

pub(super) fn of_graph(graph: &Graph, format: String, source_sha256: &[u8]) -> Summary {
    let port = |port: &ir::Port| PortSummary {
        name: port.name.clone(),
        shape: port
            .source_axes
            .iter()
            .map(|&axis| graph.shape(port.value)[axis])
            .collect(),
        dtype: None,
        scale: None,
        zero_point: None,
    };
    let macs = ir::macs(graph);
    let layers: Vec<_> = graph
        .nodes
        .iter()
        .zip(&macs)
        .map(|(node, &macs)| {
            let shape = graph.shape(node.output).to_vec();
            LayerSummary {
                name: node.name.clone(),
                op: node.op.name().to_owned(),
                output_bytes: 4 * elements(&shape),
                output_shape: Some(shape),
                macs,
            }
        })
        .collect();
    let constants = graph
        .values()
        .filter_map(|(_, value)| value.constant.as_ref());
    Summary {
        format,
        inputs: graph.inputs.iter().map(port).collect(),
        outputs: graph.outputs.iter().map(port).collect(),
        macs: macs.iter().sum(),
        layers,
        parameters: constants.map(|data| elements(&[data.len()])).sum(),
        source_sha256: hex(source_sha256),
        blob: None,
    }
}

fn elements(shape: &[usize]) -> u64 {
    u64::try_from(shape.iter().product::<usize>()).unwrap_or(u64::MAX)
}

pub(super) fn of_blob(blob: &Blob) -> Summary {
    let model = blob.model();
    let port = |port: Port<'_>| PortSummary {
        name: port.name.to_owned(),
        shape: source_shape(&port),
        dtype: Some(port.dtype.name()),
        scale: Some(port.scale),
        zero_point: Some(port.zero_point),
    };
    let names: Vec<_> = model.layer_names().collect();
    let layers: Vec<_> = model
        .steps()
        .map(|step| {
            let layer = usize::try_from(step.layer).ok();
            LayerSummary {
                name: layer
                    .and_then(|layer| names.get(layer))
                    .copied()
                    .unwrap_or("-")
                    .to_owned(),
                op: step.op.name().to_owned(),
                output_shape: None,
                output_bytes: step.op.output().len.into(),
                macs: step.op.macs(),
            }
        })
        .collect();
    let provenance = model.program().provenance;
    Summary {
        format: format!(
            "Tiivis blob {}.{}",
            tiivis_runtime::blob::MAJOR,
            tiivis_runtime::blob::MINOR
        ),
        inputs: model.inputs().map(port).collect(),
        outputs: model.outputs().map(port).collect(),
        macs: layers.iter().map(|layer| layer.macs).sum(),
        parameters: model
            .steps()
            .map(|step| u64::from(step.op.weights_bytes()))
            .sum(),
        layers,
        source_sha256: hex(provenance.source_sha256),
        blob: Some(BlobSummary {
            isa: model.program().isa.name(),
            blob_bytes: blob.bytes().len(),
            arena_bytes: model.arena_bytes(),
            state_bytes: model.state_bytes(),
            tool: provenance.tool.to_owned(),
            recipe: provenance.recipe.to_owned(),
            labels: model.labels().map(str::to_owned).collect(),
            frontends: model
                .frontends()
                .map(|spec| FrontendSummary::new(&spec))
                .collect(),
        }),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn describe(summary: &Summary) -> String {
    let mut text = format!("{}\n", summary.format);
    for (kind, ports) in [("input", &summary.inputs), ("output", &summary.outputs)] {
        for port in ports {
            text.push_str(&format!("  {kind:<7} {} {:?}", port.name, port.shape));
            if let (Some(dtype), Some(scale), Some(zero_point)) =
                (port.dtype, port.scale, port.zero_point)
            {
                text.push_str(&format!(", {dtype} scale {scale} zero point {zero_point}"));
            }
            text.push('\n');
        }
    }
    let mut table = Table::new(&[
        ("layer", Align::Left),
        ("op", Align::Left),
        ("output (NHWC)", Align::Left),
        ("bytes", Align::Right),
        ("MAC", Align::Right),
    ]);
    for layer in &summary.layers {
        let shape = layer
            .output_shape
            .as_ref()
            .map(|shape| format!("{shape:?}"));
        table.row([
            shortened(&layer.name, MAX_NAME),
            layer.op.clone(),
            shape.unwrap_or_default(),
            count(layer.output_bytes),
            count(layer.macs),
        ]);
    }
    text.push_str(&table.to_string());
    text.push_str(&format!(
        "{} MAC, {} parameters\n",
        count(summary.macs),
        count(summary.parameters)
    ));
    if let Some(blob) = &summary.blob {
        let (size, arena) = (bytes(blob.blob_bytes), bytes(blob.arena_bytes));
        let state = match blob.state_bytes {
            0 => String::new(),
            bytes => format!(" ({} of state)", count(bytes)),
        };
        text.push_str(&format!(
            "blob {size}, arena {arena}{state}, for {} cores, made by {}\n",
            blob.isa, blob.tool
        ));
        for line in blob.recipe.lines() {
            text.push_str(&format!("  {line}\n"));
        }
        for frontend in &blob.frontends {
            text.push_str(&format!(
                "  front-end {} at {} Hz, window {} hop {}, {} frames of {} every {}, {} beside the arena\n",
                frontend.kind,
                frontend.sample_rate_hz,
                frontend.window_samples,
                frontend.hop_samples,
                frontend.frames,
                frontend.features,
                frontend.stride_frames,
                bytes(frontend.memory_bytes),
            ));
        }
        if !blob.labels.is_empty() {
            text.push_str(&format!("  labels {}\n", blob.labels.join(", ")));
        }
    }
    if !summary.source_sha256.is_empty() {
        text.push_str(&format!("source sha256 {}\n", summary.source_sha256));
    }
    text
}
