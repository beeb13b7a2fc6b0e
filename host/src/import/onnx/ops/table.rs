//! The supported operators.

use super::{
    activation, binary, concat, constant, conv, conv_transpose, dense, norm, pad, pick, pool,
    prelu, shape, softmax,
};
use crate::import::NodeFault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::Node;

/// How an operator is imported.
pub(in crate::import::onnx) struct Row {
    /// Its name in ONNX.
    pub operator: &'static str,
    /// The attributes that are understood; any other is refused.
    pub attributes: &'static [&'static str],
    /// Largest number of operands.
    pub operands: usize,
    /// Computes its first output.
    pub import: fn(&mut Context, &Node<'_>) -> Result<Tensor, NodeFault>,
}

const fn row(
    operator: &'static str,
    operands: usize,
    attributes: &'static [&'static str],
    import: fn(&mut Context, &Node<'_>) -> Result<Tensor, NodeFault>,
) -> Row {
    Row {
        operator,
        attributes,
        operands,
        import,
    }
}

const MANY: usize = usize::MAX;
const CONV: &[&str] = &[
    "auto_pad",
    "dilations",
    "group",
    "kernel_shape",
    "pads",
    "strides",
];
const CONV_TRANSPOSE: &[&str] = &[
    "auto_pad",
    "dilations",
    "group",
    "kernel_shape",
    "output_padding",
    "output_shape",
    "pads",
    "strides",
];
const MAX_POOL: &[&str] = &[
    "auto_pad",
    "ceil_mode",
    "dilations",
    "kernel_shape",
    "pads",
    "storage_order",
    "strides",
];
const AVERAGE_POOL: &[&str] = &[
    "auto_pad",
    "ceil_mode",
    "count_include_pad",
    "dilations",
    "kernel_shape",
    "pads",
    "strides",
];
const BATCH_NORM: &[&str] = &["epsilon", "is_test", "momentum", "spatial", "training_mode"];
const CONSTANT: &[&str] = &[
    "value",
    "value_float",
    "value_floats",
    "value_int",
    "value_ints",
];

/// Every supported operator, by name.
const ROWS: &[Row] = &[
    row("Add", 2, &[], binary::add),
    row("AveragePool", 1, AVERAGE_POOL, pool::average_pool),
    row(
        "BatchNormalization",
        5,
        BATCH_NORM,
        norm::batch_normalization,
    ),
    row(
        "Cast",
        1,
        &["to", "saturate", "round_mode"],
        activation::cast,
    ),
    row("Clip", 3, &["min", "max"], activation::clip),
    row("Concat", MANY, &["axis"], concat::concat),
    row("Constant", 0, CONSTANT, constant::constant),
    row(
        "ConstantOfShape",
        1,
        &["value"],
        constant::constant_of_shape,
    ),
    row("Conv", 3, CONV, conv::conv),
    row(
        "ConvTranspose",
        3,
        CONV_TRANSPOSE,
        conv_transpose::conv_transpose,
    ),
    row("Div", 2, &[], binary::div),
    row(
        "Dropout",
        3,
        &["is_test", "ratio", "seed"],
        activation::dropout,
    ),
    row("Elu", 1, &["alpha"], activation::elu),
    row("Expand", 2, &[], binary::expand),
    row("Flatten", 1, &["axis"], shape::flatten),
    row("Gather", 2, &["axis"], pick::gather),
    row(
        "Gemm",
        3,
        &["alpha", "beta", "transA", "transB"],
        dense::gemm,
    ),
    row("GlobalAveragePool", 1, &[], pool::global_average_pool),
    row("GlobalMaxPool", 1, &[], pool::global_max_pool),
    row(
        "HardSigmoid",
        1,
        &["alpha", "beta"],
        activation::hard_sigmoid,
    ),
    row("HardSwish", 1, &[], activation::hard_swish),
    row("Identity", 1, &[], activation::identity),
    row("LeakyRelu", 1, &["alpha"], activation::leaky_relu),
    row("MatMul", 2, &[], dense::mat_mul),
    row("MaxPool", 1, MAX_POOL, pool::max_pool),
    row("Mul", 2, &[], binary::mul),
    row("PRelu", 2, &[], prelu::prelu),
    row("Pad", 4, &["mode", "pads", "value"], pad::pad),
    row(
        "ReduceMax",
        2,
        &["axes", "keepdims", "noop_with_empty_axes"],
        pool::reduce_max,
    ),
    row(
        "ReduceMean",
        2,
        &["axes", "keepdims", "noop_with_empty_axes"],
        pool::reduce_mean,
    ),
    row("Relu", 1, &[], activation::relu),
    row("Reshape", 2, &["allowzero"], shape::reshape),
    row("Shape", 1, &["start", "end"], constant::shape),
    row("Sigmoid", 1, &[], activation::sigmoid),
    row("Slice", 5, &["starts", "ends", "axes"], pick::slice),
    row("Softmax", 1, &["axis"], softmax::softmax),
    row("Squeeze", 2, &["axes"], shape::squeeze),
    row("Sub", 2, &[], binary::sub),
    row("Tanh", 1, &[], activation::tanh),
    row("Transpose", 1, &["perm"], shape::transpose),
    row("Unsqueeze", 2, &["axes"], shape::unsqueeze),
];

