//! Which operators are supported: the importers' tables beside each other.
//!
//! What is supported is never written here: it is what the rows of the importers say, and a golden
//! case for each line of them holds them to it (`tests/operators.rs`). Here is only which operator of
//! one format is which of the other.

use super::{Precision, onnx, tflite};
use serde::Serialize;

/// An operator and who imports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperatorSupport {
    /// Its name in the TensorFlow Lite schema; of an operator that only ONNX has, the one there.
    pub operator: &'static str,
    /// What its activations may be in a `.tflite` file; empty if it is not imported from there.
    pub tflite: Vec<Precision>,
    /// The ONNX operators that do the same and are imported.
    pub onnx: Vec<&'static str>,
    /// What their activations may be: of real numbers, which the evaluator computes and the
    /// quantizer makes int8 of, or of integers in the file.
    pub onnx_precisions: Vec<Precision>,
}

impl OperatorSupport {
    /// Whether it is imported from anywhere.
    pub fn is_supported(&self) -> bool {
        !self.tflite.is_empty() || !self.onnx.is_empty()
    }

    fn of(operator: &'static str, tflite: &[Precision], onnx: Vec<OnnxRow>) -> Self {
        let takes = |precision: &Precision| {
            let mut rows = onnx.iter();
            rows.any(|(_, precisions)| precisions.contains(precision))
        };
        Self {
            operator,
            tflite: tflite.to_vec(),
            onnx_precisions: Precision::ALL.into_iter().filter(takes).collect(),
            onnx: onnx.iter().map(|&(name, _)| name).collect(),
        }
    }
}

/// Name and precisions of a row.
type OnnxRow = (&'static str, &'static [Precision]);

/// Every operator that is meant to be supported or is, by name: first those of TensorFlow Lite.
pub fn operators() -> Vec<OperatorSupport> {
    let rows: Vec<_> = tflite::operators().collect();
    let others: Vec<OnnxRow> = onnx::operators().collect();
    let mut names: Vec<&'static str> = rows.iter().map(|(name, _)| *name).collect();
    names.extend(SAME.iter().map(|&(name, _)| name));
    names.sort_unstable();
    names.dedup();
    let mut table: Vec<OperatorSupport> = Vec::with_capacity(names.len());
    for name in names {
        let row = rows.iter().find(|(operator, _)| *operator == name);
        let same = others.iter().copied();
        let same = same.filter(|&(other, _)| is_same(name, other)).collect();
        let precisions = row.map_or(&[][..], |(_, precisions)| precisions);
        table.push(OperatorSupport::of(name, precisions, same));
    }
    let mut left: Vec<OnnxRow> = others;
    left.retain(|(name, _)| !table.iter().any(|line| line.onnx.contains(name)));
    left.sort_unstable();
    let left = left.into_iter();
    table.extend(left.map(|row| OperatorSupport::of(row.0, &[], vec![row])));
    table
}

/// Whether an operator of ONNX is one of TensorFlow Lite: by the list, or by its name.
fn is_same(tflite: &str, onnx: &str) -> bool {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let listed = SAME.iter().find(|&&(name, _)| name == tflite);
    let is_listed = listed.is_some_and(|(_, others)| others.contains(&onnx));
    is_listed || (plain(tflite) == plain(onnx) && !OTHERWISE.contains(&tflite))
}

/// Operators of ONNX with these names do something else.
const OTHERWISE: &[&str] = &["MEAN", "SUM"];

