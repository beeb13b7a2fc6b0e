//! What is in a model file, operator by operator.

use super::blob::hex;
use crate::cli::isa::Target;
use crate::cli::{model, output};
use crate::import::survey::{OperatorSurvey, Quantization, Surveyed, TensorSurvey, Verdict};
use crate::import::{self, Network, Shapes};
use crate::report::{Align, Table, bytes, count, shortened};
use serde::Serialize;
use std::path::Path;

/// Longest name of a tensor in the table; JSON has all of it.
const MAX_NAME: usize = 32;
/// Longest name of a kind of operator.
const MAX_OPERATOR: usize = 28;
/// Longest name of a port.
const MAX_PORT: usize = 60;
/// Longest reason below the table; it quotes names.
const MAX_REASON: usize = 400;

/// The JSON of a model file.
#[derive(Serialize)]
pub(super) struct Summary {
    format: String,
    /// Whether all of it is.
    supported: bool,
    inputs: Vec<PortSummary>,
    outputs: Vec<PortSummary>,
    layers: Vec<LayerSummary>,
    macs: u64,
    /// Elements of all constants.
    parameters: u64,
    /// Bytes of the same in the file.
    parameter_bytes: u64,
    /// What is not supported besides operators.
    faults: Vec<String>,
    source_bytes: u64,
    source_sha256: String,
    /// What becomes of a model that is quantized already.
    #[serde(skip_serializing_if = "Option::is_none")]
    compiled: Option<CompiledSummary>,
}

#[derive(Serialize)]
struct CompiledSummary {
    blob_bytes: usize,
    arena_bytes: usize,
    /// Of the arena: what survives a run.
    state_bytes: u64,
}

/// A port; the same fields as of a compiled model, and what a survey knows besides.
#[derive(Serialize)]
struct PortSummary {
    #[serde(flatten)]
    tensor: TensorSurvey,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zero_point: Option<i64>,
}

impl PortSummary {
    fn new(tensor: TensorSurvey) -> Self {
        let quantization = tensor.quantization.as_ref();
        let single = quantization.filter(|quantization| quantization.scales.len() == 1);
        Self {
            scale: single.map(|quantization| quantization.scales[0]),
            zero_point: single.map(|quantization| {
                let zero_points = quantization.zero_points.first();
                zero_points.copied().unwrap_or(0)
            }),
            tensor,
        }
    }
}

#[derive(Serialize)]
struct LayerSummary {
    index: usize,
    name: String,
    op: String,
    /// `yes`, `no`, or `undecided` where it depends on what is not supported.
    supported: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    outputs: Vec<TensorSurvey>,
    constants: Vec<TensorSurvey>,
    /// None if the shapes that say so are not known.
    macs: Option<u64>,
    parameters: u64,
    parameter_bytes: u64,
}

impl LayerSummary {
    fn new(operator: OperatorSurvey) -> Self {
        let (parameters, parameter_bytes) = (operator.parameters(), operator.parameter_bytes());
        let (supported, reason) = match operator.verdict {
            Verdict::Supported => ("yes", None),
            Verdict::Unsupported(reason) => ("no", Some(reason)),
            Verdict::Undecided(reason) => ("undecided", Some(reason)),
        };
        Self {
            index: operator.index,
            name: operator.name,
            op: operator.operator,
            supported,
            reason,
            outputs: operator.outputs,
            constants: operator.constants,
            macs: operator.macs,
            parameters,
            parameter_bytes,
        }
    }
}

impl Summary {
    /// Of a file that was looked into; one that is quantized already is compiled as well.
    pub(super) fn new(path: &Path, surveyed: Surveyed, shapes: &Shapes) -> Self {
        let Surveyed {
            survey,
            source_sha256,
            source_bytes,
        } = surveyed;
        let (mut faults, mut compiled) = (Vec::new(), None);
        if survey.is_supported() {
            match compile(path, shapes) {
                Ok(found) => compiled = found,
                Err(error) => faults.push(format!("{error:#}")),
            }
        }
        Self {
            supported: survey.is_supported() && faults.is_empty(),
            macs: survey.macs(),
            format: survey.format,
            inputs: survey.inputs.into_iter().map(PortSummary::new).collect(),
            outputs: survey.outputs.into_iter().map(PortSummary::new).collect(),
            layers: survey
                .operators
                .into_iter()
                .map(LayerSummary::new)
                .collect(),
            parameters: survey.parameters,
            parameter_bytes: survey.parameter_bytes,
            faults: survey.faults.into_iter().chain(faults).collect(),
            source_bytes,
            source_sha256: hex(&source_sha256),
            compiled,
        }
    }

