//! The supported operators.

use super::choice::{Order, Variadic};
use super::recurrent::Kind;
use super::reduce::Reducing;
use super::{
    activation, binary, blocks, cast, choice, concat, constant, conv, conv_transpose, dense,
    generate, lp_pool, norm, normalize, pad, pick, pool, prelu, quantized, recurrent, reduce,
    repeat, resize, shape, softmax, triangle, unary,
};
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::Node;
use crate::import::{NodeFault, Precision};
use crate::ir::{Binary, Parametric, Unary};

/// How an operator is imported.
pub(in crate::import::onnx) struct Row {
    /// Its name in ONNX.
    pub operator: &'static str,
    /// The attributes that are understood; any other is refused.
    pub attributes: &'static [&'static str],
    /// Largest number of operands.
    pub operands: usize,
    /// Whether it takes tensors of quantized integers.
    pub reads_integers: bool,
    /// What its activations may be, the quantizer's int8 included.
    pub precisions: &'static [Precision],
    /// Computes its first output.
    pub import: fn(&mut Context, &Node<'_>) -> Result<Tensor, NodeFault>,
}

/// The evaluator computes it, and the quantizer makes int8 of it.
const REAL: &[Precision] = &[Precision::Float, Precision::Int8];
const INT8: &[Precision] = &[Precision::Int8];

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
        reads_integers: false,
        precisions: REAL,
        import,
    }
}

/// The row of an operator on quantized integers.
const fn quantized(
    operator: &'static str,
    operands: usize,
    attributes: &'static [&'static str],
    import: fn(&mut Context, &Node<'_>) -> Result<Tensor, NodeFault>,
) -> Row {
    Row {
        reads_integers: true,
        precisions: INT8,
        ..row(operator, operands, attributes, import)
    }
}

/// The domain of ONNX Runtime's own operators.
pub(in crate::import::onnx) const RUNTIME_DOMAIN: &str = "com.microsoft";

const QUANTIZE: &[&str] = &[
    "axis",
    "block_size",
    "output_dtype",
    "precision",
    "saturate",
];

/// Operators of ONNX Runtime, by name; quantizers of models write them.
const RUNTIME_ROWS: &[Row] = &[
    quantized(
        "DequantizeLinear",
        3,
        QUANTIZE,
        quantized::dequantize_linear,
    ),
    quantized("QGemm", 9, &["alpha", "transA", "transB"], quantized::gemm),
    quantized("QLinearAdd", 8, &[], quantized::add),
    quantized(
        "QLinearAveragePool",
        5,
        Q_AVERAGE_POOL,
        quantized::average_pool,
    ),
    quantized("QLinearConcat", MANY, &["axis"], quantized::concat),
    quantized(
        "QLinearGlobalAveragePool",
        5,
        &["channels_last"],
        quantized::global_average_pool,
    ),
    quantized("QLinearLeakyRelu", 5, &["alpha"], quantized::leaky_relu),
    quantized("QLinearMul", 8, &[], quantized::mul),
    quantized("QLinearSigmoid", 5, &[], quantized::sigmoid),
    quantized("QLinearSoftmax", 5, &["axis", "opset"], quantized::softmax),
    quantized("QuantizeLinear", 3, QUANTIZE, quantized::quantize_linear),
];

/// The row of an operator of ONNX Runtime's domain.
pub(in crate::import::onnx) fn runtime_row_of(operator: &str) -> Option<&'static Row> {
    RUNTIME_ROWS.iter().find(|row| row.operator == operator)
}

