//! The types of elements that each operator takes and gives.

use super::LowerError;
use crate::quantize::graph::{DType, QGraph, QNode, QOp, QValue};

/// Types of a node's elements. Those of each list are alike.
enum Types {
    /// One of these, of all that is read and written.
    Same(&'static [DType]),
    /// One of the first of all that is read, one of the second of the output.
    Into(&'static [DType], &'static [DType]),
    /// One of the first of the input in this place, one of the second of all else.
    But(usize, &'static [DType], &'static [DType]),
}

const INT8: &[DType] = &[DType::I8];
const INT16: &[DType] = &[DType::I16];
const INT: &[DType] = &[DType::I8, DType::I16];
const INTEGER: &[DType] = &[DType::I8, DType::I16, DType::I32];
/// Bytes and int16 as they are.
const NUMBER: &[DType] = &[DType::I8, DType::I16, DType::Bool];
/// Bytes as they are, which truths are too.
const BYTE: &[DType] = &[DType::I8, DType::Bool];
const INDEX: &[DType] = &[DType::I32];
const ANY: &[DType] = &[DType::I8, DType::I16, DType::I32, DType::Bool];

/// The types that an operator's kernel knows.
const fn types(op: &QOp) -> Types {
    match op {
        QOp::Conv2d { .. } => Types::Same(INT),
        QOp::TransposeConv2d { .. } => Types::Same(INT),
        QOp::DepthwiseConv2d { .. } => Types::Same(INT),
        QOp::Dense { .. } => Types::Same(INT),
        QOp::MatMul { .. } => Types::Same(INT),
        QOp::MaxPool2d { .. } => Types::Same(INT),
        QOp::AvgPool2d { .. } => Types::Same(INT),
        QOp::Add { .. } => Types::Same(INT),
        QOp::Sub { .. } => Types::Same(INT),
        QOp::Mul { .. } => Types::Same(INT),
        QOp::Div { .. } => Types::Same(INT8),
        QOp::SquaredDifference { .. } => Types::Same(INT),
        QOp::Extreme { .. } => Types::Same(NUMBER),
        QOp::Compare { .. } => Types::Into(BYTE, BYTE),
        QOp::Select => Types::But(0, BYTE, BYTE),
        QOp::Prelu => Types::Same(INT8),
        QOp::Concat { .. } => Types::Same(ANY),
        QOp::Reshape => Types::Same(ANY),
        QOp::Transpose { .. } => Types::Same(ANY),
        QOp::Take { .. } => Types::Same(ANY),
        QOp::Pad { .. } => Types::Same(INT),
        QOp::Softmax { .. } => Types::Same(INT),
        QOp::LogSoftmax => Types::Same(INT8),
        QOp::L2Normalize => Types::Same(INT8),
        QOp::Reduce { .. } => Types::Same(INT),
        QOp::ArgExtreme { .. } => Types::Into(INT8, INDEX),
        QOp::ResizeBilinear { .. } => Types::Same(INT8),
        QOp::Lut { .. } => Types::Into(BYTE, BYTE),
        QOp::Slopes { .. } | QOp::Curve { .. } => Types::Same(INT16),
        QOp::Requantize => Types::Into(INTEGER, INTEGER),
        QOp::Svdf(_) => Types::But(1, INT, INT8),
        QOp::Lstm(_) => Types::But(2, INT16, INT),
    }
}

/// That the kernel takes and gives elements of these types.
pub(super) fn check(graph: &QGraph, node: &QNode) -> Result<(), LowerError> {
    let inputs = || node.inputs.iter().map(|&id| graph.value(id));
    let output = graph.value(node.output);
    match types(&node.op) {
        Types::Same(list) => alike(node, list, inputs().chain([output])),
        Types::Into(list, of_output) => {
            alike(node, list, inputs())?;
            alike(node, of_output, [output])
        }
        Types::But(place, of_place, list) => {
            alike(node, of_place, inputs().skip(place).take(1))?;
            let others = inputs().take(place).chain(inputs().skip(place + 1));
            alike(node, list, others.chain([output]))
        }
    }
}

/// The values are of one type of the list.
fn alike<'a>(
    node: &QNode,
    list: &[DType],
    values: impl IntoIterator<Item = &'a QValue>,
) -> Result<(), LowerError> {
    let mut first = None;
    for value in values {
        let is_listed = list.contains(&value.dtype);
        let expected = match *first.get_or_insert(value.dtype) {
            dtype if is_listed && dtype == value.dtype => continue,
            dtype if is_listed => dtype.name().to_owned(),
            _ => {
                let names: Vec<&str> = list.iter().map(|dtype| dtype.name()).collect();
                names.join(" or ")
            }
        };
        return Err(LowerError::ElementType {
            node: node.name.clone(),
            value: value.name.clone(),
            expected,
            found: value.dtype.name(),
        });
    }
    Ok(())
}