    pub(super) fn show(&self, as_json: bool) -> anyhow::Result<()> {
        if as_json {
            return output::json(self);
        }
        output::text(self.describe())
    }

    fn describe(&self) -> String {
        let mut text = format!("{}\n", self.format);
        for (kind, ports) in [("input", &self.inputs), ("output", &self.outputs)] {
            for port in ports {
                let tensor = &port.tensor;
                let name = shortened(&tensor.name, MAX_PORT);
                text.push_str(&format!("  {kind:<7} {name} {}", shape(tensor)));
                if !tensor.dtype.is_empty() {
                    text.push_str(&format!(", {}", tensor.dtype));
                }
                if let Some(quantization) = &tensor.quantization {
                    let (scale, zero_point) = (scales(quantization), zero_points(quantization));
                    text.push_str(&format!(" scale {scale} zero point {zero_point}"));
                }
                text.push('\n');
            }
        }
        let reasons = self.reasons();
        text.push_str(&self.table(&reasons).to_string());
        text.push_str(&self.totals());
        text.push_str(&self.below(&reasons));
        text.push_str(&format!("source sha256 {}\n", self.source_sha256));
        text
    }

    /// Reasons of what is not supported, each once.
    fn reasons(&self) -> Vec<(&str, &str)> {
        let mut reasons = Vec::new();
        for layer in &self.layers {
            if let ("no", Some(reason)) = (layer.supported, &layer.reason) {
                let reason = (&*layer.op, &**reason);
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
        reasons
    }

    fn table(&self, reasons: &[(&str, &str)]) -> Table {
        let mut table = Table::new(&[
            ("#", Align::Right),
            ("operator", Align::Left),
            ("output", Align::Left),
            ("shape", Align::Left),
            ("type", Align::Left),
            ("scale", Align::Left),
            ("zero point", Align::Right),
            ("weights", Align::Left),
            ("MAC", Align::Right),
            ("parameters", Align::Right),
            ("bytes", Align::Right),
            ("supported", Align::Left),
        ]);
        for layer in &self.layers {
            let output = layer.outputs.first();
            let quantization = output.and_then(|output| output.quantization.as_ref());
            let largest = largest(&layer.constants);
            let mark = match (layer.supported, &layer.reason) {
                ("no", Some(reason)) => {
                    let found = (&*layer.op, &**reason);
                    let at = reasons.iter().position(|reason| *reason == found);
                    format!("no ({})", at.map_or(0, |at| at + 1))
                }
                ("undecided", _) => "?".to_owned(),
                (other, _) => other.to_owned(),
            };
            table.row([
                layer.index.to_string(),
                shortened(&layer.op, MAX_OPERATOR),
                shortened(&layer.name, MAX_NAME),
                output.map(shape).unwrap_or_default(),
                output
                    .map(|output| output.dtype.clone())
                    .unwrap_or_default(),
                quantization.map(scales).unwrap_or_default(),
                quantization.map(zero_points).unwrap_or_default(),
                largest.map(weights).unwrap_or_default(),
                layer.macs.map_or_else(|| "?".to_owned(), count),
                count(layer.parameters),
                count(layer.parameter_bytes),
                mark,
            ]);
        }
        table
    }

    fn totals(&self) -> String {
        let number = |supported: &str| {
            let layers = self.layers.iter();
            layers.filter(|layer| layer.supported == supported).count()
        };
        let (unsupported, undecided) = (number("no"), number("undecided"));
        let plural = if self.layers.len() == 1 { "" } else { "s" };
        let mut text = format!("{} operator{plural}", self.layers.len());
        if unsupported > 0 {
            text.push_str(&format!(", {unsupported} not supported"));
        }
        if undecided > 0 {
            text.push_str(&format!(", {undecided} behind them"));
        }
        text.push_str(&format!(
            "; {} MAC, {} parameters in {}\n",
            count(self.macs),
            count(self.parameters),
            bytes(self.parameter_bytes)
        ));
        if let Some(compiled) = &self.compiled {
            let state = match compiled.state_bytes {
                0 => String::new(),
                bytes => format!(" ({} of state)", count(bytes)),
            };
            text.push_str(&format!(
                "compiled: blob {}, arena {}{state}\n",
                bytes(compiled.blob_bytes),
                bytes(compiled.arena_bytes)
            ));
        }
        text
    }

    /// What is not supported.
    fn below(&self, reasons: &[(&str, &str)]) -> String {
        if self.supported {
            return String::new();
        }
        let mut text = String::from("not supported:\n");
        for (at, (operator, reason)) in reasons.iter().enumerate() {
            let operator = shortened(operator, MAX_OPERATOR);
            let reason = shortened(reason, MAX_REASON);
            text.push_str(&format!("  ({}) {operator}: {reason}\n", at + 1));
        }
        for fault in &self.faults {
            text.push_str(&format!("  {}\n", shortened(fault, MAX_REASON)));
        }
        text
    }
}

/// Compiles what is quantized already; none for a float model.
fn compile(path: &Path, shapes: &Shapes) -> anyhow::Result<Option<CompiledSummary>> {
    match import::load_with(path, shapes)?.network {
        Network::Float(_) => Ok(None),
        Network::Quantized(graph) => {
            let blob = model::compiled(path, &graph, Target::default())?;
            let model = blob.model();
            Ok(Some(CompiledSummary {
                blob_bytes: blob.bytes().len(),
                arena_bytes: model.arena_bytes(),
                state_bytes: model.state_bytes(),
            }))
        }
    }
}

/// `[1, 8, ?]`; empty if nothing is known.
fn shape(tensor: &TensorSurvey) -> String {
    let Some(shape) = &tensor.shape else {
        return "?".to_owned();
    };
    let extent =
        |extent: &Option<usize>| extent.map_or_else(|| "?".to_owned(), |extent| extent.to_string());
    let extents: Vec<String> = shape.iter().map(extent).collect();
    format!("[{}]", extents.join(", "))
}

/// The first of the largest constants; numbers alone are parameters of the operator.
fn largest(constants: &[TensorSurvey]) -> Option<&TensorSurvey> {
    let elements = |constant: &&TensorSurvey| constant.elements().unwrap_or(0);
    let many = constants.iter().filter(|constant| elements(constant) > 1);
    many.rev().max_by_key(elements)
}

/// The type of a constant, and its scales.
fn weights(constant: &TensorSurvey) -> String {
    match &constant.quantization {
        Some(quantization) => format!("{} {}", constant.dtype, scales(quantization)),
        None => constant.dtype.clone(),
    }
}

/// The scale, or how many there are and from where to where they go.
fn scales(quantization: &Quantization) -> String {
    match quantization.scales.as_slice() {
        &[scale] => significant(scale),
        scales => {
            let min = scales.iter().copied().fold(f32::INFINITY, f32::min);
            let max = scales.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let (min, max) = (significant(min), significant(max));
            format!("{}\u{d7} {min}..{max}", scales.len())
        }
    }
}

/// The zero point, or from where to where they go.
fn zero_points(quantization: &Quantization) -> String {
    let zero_points = &quantization.zero_points;
    match (zero_points.iter().min(), zero_points.iter().max()) {
        (Some(min), Some(max)) if min == max => min.to_string(),
        (Some(min), Some(max)) => format!("{min}..{max}"),
        _ => "0".to_owned(),
    }
}

/// Five significant digits.
fn significant(scale: f32) -> String {
    if scale == 0.0 || !scale.is_finite() {
        return scale.to_string();
    }
    if !(1e-4..1e5).contains(&scale.abs()) {
        return format!("{scale:.4e}");
    }
    let mut decimals = 4;
    let mut bound = 10.0;
    while bound <= scale.abs() && decimals > 0 {
        (decimals, bound) = (decimals - 1, bound * 10.0);
    }
    let mut bound = 1.0;
    while scale.abs() < bound {
        (decimals, bound) = (decimals + 1, bound / 10.0);
    }
    let text = format!("{scale:.decimals$}");
    if text.contains('.') {
        let text = text.trim_end_matches('0').trim_end_matches('.');
        return text.to_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_five_digits() {
        let shown = [
            0.023_529_412,
            0.5,
            1.0,
            12.345_678,
            99_999.9,
            3.141_592e-6,
            1e20,
        ];
        let shown = shown.map(significant);
        let expected = [
            "0.023529",
            "0.5",
            "1",
            "12.346",
            "100000",
            "3.1416e-6",
            "1.0000e20",
        ];
        assert_eq!(shown, expected);
    }
}