/// What is supported of ONNX Runtime's domain.
pub(in crate::import::onnx) fn nearest_of_runtime() -> String {
    let names: Vec<&str> = RUNTIME_ROWS.iter().map(|row| row.operator).collect();
    format!("of the domain {RUNTIME_DOMAIN}: {}", names.join(", "))
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
const Q_AVERAGE_POOL: &[&str] = &[
    "auto_pad",
    "ceil_mode",
    "channels_last",
    "count_include_pad",
    "kernel_shape",
    "pads",
    "strides",
];
/// Of opset 6 and before.
const BROADCAST: &[&str] = &["axis", "broadcast"];
const LP_POOL: &[&str] = &[
    "auto_pad",
    "ceil_mode",
    "dilations",
    "kernel_shape",
    "p",
    "pads",
    "strides",
];
const ARG: &[&str] = &["axis", "keepdims", "select_last_index"];
const REDUCE: &[&str] = &["axes", "keepdims", "noop_with_empty_axes"];
const RESIZE: &[&str] = &[
    "antialias",
    "axes",
    "coordinate_transformation_mode",
    "cubic_coeff_a",
    "exclude_outside",
    "extrapolation_value",
    "keep_aspect_ratio_policy",
    "mode",
    "nearest_mode",
    "scales",
];
const BATCH_NORM: &[&str] = &["epsilon", "is_test", "momentum", "spatial", "training_mode"];
const CONSTANT: &[&str] = &[
    "value",
    "value_float",
    "value_floats",
    "value_int",
    "value_ints",
];

const RNN: &[&str] = &[
    "activation_alpha",
    "activation_beta",
    "activations",
    "clip",
    "direction",
    "hidden_size",
    "layout",
];
const GRU: &[&str] = &[
    "activation_alpha",
    "activation_beta",
    "activations",
    "clip",
    "direction",
    "hidden_size",
    "layout",
    "linear_before_reset",
];
const LSTM: &[&str] = &[
    "activation_alpha",
    "activation_beta",
    "activations",
    "clip",
    "direction",
    "hidden_size",
    "input_forget",
    "layout",
];

/// Every supported operator, by name.
const ROWS: &[Row] = &[
    row("Abs", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Abs)
    }),
    row("Acos", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Acos)
    }),
    row("Acosh", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Acosh)
    }),
    row("Add", 2, BROADCAST, binary::add),
    row("And", 2, &[], |context, node| {
        choice::logical(context, node, Binary::Minimum)
    }),
    row("ArgMax", 1, ARG, |context, node| {
        reduce::arg_extreme(context, node, true)
    }),
    row("ArgMin", 1, ARG, |context, node| {
        reduce::arg_extreme(context, node, false)
    }),
    row("Asin", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Asin)
    }),
    row("Asinh", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Asinh)
    }),
    row("Atan", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Atan)
    }),
    row("Atanh", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Atanh)
    }),
    row("AveragePool", 1, AVERAGE_POOL, pool::average_pool),
    row(
        "BatchNormalization",
        5,
        BATCH_NORM,
        norm::batch_normalization,
    ),
    row("Cast", 1, &["to", "saturate", "round_mode"], cast::cast),
    row("CastLike", 2, &["saturate", "round_mode"], cast::cast_like),
    row("Ceil", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Ceil)
    }),
    row("Celu", 1, &["alpha"], |context, node| {
        unary::parametric(context, node, Parametric::Celu, [1.0, 0.0])
    }),
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
    row("Cos", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Cos)
    }),
    row("Cosh", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Cosh)
    }),
    row(
        "CumSum",
        2,
        &["exclusive", "reverse"],
        triangle::running_sum,
    ),
    row(
        "DepthToSpace",
        1,
        &["blocksize", "mode"],
        blocks::depth_to_space,
    ),
    quantized(
        "DequantizeLinear",
        3,
        QUANTIZE,
        quantized::dequantize_linear,
    ),
    row("Div", 2, BROADCAST, binary::div),
    row(
        "Dropout",
        3,
        &["is_test", "ratio", "seed"],
        activation::dropout,
    ),
    row("Elu", 1, &["alpha"], activation::elu),
    row("Equal", 2, &[], |context, node| {
        choice::compare(context, node, Order::Equal)
    }),
    row("Erf", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Erf)
    }),
    row("Exp", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Exp)
    }),
    row("Expand", 2, &[], repeat::expand),
    row("EyeLike", 1, &["dtype", "k"], generate::eye_like),
    row("Flatten", 1, &["axis"], shape::flatten),
    row("Floor", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Floor)
    }),
    row("GRU", 6, GRU, |context, node| {
        recurrent::recurrent(context, node, Kind::Gru)
    }),
    row("Gather", 2, &["axis"], pick::gather),
    row("GatherElements", 2, &["axis"], pick::gather_elements),
    row("GatherND", 2, &["batch_dims"], pick::gather_nd),
    row("Gelu", 1, &["approximate"], unary::gelu),
    row(
        "Gemm",
        3,
        &["alpha", "beta", "broadcast", "transA", "transB"],
        dense::gemm,
    ),
    row("GlobalAveragePool", 1, &[], pool::global_average_pool),
    row("GlobalLpPool", 1, &["p"], lp_pool::global),
    row("GlobalMaxPool", 1, &[], pool::global_max_pool),
    row("Greater", 2, &[], |context, node| {
        choice::compare(context, node, Order::Greater)
    }),
    row("GreaterOrEqual", 2, &[], |context, node| {
        choice::compare(context, node, Order::GreaterOrEqual)
    }),
    row(
        "GroupNormalization",
        3,
        &["epsilon", "num_groups", "stash_type"],
        normalize::group,
    ),
    row(
        "HardSigmoid",
        1,
        &["alpha", "beta"],
        activation::hard_sigmoid,
    ),
    row("HardSwish", 1, &[], activation::hard_swish),
    row("Hardmax", 1, &["axis"], reduce::hardmax),
    row("Identity", 1, &[], activation::identity),
    row(
        "InstanceNormalization",
        3,
        &["epsilon"],
        normalize::instance,
    ),
    row(
        "LRN",
        1,
        &["alpha", "beta", "bias", "size"],
        normalize::local_response,
    ),
    row("LSTM", 8, LSTM, |context, node| {
        recurrent::recurrent(context, node, Kind::Lstm)
    }),
    row(
        "LayerNormalization",
        3,
        &["axis", "epsilon", "stash_type"],
        normalize::layer,
    ),
    row("LeakyRelu", 1, &["alpha"], activation::leaky_relu),
    row("Less", 2, &[], |context, node| {
        choice::compare(context, node, Order::Less)
    }),
    row("LessOrEqual", 2, &[], |context, node| {
        choice::compare(context, node, Order::LessOrEqual)
    }),
    row("Log", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Log)
    }),
    row("LogSoftmax", 1, &["axis"], softmax::log_softmax),
    row("LpNormalization", 1, &["axis", "p"], normalize::vector),
    row("LpPool", 1, LP_POOL, lp_pool::windows),
    row("MatMul", 2, &[], dense::mat_mul),
    row("Max", MANY, &[], |context, node| {
        choice::variadic(context, node, Variadic::Max)
    }),
    row("MaxPool", 1, MAX_POOL, pool::max_pool),
    row("Mean", MANY, &[], |context, node| {
        choice::variadic(context, node, Variadic::Mean)
    }),
    row(
        "MeanVarianceNormalization",
        1,
        &["axes"],
        normalize::mean_variance,
    ),
    row("Min", MANY, &[], |context, node| {
        choice::variadic(context, node, Variadic::Min)
    }),
    row("Mish", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Mish)
    }),
    row("Mod", 2, &["fmod"], binary::modulo),
    row("Mul", 2, BROADCAST, binary::mul),
    row("Neg", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Neg)
    }),
    row("NonZero", 1, &[], generate::non_zero),
    row("Not", 1, &[], choice::not),
    row("OneHot", 3, &["axis"], generate::one_hot),
    row("Or", 2, &[], |context, node| {
        choice::logical(context, node, Binary::Maximum)
    }),
    row("PRelu", 2, &[], prelu::prelu),
    row("Pad", 4, &["mode", "pads", "value"], pad::pad),
    row("Pow", 2, &[], unary::pow),
    quantized("QLinearConv", 9, CONV, quantized::conv),
    quantized("QLinearMatMul", 8, &[], quantized::mat_mul),
    quantized("QuantizeLinear", 3, QUANTIZE, quantized::quantize_linear),
    row(
        "RMSNormalization",
        2,
        &["axis", "epsilon", "stash_type"],
        normalize::root_mean_square,
    ),
    row("RNN", 6, RNN, |context, node| {
        recurrent::recurrent(context, node, Kind::Rnn)
    }),
    row("Range", 3, &["stash_type"], generate::range),
    row("Reciprocal", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Reciprocal)
    }),
    row("ReduceL1", 2, REDUCE, |context, node| {
        reduce::reduce(context, node, Reducing::L1)
    }),
    row("ReduceL2", 2, REDUCE, |context, node| {
        reduce::reduce(context, node, Reducing::L2)
    }),
    row("ReduceLogSum", 2, REDUCE, |context, node| {
        reduce::reduce(context, node, Reducing::LogSum)
    }),
    row("ReduceLogSumExp", 2, REDUCE, |context, node| {
        reduce::reduce(context, node, Reducing::LogSumExp)
    }),
    row("ReduceMax", 2, REDUCE, |context, node| {
        reduce::reduce(context, node, Reducing::Max)
    }),
    row("ReduceMean", 2, REDUCE, |context, node| {
        reduce::reduce(context, node, Reducing::Mean)
    }),
    row("ReduceMin", 2, REDUCE, |context, node| {
        reduce::reduce(context, node, Reducing::Min)
    }),
    row("ReduceProd", 2, REDUCE, |context, node| {
        reduce::reduce(context, node, Reducing::Prod)
    }),
    row("ReduceSum", 2, REDUCE, |context, node| {
        reduce::reduce(context, node, Reducing::Sum)
    }),
    row("ReduceSumSquare", 2, REDUCE, |context, node| {
        reduce::reduce(context, node, Reducing::SumSquare)
    }),
    row("Relu", 1, &[], activation::relu),
    row("Reshape", 2, &["allowzero"], shape::reshape),
    row("Resize", 4, RESIZE, resize::resize),
    row("Round", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Round)
    }),
    row("Selu", 1, &["alpha", "gamma"], |context, node| {
        unary::parametric(context, node, Parametric::Selu, [1.673_263_2, 1.050_701])
    }),
    row("Shape", 1, &["start", "end"], constant::shape),
    row("Shrink", 1, &["bias", "lambd"], |context, node| {
        unary::parametric(context, node, Parametric::Shrink, [0.5, 0.0])
    }),
    row("Sigmoid", 1, &[], activation::sigmoid),
    row("Sign", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Sign)
    }),
    row("Sin", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Sin)
    }),
    row("Sinh", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Sinh)
    }),
    row("Size", 1, &[], generate::size),
    row("Slice", 5, &["starts", "ends", "axes"], pick::slice),
    row("Softmax", 1, &["axis"], softmax::softmax),
    row("Softplus", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Softplus)
    }),
    row("Softsign", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Softsign)
    }),
    row(
        "SpaceToDepth",
        1,
        &["blocksize", "mode"],
        blocks::space_to_depth,
    ),
    row("Split", 2, &["axis", "num_outputs", "split"], pick::split),
    row("Sqrt", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Sqrt)
    }),
    row("Squeeze", 2, &["axes"], shape::squeeze),
    row("Sub", 2, BROADCAST, binary::sub),
    row("Sum", MANY, &[], |context, node| {
        choice::variadic(context, node, Variadic::Sum)
    }),
    row("Swish", 1, &["alpha"], |context, node| {
        unary::parametric(context, node, Parametric::Swish, [1.0, 0.0])
    }),
    row("Tan", 1, &[], |context, node| {
        unary::unary(context, node, Unary::Tan)
    }),
    row("Tanh", 1, &[], activation::tanh),
    row("ThresholdedRelu", 1, &["alpha"], |context, node| {
        unary::parametric(context, node, Parametric::ThresholdedRelu, [1.0, 0.0])
    }),
    row("Tile", 2, &[], repeat::tile),
    row("Transpose", 1, &["perm"], shape::transpose),
    row("Trilu", 2, &["upper"], triangle::trilu),
    row("Unsqueeze", 2, &["axes"], shape::unsqueeze),
    row("Upsample", 2, &["mode", "scales"], resize::upsample),
    row("Where", 3, &[], choice::choose),
    row("Xor", 2, &[], |context, node| {
        choice::logical(context, node, Binary::NotEqual)
    }),
];

