//! What lowering knows of each operator besides its shapes: one row each.

use super::LowerError;
use crate::ir::Reduction;
use crate::quantize::graph::{DType, QGraph, QNode, QOp, QValue};
use tiivis_runtime::blob::Function;

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
const TRUTH: &[DType] = &[DType::Bool];
/// Longer than a byte.
const WIDE: &[DType] = &[DType::I16, DType::I32];
const INDEX: &[DType] = &[DType::I32];
const ANY: &[DType] = &[DType::I8, DType::I16, DType::I32, DType::Bool];

/// What lowering knows of an operator.
struct Traits {
    inputs: Inputs,
    types: Types,
    /// Whether the result may lie on an operand, which is read element by element in the output's
    /// order.
    in_place: bool,
}

/// How many inputs a node has.
enum Inputs {
    Exactly(usize),
    AtLeastOne,
}

/// One operand, and a result that lies elsewhere.
const fn one(types: Types) -> Traits {
    of(1, types, false)
}

const fn of(inputs: usize, types: Types, in_place: bool) -> Traits {
    Traits {
        inputs: Inputs::Exactly(inputs),
        types,
        in_place,
    }
}

const fn traits(op: &QOp) -> Traits {
    match op {
        QOp::Conv2d { .. } => one(Types::Same(INT)),
        QOp::TransposeConv2d { .. } => one(Types::Same(INT)),
        QOp::DepthwiseConv2d { .. } => one(Types::Same(INT)),
        QOp::Dense { .. } => one(Types::Same(INT)),
        QOp::MatMul { .. } => of(2, Types::Same(INT), false),
        QOp::MaxPool2d { .. } => one(Types::Same(INT)),
        QOp::AvgPool2d { .. } => one(Types::Same(INT)),
        QOp::Add { .. } => of(2, Types::Same(INT), true),
        QOp::Sub { .. } => of(2, Types::Same(INT), true),
        QOp::Mul { .. } => of(2, Types::Same(INT), true),
        QOp::Div { .. } => of(2, Types::Same(INT8), true),
        QOp::SquaredDifference { .. } => of(2, Types::Same(INT), true),
        QOp::Extreme { .. } => of(2, Types::Same(ANY), true),
        QOp::Compare { .. } => of(2, Types::Into(BYTE, BYTE), true),
        QOp::Select => of(3, Types::But(0, BYTE, ANY), true),
        QOp::Prelu => of(2, Types::Same(INT8), true),
        QOp::Concat { .. } => Traits {
            inputs: Inputs::AtLeastOne,
            types: Types::Same(ANY),
            in_place: false,
        },
        QOp::Reshape => one(Types::Same(ANY)),
        QOp::Transpose { .. } => one(Types::Same(ANY)),
        QOp::Take { .. } => one(Types::Same(ANY)),
        QOp::Pad { .. } => one(Types::Same(ANY)),
        QOp::Softmax { .. } => of(1, Types::Same(INT), true),
        QOp::LogSoftmax => of(1, Types::Same(INT8), true),
        QOp::L2Normalize => of(1, Types::Same(INT8), true),
        QOp::Reduce {
            reduction: Reduction::Max | Reduction::Min,
            ..
        } => one(Types::Same(NUMBER)),
        QOp::Reduce { .. } => one(Types::Same(INT)),
        QOp::CumSum { .. } => one(Types::Same(INT8)),
        QOp::ArgExtreme { .. } => one(Types::Into(INT8, INDEX)),
        QOp::ResizeBilinear { .. } => one(Types::Same(INT8)),
        QOp::Lut { .. } => of(1, Types::Into(BYTE, BYTE), true),
        QOp::Slopes { .. } | QOp::Curve { .. } => of(1, Types::Same(INT16), true),
        QOp::Requantize => of(1, Types::Into(INTEGER, INTEGER), true),
        QOp::Arithmetic {
            function: Function::Compare(_),
            ..
        } => of(2, Types::Into(WIDE, TRUTH), true),
        QOp::Arithmetic { .. } => of(2, Types::Same(WIDE), true),
        QOp::Cast => one(Types::Into(ANY, ANY)),
        QOp::Gather { .. } | QOp::GatherNd => of(2, Types::But(1, INDEX, ANY), false),
        QOp::Svdf(_) => of(2, Types::But(1, INT, INT8), false),
        QOp::Lstm(_) => of(3, Types::But(2, INT16, INT), false),
    }
}

/// The number of inputs, which everything after relies on.
pub(super) fn check_inputs(node: &QNode) -> Result<(), LowerError> {
    let found = node.inputs.len();
    let (is_right, expected) = match traits(&node.op).inputs {
        Inputs::Exactly(inputs) => (found == inputs, inputs.to_string()),
        Inputs::AtLeastOne => (found >= 1, "1 or more".to_owned()),
    };
    if is_right {
        return Ok(());
    }
    Err(LowerError::Arity {
        node: node.name.clone(),
        expected,
        found,
    })
}

/// Whether the result may lie on an operand, as far as the operator is concerned.
pub(super) const fn may_be_in_place(op: &QOp) -> bool {
    traits(op).in_place
}

/// That the kernel takes and gives elements of these types.
pub(super) fn check_types(graph: &QGraph, node: &QNode) -> Result<(), LowerError> {
    let inputs = || node.inputs.iter().map(|&id| graph.value(id));
    let output = graph.value(node.output);
    match traits(&node.op).types {
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