/// The row of an operator of ONNX's own domain.
pub(in crate::import::onnx) fn row_of(operator: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.operator == operator)
}

/// What comes nearest to an operator that is not supported.
pub(in crate::import::onnx) fn nearest(operator: &str) -> String {
    let hint = match operator {
        "ThresholdedRelu" | "Selu" | "Celu" => "LeakyRelu, PRelu and Elu are supported",
        "Gelu" | "Softplus" | "Mish" | "Swish" | "Softsign" | "Erf" => {
            "HardSwish, Sigmoid, Tanh and x · Sigmoid(x) are supported; nn.GELU(approximate=\"tanh\") \
             exports to those with PyTorch's TorchScript exporter (dynamo=False)"
        }
        "LogSoftmax" | "Hardmax" | "ArgMax" => {
            "Softmax is supported; cut the rest off and leave it to the application"
        }
        "ReduceSum" | "ReduceMin" | "ReduceL2" | "LpPool" | "GlobalLpPool" => {
            "ReduceMean, ReduceMax, GlobalMaxPool and GlobalAveragePool are supported"
        }
        "InstanceNormalization" | "LayerNormalization" | "GroupNormalization" | "LRN" => {
            "BatchNormalization is supported"
        }
        "Resize" | "Upsample" | "DepthToSpace" => {
            "maps are made larger by ConvTranspose; Conv and the pools are supported"
        }
        "ConvInteger"
        | "QLinearConv"
        | "MatMulInteger"
        | "QLinearMatMul"
        | "QuantizeLinear"
        | "DequantizeLinear"
        | "DynamicQuantizeLinear" => {
            "float32 models are supported: export the network before its quantization"
        }
        "LSTM" | "GRU" | "RNN" => {
            "feed-forward networks are supported: Conv in one dimension, Gemm and MatMul"
        }
        "If" | "Loop" | "Scan" => {
            "graphs without control flow are supported: export with fixed shapes, so that it \
             folds away"
        }
        "Split" => {
            "a tensor cannot be cut; compute each part by a Conv of its own with its part of the \
             weights"
        }
        "Range" | "Where" => {
            "constants are not computed so: export with constant folding, or run a simplifier \
             such as onnxsim"
        }
        "Tile" | "Pow" | "Sqrt" | "Neg" | "Abs" | "Exp" | "Log" | "Max" | "Min" => {
            "Add, Sub, Mul, Div by a constant, Expand and Clip are supported"
        }
        _ => {
            let names: Vec<&str> = ROWS.iter().map(|row| row.operator).collect();
            return format!("supported: {}", names.join(", "));
        }
    };
    hint.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_hints_name_no_supported_operator() {
        assert!(ROWS.iter().map(|row| row.operator).is_sorted());
        for row in ROWS {
            assert!(
                nearest(row.operator).starts_with("supported: "),
                "{} has a hint",
                row.operator
            );
        }
    }
}
