//! What is in a model file, supported or not: every operator with its tensors, and a verdict that
//! trying to import it gave.

use super::{ImportError, Shapes, is_tflite, onnx, read, tflite};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Whether an operator is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Supported,
    /// No, and why.
    Unsupported(String),
    /// Its kind is, but nothing can be said of this one, and why.
    Undecided(String),
}

/// What is in a model file.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Format and exporter, as in [`super::Imported`].
    pub format: String,
    /// What the network reads.
    pub inputs: Vec<TensorSurvey>,
    /// What it computes.
    pub outputs: Vec<TensorSurvey>,
    /// The file's own operators, in the order in which they are computed.
    pub operators: Vec<OperatorSurvey>,
    /// Elements of the constants that operators read, each constant counted once.
    pub parameters: u64,
    /// Bytes of the same in the file.
    pub parameter_bytes: u64,
    /// What is not supported of the model besides its operators.
    pub faults: Vec<String>,
}

/// An operator of a model file.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorSurvey {
    /// Number in the file, from 0.
    pub index: usize,
    /// Kind, as the file's format names it.
    pub operator: String,
    /// Name; of a format without, that of its first output.
    pub name: String,
    /// What it computes.
    pub outputs: Vec<TensorSurvey>,
    /// The constants of the file that it reads.
    pub constants: Vec<TensorSurvey>,
    /// Multiply-accumulate operations for one sample, counted as [`crate::ir::macs`] counts them;
    /// none if the shapes that say so are not known.
    pub macs: Option<u64>,
    /// Whether it is imported.
    pub verdict: Verdict,
}

/// A tensor of a model file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TensorSurvey {
    /// Name.
    pub name: String,
    /// Extents in the file's axis order, none where one is open; none at all if they depend on what
    /// is not supported. An open batch is 1.
    pub shape: Option<Vec<Option<usize>>>,
    /// Element type, as the file's format names it in lower case; empty if it is not known.
    pub dtype: String,
    /// What its integers mean, if the file says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantization: Option<Quantization>,
    /// Bytes in the file; 0 of what is computed.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes: u64,
}

/// Scales and zero points: `real = scale · (q - zero_point)`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quantization {
    /// One, or one for each index along `axis`.
    pub scales: Vec<f32>,
    /// As many; or one for all.
    pub zero_points: Vec<i64>,
    /// The axis, where there are several scales.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis: Option<i64>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(bytes: &u64) -> bool {
    *bytes == 0
}

impl TensorSurvey {
    /// Number of elements; none if an extent is not known.
    pub fn elements(&self) -> Option<u64> {
        let extents: Option<Vec<usize>> = self.shape.as_ref()?.iter().copied().collect();
        Some(product(&extents?))
    }
}

impl OperatorSurvey {
    /// Elements of its constants.
    pub fn parameters(&self) -> u64 {
        let elements = self.constants.iter().filter_map(TensorSurvey::elements);
        elements.fold(0, u64::saturating_add)
    }

    /// Bytes of its constants in the file.
    pub fn parameter_bytes(&self) -> u64 {
        let bytes = self.constants.iter().map(|constant| constant.bytes);
        bytes.fold(0, u64::saturating_add)
    }
}

impl Survey {
    /// Multiply-accumulate operations of all operators of which they are known.
    pub fn macs(&self) -> u64 {
        let macs = self.operators.iter().filter_map(|operator| operator.macs);
        macs.fold(0, u64::saturating_add)
    }

    /// Whether the model as a whole is imported.
    pub fn is_supported(&self) -> bool {
        let mut operators = self.operators.iter();
        self.faults.is_empty() && operators.all(|operator| operator.verdict == Verdict::Supported)
    }
}

/// A product of extents that stays at the largest number where it would pass it.
pub(super) fn product(extents: &[usize]) -> u64 {
    extents.iter().fold(1, |product: u64, &extent| {
        product.saturating_mul(wide(extent))
    })
}

/// A length as a number for reports.
pub(super) fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// A file and what is in it.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// What is in it.
    pub survey: Survey,
    /// SHA-256 of the file.
    pub source_sha256: [u8; 32],
    /// Length of the file in bytes.
    pub source_bytes: u64,
}

/// Looks into a model file, whether it is supported or not.
///
/// # Errors
/// If the file cannot be read, is no model of a known format, or is damaged; or if what `shapes`
/// fixes is not there.
pub fn survey(path: &Path, shapes: &Shapes) -> Result<Surveyed, ImportError> {
    let bytes = read(path)?;
    if bytes.is_empty() {
        return Err(ImportError::Empty { path: path.into() });
    }
    let survey = if is_tflite(&bytes) {
        tflite::survey_with(&bytes, shapes)?
    } else {
        onnx::survey(&bytes, &onnx::Options::beside(path, shapes))?
    };
    Ok(Surveyed {
        survey,
        source_sha256: Sha256::digest(&bytes).into(),
        source_bytes: wide(bytes.len()),
    })
}