/// The row of an operator of ONNX's own domain.
pub(in crate::import::onnx) fn row_of(operator: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.operator == operator)
}

/// All rows: those of ONNX's own domain, then those of the other that have names of their own.
pub(in crate::import::onnx) fn rows() -> impl Iterator<Item = &'static Row> {
    let others = RUNTIME_ROWS.iter();
    ROWS.iter()
        .chain(others.filter(|row| row_of(row.operator).is_none()))
}

/// What comes nearest to an operator that is not supported.
pub(in crate::import::onnx) fn nearest(operator: &str) -> String {
    let hint = match operator {
        "ConvInteger" | "MatMulInteger" | "DynamicQuantizeLinear" => {
            "scales that are computed when the network runs (dynamic quantization) are not supported: \
             quantize statically, or give the float model"
        }
        "TopK" => "ArgMax and ArgMin are supported; leave more to the application",
        "GridSample" | "AffineGrid" | "RoiAlign" => {
            "Resize, Slice and Gather are supported, at positions that are known at import"
        }
        "If" | "Loop" | "Scan" => {
            "graphs without control flow are supported: export with fixed shapes, so that it \
             folds away"
        }
        "IsNaN" | "IsInf" => {
            "int8 holds finite numbers only; Equal, Greater and Less are supported"
        }
        "BitShift" | "BitwiseAnd" | "BitwiseOr" | "BitwiseXor" | "BitwiseNot" => {
            "numbers are real: Div, Floor, Mul and Sub, and And, Or, Xor and Not of truths are \
             supported"
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