/// The operators that microcontrollers' models are made of, by TensorFlow Lite's name, and those of
/// ONNX that are the same with another name.
const SAME: &[(&str, &[&str])] = &[
    ("ABS", &[]),
    ("ADD", &["Sum", "QLinearAdd"]),
    ("ARG_MAX", &[]),
    ("ARG_MIN", &[]),
    ("ASSIGN_VARIABLE", &[]),
    (
        "AVERAGE_POOL_2D",
        &[
            "AveragePool",
            "GlobalAveragePool",
            "QLinearAveragePool",
            "QLinearGlobalAveragePool",
        ],
    ),
    ("BATCH_MATMUL", &["MatMul"]),
    ("BATCH_TO_SPACE_ND", &[]),
    ("BROADCAST_TO", &["Expand"]),
    ("CALL_ONCE", &[]),
    ("CAST", &[]),
    ("CONCATENATION", &["Concat", "QLinearConcat"]),
    ("CONV_2D", &["Conv", "QLinearConv"]),
    ("DEPTHWISE_CONV_2D", &["Conv", "QLinearConv"]),
    ("DEPTH_TO_SPACE", &[]),
    ("DEQUANTIZE", &["DequantizeLinear"]),
    ("DIV", &[]),
    ("ELU", &[]),
    ("EQUAL", &[]),
    ("EXP", &[]),
    ("EXPAND_DIMS", &["Unsqueeze"]),
    (
        "FULLY_CONNECTED",
        &["Gemm", "MatMul", "QGemm", "QLinearMatMul"],
    ),
    ("GATHER", &[]),
    ("GELU", &[]),
    ("GREATER", &[]),
    ("GREATER_EQUAL", &["GreaterOrEqual"]),
    ("HARD_SWISH", &[]),
    ("L2_NORMALIZATION", &["LpNormalization"]),
    ("LEAKY_RELU", &["QLinearLeakyRelu"]),
    ("LESS", &[]),
    ("LESS_EQUAL", &["LessOrEqual"]),
    ("LOG", &[]),
    ("LOGICAL_AND", &["And"]),
    ("LOGICAL_NOT", &["Not"]),
    ("LOGICAL_OR", &["Or"]),
    ("LOGISTIC", &["Sigmoid", "QLinearSigmoid"]),
    ("LOG_SOFTMAX", &[]),
    ("MAXIMUM", &["Max"]),
    ("MAX_POOL_2D", &["MaxPool", "GlobalMaxPool"]),
    ("MEAN", &["ReduceMean"]),
    ("MINIMUM", &["Min"]),
    ("MIRROR_PAD", &["Pad"]),
    ("MUL", &["QLinearMul"]),
    ("NEG", &[]),
    ("NOT_EQUAL", &["Xor"]),
    ("PACK", &[]),
    ("PAD", &[]),
    ("PADV2", &["Pad"]),
    ("PRELU", &[]),
    ("QUANTIZE", &["QuantizeLinear"]),
    ("READ_VARIABLE", &[]),
    ("REDUCE_MAX", &[]),
    ("REDUCE_MIN", &[]),
    ("RELU", &[]),
    ("RELU6", &["Clip"]),
    ("RELU_0_TO_1", &["Clip"]),
    ("RELU_N1_TO_1", &["Clip"]),
    ("RESHAPE", &["Flatten"]),
    ("RESIZE_BILINEAR", &["Resize", "Upsample"]),
    ("RESIZE_NEAREST_NEIGHBOR", &["Resize", "Upsample"]),
    ("RSQRT", &[]),
    ("SELECT", &["Where"]),
    ("SELECT_V2", &["Where"]),
    ("SLICE", &[]),
    ("SOFTMAX", &["QLinearSoftmax"]),
    ("SPACE_TO_BATCH_ND", &[]),
    ("SPACE_TO_DEPTH", &[]),
    ("SPLIT", &[]),
    ("SPLIT_V", &["Split"]),
    ("SQRT", &[]),
    ("SQUARED_DIFFERENCE", &[]),
    ("SQUEEZE", &[]),
    ("STRIDED_SLICE", &["Slice"]),
    ("SUB", &[]),
    ("SUM", &["ReduceSum"]),
    ("SVDF", &[]),
    ("TANH", &[]),
    ("TILE", &[]),
    ("TRANSPOSE", &[]),
    ("TRANSPOSE_CONV", &["ConvTranspose"]),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", &["LSTM"]),
    ("UNPACK", &[]),
    ("VAR_HANDLE", &[]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_of_both_importers_is_in_the_table() {
        let table = operators();
        let names: BTreeSet<_> = table.iter().map(|line| line.operator).collect();
        assert_eq!(names.len(), table.len(), "each once");
        for (name, precisions) in tflite::operators() {
            let line = table.iter().find(|line| line.operator == name);
            assert_eq!(line.unwrap().tflite, precisions, "{name}");
        }
        for (name, precisions) in onnx::operators() {
            let mut lines = table.iter().filter(|line| line.onnx.contains(&name));
            let holds = |line: &OperatorSupport| {
                precisions
                    .iter()
                    .all(|found| line.onnx_precisions.contains(found))
            };
            assert!(lines.all(holds), "{name}");
            assert!(table.iter().any(|line| line.onnx.contains(&name)), "{name}");
        }
        let sum = table.iter().find(|line| line.operator == "SUM").unwrap();
        assert!(!sum.onnx.contains(&"Sum"), "ONNX's Sum adds tensors");
    }
}
