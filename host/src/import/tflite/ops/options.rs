//! Options of operators, and what they mean.

use super::super::bytes::integer;
use super::super::failure::{Checked, operand, option};
use super::super::flatbuffer::Table;
use super::super::model::{Operator, Tensor};
use super::super::schema::Type;
use super::super::tables::clamp_between;
use crate::quantize::graph::{QClamp, QValue, QuantParams};

/// Kinds of options, `BuiltinOptions` in the schema.
pub(super) mod kind {
    /// Of an operator without options.
    pub(in super::super) const NONE: u8 = 0;
    pub(in super::super) const CONV_2D: u8 = 1;
    pub(in super::super) const DEPTHWISE_CONV_2D: u8 = 2;
    pub(in super::super) const POOL_2D: u8 = 5;
    pub(in super::super) const SVDF: u8 = 6;
    pub(in super::super) const FULLY_CONNECTED: u8 = 8;
    pub(in super::super) const SOFTMAX: u8 = 9;
    pub(in super::super) const CONCATENATION: u8 = 10;
    pub(in super::super) const ADD: u8 = 11;
    pub(in super::super) const SPACE_TO_DEPTH: u8 = 19;
    pub(in super::super) const MUL: u8 = 21;
    pub(in super::super) const GATHER: u8 = 23;
    pub(in super::super) const SUB: u8 = 28;
    pub(in super::super) const DIV: u8 = 29;
    pub(in super::super) const CAST: u8 = 37;
    pub(in super::super) const MAXIMUM_MINIMUM: u8 = 39;
    pub(in super::super) const LESS: u8 = 41;
    pub(in super::super) const GREATER: u8 = 44;
    pub(in super::super) const GREATER_EQUAL: u8 = 45;
    pub(in super::super) const LESS_EQUAL: u8 = 46;
    pub(in super::super) const SELECT: u8 = 47;
    pub(in super::super) const EQUAL: u8 = 53;
    pub(in super::super) const NOT_EQUAL: u8 = 54;
    pub(in super::super) const LOGICAL_OR: u8 = 60;
    pub(in super::super) const LOGICAL_AND: u8 = 62;
    pub(in super::super) const LOGICAL_NOT: u8 = 63;
    pub(in super::super) const SQUARED_DIFFERENCE: u8 = 76;
    pub(in super::super) const SELECT_V2: u8 = 98;
    pub(in super::super) const GELU: u8 = 116;
    pub(in super::super) const STRIDED_SLICE: u8 = 32;
    pub(in super::super) const TRANSPOSE_CONV: u8 = 49;
    pub(in super::super) const PACK: u8 = 59;
    pub(in super::super) const UNIDIRECTIONAL_SEQUENCE_LSTM: u8 = 71;
    pub(in super::super) const UNPACK: u8 = 64;
    pub(in super::super) const RESIZE_NEAREST_NEIGHBOR: u8 = 74;
    pub(in super::super) const LEAKY_RELU: u8 = 75;
    pub(in super::super) const MIRROR_PAD: u8 = 77;
    pub(in super::super) const DEPTH_TO_SPACE: u8 = 94;
    pub(in super::super) const BATCH_MATMUL: u8 = 101;
    pub(in super::super) const CALL_ONCE: u8 = 103;
    pub(in super::super) const VAR_HANDLE: u8 = 111;
    pub(in super::super) const L2_NORM: u8 = 12;
    pub(in super::super) const RESIZE_BILINEAR: u8 = 15;
    pub(in super::super) const REDUCER: u8 = 27;
    pub(in super::super) const ARG_MAX: u8 = 40;
    pub(in super::super) const CUMSUM: u8 = 102;
    pub(in super::super) const NEG: u8 = 42;
    pub(in super::super) const ONE_HOT: u8 = 61;
    pub(in super::super) const FLOOR_DIV: u8 = 65;
    pub(in super::super) const FLOOR_MOD: u8 = 72;
    pub(in super::super) const ABS: u8 = 78;
    pub(in super::super) const GATHER_ND: u8 = 83;
    pub(in super::super) const ARG_MIN: u8 = 57;
}

