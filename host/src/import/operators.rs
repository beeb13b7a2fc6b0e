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

/// Every operator that is supported, by name: first those of TensorFlow Lite.
pub fn operators() -> Vec<OperatorSupport> {
    let others: Vec<OnnxRow> = onnx::operators().collect();
    let line = |(name, precisions): (&'static str, Vec<Precision>)| {
        let same = others.iter().copied();
        let same = same.filter(|&(other, _)| is_same(name, other)).collect();
        OperatorSupport::of(name, &precisions, same)
    };
    let mut table: Vec<OperatorSupport> = tflite::operators().map(line).collect();
    let mut left: Vec<OnnxRow> = others.clone();
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

/// Operators of ONNX that are one of TensorFlow Lite with another name.
const SAME: &[(&str, &[&str])] = &[
    ("ADD", &["Sum", "QLinearAdd"]),
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
    ("BROADCAST_TO", &["Expand"]),
    ("CONCATENATION", &["Concat", "QLinearConcat"]),
    ("CONV_2D", &["Conv", "QLinearConv"]),
    ("DEPTHWISE_CONV_2D", &["Conv", "QLinearConv"]),
    ("DEQUANTIZE", &["DequantizeLinear"]),
    ("EXPAND_DIMS", &["Unsqueeze"]),
    (
        "FULLY_CONNECTED",
        &["Gemm", "MatMul", "QGemm", "QLinearMatMul"],
    ),
    ("GREATER_EQUAL", &["GreaterOrEqual"]),
    ("L2_NORMALIZATION", &["LpNormalization"]),
    ("LEAKY_RELU", &["QLinearLeakyRelu"]),
    ("LESS_EQUAL", &["LessOrEqual"]),
    ("LOGICAL_AND", &["And"]),
    ("LOGICAL_NOT", &["Not"]),
    ("LOGICAL_OR", &["Or"]),
    ("LOGISTIC", &["Sigmoid", "QLinearSigmoid"]),
    ("MAXIMUM", &["Max"]),
    ("MAX_POOL_2D", &["MaxPool", "GlobalMaxPool"]),
    ("MEAN", &["ReduceMean"]),
    ("MINIMUM", &["Min"]),
    ("MIRROR_PAD", &["Pad"]),
    ("MUL", &["QLinearMul"]),
    ("NOT_EQUAL", &["Xor"]),
    ("PADV2", &["Pad"]),
    ("QUANTIZE", &["QuantizeLinear"]),
    ("RELU6", &["Clip"]),
    ("RELU_0_TO_1", &["Clip"]),
    ("RELU_N1_TO_1", &["Clip"]),
    ("RESHAPE", &["Flatten"]),
    ("RESIZE_BILINEAR", &["Resize", "Upsample"]),
    ("RESIZE_NEAREST_NEIGHBOR", &["Resize", "Upsample"]),
    ("SELECT", &["Where"]),
    ("SELECT_V2", &["Where"]),
    ("SOFTMAX", &["QLinearSoftmax"]),
    ("SPLIT_V", &["Split"]),
    ("STRIDED_SLICE", &["Slice"]),
    ("SUM", &["ReduceSum"]),
    ("TRANSPOSE_CONV", &["ConvTranspose"]),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", &["LSTM"]),
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
