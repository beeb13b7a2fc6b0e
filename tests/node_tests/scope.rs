//! Which operators are in scope, and which of their operands are computed with.

/// The ONNX counterparts of the operators that the project sets out to support, and what exporters
/// write around them.
const IN_SCOPE: &[&str] = &[
    "Abs",
    "Add",
    "ArgMax",
    "ArgMin",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Clip",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "DequantizeLinear",
    "Div",
    "Dropout",
    "Elu",
    "Equal",
    "Exp",
    "Expand",
    "Flatten",
    "GRU",
    "Gather",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Greater",
    "GreaterOrEqual",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "If",
    "LSTM",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "LogSoftmax",
    "LpNormalization",
    "MatMul",
    "Max",
    "MaxPool",
    "Min",
    "Mul",
    "Neg",
    "PRelu",
    "Pad",
    "QLinearConv",
    "QLinearMatMul",
    "QuantizeLinear",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Resize",
    "Shape",
    "Sigmoid",
    "Slice",
    "Softmax",
    "SpaceToDepth",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
    "Tile",
    "Transpose",
    "Unsqueeze",
    "Upsample",
    "Where",
];

/// Whether an operator is in scope.
pub(crate) fn is_in_scope(domain: Option<&str>, operator: &str) -> bool {
    matches!(domain, None | Some("" | "ai.onnx")) && IN_SCOPE.contains(&operator)
}

/// Whether the operand of this index is computed with; the others are parameters, which our
/// operators need as constants.
pub(crate) fn is_computed(operator: &str, index: usize) -> bool {
    match operator {
        "Add" | "And" | "Concat" | "Div" | "Equal" | "Greater" | "GreaterOrEqual" | "Less"
        | "LessOrEqual" | "Max" | "Mean" | "Min" | "Mul" | "Not" | "Or" | "Sub" | "Sum"
        | "Where" | "Xor" => true,
        _ => index == 0,
    }
}