/// The options, which must be of this kind; none where all have their defaults.
pub(in super::super) fn options<'a>(
    operator: &Operator<'a>,
    expected: u8,
) -> Checked<Option<Table<'a>>> {
    match operator.options {
        None | Some((0, _)) => Ok(None),
        Some((kind, table)) if kind == expected => Ok(Some(table)),
        Some((kind, _)) => Err(option(
            "options",
            format!("of kind {kind}"),
            format!("kind {expected}"),
        )),
    }
}

/// [`options`] where there are no defaults.
pub(super) fn required<'a>(operator: &Operator<'a>, expected: u8) -> Checked<Table<'a>> {
    options(operator, expected)?.ok_or_else(|| option("options", "left out", "given"))
}

/// The axis of a concatenation or of packing, of this many axes.
pub(in super::super) fn axis_option(operator: &Operator<'_>, rank: usize) -> Checked<usize> {
    let given = match &*operator.name {
        "PACK" => options(operator, kind::PACK)?.map_or(Ok(0), |table| table.i32(1, 0))?,
        _ => options(operator, kind::CONCATENATION)?.map_or(Ok(0), |table| table.i32(0, 0))?,
    };
    super::take::axis(given.into(), rank)
}

/// A number that is at least 1.
pub(super) fn positive(table: Table<'_>, id: usize, default: i32, name: &str) -> Checked<usize> {
    let found = table.i32(id, default)?;
    usize::try_from(found)
        .ok()
        .filter(|&found| found > 0)
        .ok_or_else(|| option(name, found.to_string(), "1 or more"))
}

/// The output's range under a fused activation.
pub(super) fn fused(options: Option<Table<'_>>, id: usize, output: &QValue) -> Checked<QClamp> {
    let found = options.map_or(Ok(0), |table| table.i8(id))?;
    match found {
        0 => Ok(clamp_between(None, None, output)),
        1 => Ok(clamp_between(Some(0.0), None, output)),
        2 => Ok(clamp_between(Some(-1.0), Some(1.0), output)),
        3 => Ok(clamp_between(Some(0.0), Some(6.0), output)),
        4 => Err(not_fused("TANH")),
        5 => Err(not_fused("SIGN_BIT")),
        other => Err(not_fused(&other.to_string())),
    }
}

/// An operator whose kernel has no activation fused to it.
pub(super) fn unfused(options: Option<Table<'_>>, id: usize) -> Checked {
    match options.map_or(Ok(0), |table| table.i8(id))? {
        0 => Ok(()),
        found => Err(option("fused activation", found.to_string(), "NONE")),
    }
}

fn not_fused(found: &str) -> super::super::failure::Failure {
    option("fused activation", found, "NONE, RELU, RELU_N1_TO_1, RELU6")
}

/// The scale and zero point must stay, as TFLM's kernel does not look at them.
pub(super) fn same_params(input: &QValue, output: &QValue) -> Checked {
    if input.params == output.params {
        return Ok(());
    }
    let shown =
        |params: QuantParams| format!("scale {}, zero point {}", params.scale, params.zero_point);
    Err(operand(
        "output",
        shown(input.params) + ", as the input",
        shown(output.params),
    ))
}

/// The output must have this shape.
pub(super) fn shaped(output: &QValue, expected: &[usize]) -> Checked {
    if output.shape == expected {
        return Ok(());
    }
    Err(operand(
        "output",
        format!("of shape {expected:?}"),
        format!("shape {:?}", output.shape),
    ))
}

/// A constant list of int32 or int64 numbers.
pub(super) fn integers(tensor: &Tensor<'_>, what: &str) -> Checked<Vec<i64>> {
    /// Lists are as long as a tensor has axes, or twice that.
    const MAX_INTEGERS: usize = 16;
    let data = super::super::importer::constant(tensor, what)?;
    let (width, is_list) = match tensor.element {
        Type::INT32 => (4, true),
        Type::INT64 => (8, true),
        _ => (1, false),
    };
    if !is_list || data.len() % width != 0 || data.len() / width > MAX_INTEGERS {
        let found = format!("{} bytes of {}", data.len(), tensor.element.describe());
        return Err(operand(what, "a short list of int32 or int64", found));
    }
    Ok(data.chunks_exact(width).map(integer).collect())
}
