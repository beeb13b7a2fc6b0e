//! The program: what a blob says about a model before its weights.

use super::dtype::DType;
use super::step::Span;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// Most axes that a port's shape may have.
pub const MAX_RANK: usize = 6;
/// Most inputs, and most outputs, of a model.
pub const MAX_PORTS: usize = 8;

/// A shape, batch first.
pub type Shape = Vec<u32, MAX_RANK>;

/// The postcard-encoded part of a blob.
///
/// Lists whose length is not bounded are byte strings of consecutive postcard values, decoded one
/// at a time: nothing needs to be held in RAM.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program<'a> {
    /// Bytes of arena that a run needs.
    pub arena_bytes: u32,
    /// The core that the weights were packed for; a hint for cost, never a refusal.
    pub isa: Isa,
    /// Number of inputs, 1 to [`MAX_PORTS`].
    pub input_count: u32,
    /// [`Port`] × `input_count`.
    pub inputs: &'a [u8],
    /// Number of outputs, 1 to [`MAX_PORTS`].
    pub output_count: u32,
    /// [`Port`] × `output_count`.
    pub outputs: &'a [u8],
    /// Number of states.
    pub state_count: u32,
    /// [`State`] × `state_count`.
    pub states: &'a [u8],
    /// Number of steps.
    pub step_count: u32,
    /// [`crate::blob::Step`] × `step_count`.
    pub steps: &'a [u8],
    /// Number of layers that steps name.
    pub layer_count: u32,
    /// `&str` × `layer_count`, or empty when stripped.
    pub layer_names: &'a [u8],
    /// Number of traces, 0 when stripped.
    pub trace_count: u32,
    /// [`Trace`] × `trace_count`.
    pub traces: &'a [u8],
    /// Number of class labels, or 0.
    pub label_count: u32,
    /// `&str` × `label_count`.
    pub labels: &'a [u8],
    /// Where the model came from.
    pub provenance: Provenance<'a>,
    /// Number of front-ends, at most [`crate::blob::MAX_FRONTENDS`], or 0.
    pub frontend_count: u32,
    /// [`crate::blob::FrontendSpec`] × `frontend_count`.
    pub frontends: &'a [u8],
}

/// Instruction sets that weights can be packed for. A blob of any runs on every core: for each packed
/// layout there is a portable kernel too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Isa {
    /// Plain order, for any core.
    #[default]
    Portable,
    /// Armv7E-M, and Armv8-M with the DSP extension.
    Dsp,
}

impl Isa {
    /// Name for people, as the command's options take it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Dsp => "dsp",
        }
    }
}

/// A model's input or output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Port<'a> {
    /// Name in the source model.
    pub name: &'a str,
    /// Where the values lie in the arena.
    pub span: Span,
    /// What the values are.
    pub dtype: DType,
    /// Shape in the runtime's axis order (NHWC); the first axis is the batch, 1.
    pub shape: Shape,
    /// Axis `i` of the source model is axis `source_axes[i]` of `shape`.
    pub source_axes: Vec<u8, MAX_RANK>,
    /// Real value of one step of the quantized value.
    pub scale: f32,
    /// Quantized value of real 0, in the range of `dtype`; 0 for [`DType::Bool`].
    pub zero_point: i32,
}

/// What a layer computes and where it is found: for dumps and comparisons on a host. A run needs no
/// traces, and [`crate::Model::parse`] proves nothing about them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Index of the layer.
    pub layer: u32,
    /// Number of steps of a run after which the values are whole; what comes after may overwrite them.
    pub steps: u32,
    /// Where the values lie in the arena.
    pub span: Span,
    /// Shape in the runtime's axis order (NHWC).
    pub shape: Shape,
    /// What the elements are.
    pub dtype: DType,
    /// Real value of one step of the quantized value.
    pub scale: f32,
    /// Quantized value of real 0.
    pub zero_point: i32,
    /// The tensor in a source file that numbers its tensors.
    pub origin: Option<Origin>,
}

/// A tensor of a source file by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Index of the operator that computes it.
    pub operator: u32,
    /// Index of the tensor.
    pub tensor: u32,
}

/// A part of the arena that a run finds as the run before it left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The bytes.
    pub span: Span,
    /// What they are before the first run.
    pub initial: Initial,
}

/// The bytes of a state before the first run, and again after a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Initial {
    /// All the same.
    Fill(i8),
    /// These of the data part, as many.
    Data(Span),
}

/// Where a blob came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance<'a> {
    /// Compiler and version.
    pub tool: &'a str,
    /// SHA-256 of the source model file, 32 bytes, or none.
    pub source_sha256: &'a [u8],
    /// The options that made the blob, one `key = value` a line.
    pub recipe: &'a str,
}
