//! Convolutions and dense layers.

use super::super::bytes::integer;
use super::super::failure::{Checked, operand, option};
use super::super::flatbuffer::Table;
use super::super::importer::{Importer, constant, elements};
use super::super::model::{Operator, Tensor};
use super::super::schema::Type;
use super::options::{fused, kind, options, positive, required, shaped};
use super::window::{Slide, Steps, map, slide_of};
use crate::ir::ValueId;
use crate::quantize::graph::{DType, QOp, QValue, Sums, Weights};
use crate::quantize::quantize_multiplier;
use tiivis_runtime::blob::Scale;

/// `CONV_2D`; filters `[out, rows, columns, in / groups]`.
pub(super) fn conv2d<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = required(operator, kind::CONV_2D)?;
    let input = importer.integers(operator, 0, "input")?;
    let result = importer.integer_result(operator, importer.value(input).dtype)?;
    let (size, channels) = map(&importer.value(input).shape, "input")?;
    let (_, filter) = importer.tensor(operator, 1, "filter")?;
    let &[out, kernel_h, kernel_w, depth] = filter.shape.as_slice() else {
        return Err(filter_shape("[out, rows, columns, in]", filter));
    };
    if depth == 0 || channels % depth != 0 || out % (channels / depth) != 0 {
        let expected = format!("of groups that divide {channels} channels in and {out} out");
        return Err(operand(
            "filter",
            expected,
            format!("shape {:?}", filter.shape),
        ));
    }
    let steps = steps(options, [2, 1], [5, 4])?;
    let Slide { window, results } = slide_of(operator, options, size, [kernel_h, kernel_w], steps)?;
    shaped(&result, &[1, results[0], results[1], out])?;
    let clamp = fused(Some(options), 3, &result)?;
    let weights = weights(
        importer,
        operator,
        input,
        &result,
        LayerOperands {
            is_symmetric: !filter.is_unsigned(),
            ..LayerOperands::usual(out, 0)
        },
    )?;
    let op = QOp::Conv2d {
        window,
        groups: channels / depth,
        weights,
        clamp,
    };
    importer.push(operator, op, vec![input], result)
}

/// `DEPTHWISE_CONV_2D`; filters `[1, rows, columns, in * multiplier]`. The multiplier is what the
/// shapes say; the option of that name is redundant (the schema's words).
pub(super) fn depthwise<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = required(operator, kind::DEPTHWISE_CONV_2D)?;
    let input = importer.integers(operator, 0, "input")?;
    let result = importer.integer_result(operator, importer.value(input).dtype)?;
    let (size, channels) = map(&importer.value(input).shape, "input")?;
    let (_, filter) = importer.tensor(operator, 1, "filter")?;
    let &[1, kernel_h, kernel_w, out] = filter.shape.as_slice() else {
        return Err(filter_shape("[1, rows, columns, out]", filter));
    };
    check_multiplier(options, channels, out)?;
    let steps = steps(options, [2, 1], [6, 5])?;
    let Slide { window, results } = slide_of(operator, options, size, [kernel_h, kernel_w], steps)?;
    shaped(&result, &[1, results[0], results[1], out])?;
    let clamp = fused(Some(options), 4, &result)?;
    let weights = weights(
        importer,
        operator,
        input,
        &result,
        LayerOperands {
            is_symmetric: !filter.is_unsigned(),
            // TFLM reads int64, whatever it finds.
            bias_of_int16: &[Type::INT64],
            ..LayerOperands::usual(out, 3)
        },
    )?;
    let op = QOp::DepthwiseConv2d {
        window,
        weights,
        clamp,
    };
    importer.push(operator, op, vec![input], result)
}

/// A depthwise layer's multiplier, if it is given, is what the channels say.
pub(super) fn check_multiplier(options: Table<'_>, channels: usize, out: usize) -> Checked {
    let multiplier = options.i32(3, 0)?;
    if out.is_multiple_of(channels)
        && (multiplier == 0 || i32::try_from(out / channels) == Ok(multiplier))
    {
        return Ok(());
    }
    Err(option(
        "depth_multiplier",
        format!("{multiplier}, with {channels} channels in and {out} out"),
        "channels out / channels in",
    ))
}

/// `FULLY_CONNECTED`; filters `[out, in]`. The input is taken as rows of `in` numbers, whatever its
/// shape.
pub(super) fn dense<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = options(operator, kind::FULLY_CONNECTED)?;
    let format = options.map_or(Ok(0), |table| table.i8(1))?;
    if format != 0 {
        return Err(option("weights_format", format.to_string(), "DEFAULT (0)"));
    }
    let input = importer.integers(operator, 0, "input")?;
    let mut result = importer.integer_result(operator, importer.value(input).dtype)?;
    let (_, filter) = importer.tensor(operator, 1, "filter")?;
    let &[out, width] = filter.shape.as_slice() else {
        return Err(filter_shape("[out, in]", filter));
    };
    let shape = importer.value(input).shape.clone();
    let numbers = elements(&shape).unwrap_or(0);
    let rows = numbers.checked_div(width).unwrap_or(0);
    if rows == 0 || rows.checked_mul(width) != Some(numbers) {
        return Err(operand(
            "input",
            format!("rows of {width} numbers"),
            format!("shape {shape:?}"),
        ));
    }
    if result.shape.last() != Some(&out) || elements(&result.shape) != rows.checked_mul(out) {
        let expected = format!("{rows} rows of {out} numbers");
        return Err(operand(
            "output",
            expected,
            format!("shape {:?}", result.shape),
        ));
    }
    let clamp = fused(options, 0, &result)?;
    let weights = weights(
        importer,
        operator,
        input,
        &result,
        LayerOperands {
            is_symmetric: false,
            ..LayerOperands::usual(out, 0)
        },
    )?;
    let rows_in = if shape.last() == Some(&width) {
        input
    } else {
        let flat = QValue {
            name: format!("{} as rows", importer.value(input).name),
            shape: vec![rows, width],
            ..importer.value(input).clone()
        };
        importer.push_between(QOp::Reshape, input, flat)
    };
    // A vector alone is one row.
    if result.shape.len() == 1 {
        result.shape.insert(0, 1);
    }
    importer.push(
        operator,
        QOp::Dense { weights, clamp },
        vec![rows_in],
        result,
    )
}

pub(super) fn filter_shape(expected: &str, filter: &Tensor<'_>) -> super::super::failure::Failure {
    operand(
        "filter",
        format!("of shape {expected}"),
        format!("shape {:?}", filter.shape),
    )
}

pub(super) fn steps(
    options: Table<'_>,
    stride: [usize; 2],
    dilation: [usize; 2],
) -> Checked<Steps> {
    Ok(Steps {
        stride: [
            positive(options, stride[0], 0, "stride_h")?,
            positive(options, stride[1], 0, "stride_w")?,
        ],
        dilation: [
            positive(options, dilation[0], 1, "dilation_h_factor")?,
            positive(options, dilation[1], 1, "dilation_w_factor")?,
        ],
    })
}

/// Where a layer's operands are.
pub(super) struct LayerOperands {
    /// Place of the filter among the operands.
    pub(super) filter: usize,
    /// Place of the bias among the operands.
    pub(super) bias: usize,
    /// Output channels.
    pub(super) channels: usize,
    /// The filter's axis of output channels.
    pub(super) axis: i32,
    /// TFLM takes a zero point of 0 for granted, whatever the file says.
    pub(super) is_symmetric: bool,
    /// What TFLM's kernel of int16 takes for the bias.
    pub(super) bias_of_int16: &'static [Type],
}

impl LayerOperands {
    /// Input, filter, bias.
    fn usual(channels: usize, axis: i32) -> Self {
        Self {
            filter: 1,
            bias: 2,
            channels,
            axis,
            is_symmetric: true,
            bias_of_int16: &[Type::INT32, Type::INT64],
        }
    }
}

/// Filter, bias and scales of a layer.
pub(super) fn weights<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    input: ValueId,
    output: &QValue,
    operands: LayerOperands,
) -> Checked<Weights> {
    let LayerOperands { channels, axis, .. } = operands;
    let is_symmetric = operands.is_symmetric || output.dtype == DType::I16;
    let (_, filter) = importer.tensor(operator, operands.filter, "filter")?;
    if output.dtype == DType::I16 && filter.element == Type::INT4 {
        let found = filter.element.describe();
        return Err(operand("filter of an int16 layer", "int8", found));
    }
    let weights = importer.filter_data(filter)?;
    importer
        .budget
        .take(channels.saturating_mul(size_of::<i64>() + size_of::<Scale>()))?;
    let input = importer.value(input).params.scale;
    let (bias, sums) = layer_bias(importer, operator, output.dtype, &operands)?;
    Ok(Weights {
        weights,
        zero_point: filter_zero_point(filter, is_symmetric)?,
        bias,
        sums,
        scales: scales(filter, input, output.params.scale, channels, axis)?,
    })
}

/// int32, one a channel; zeros if there is none. Its scale is the accumulator's, whatever it says.
pub(super) fn bias<'a>(
    importer: &Importer<'_, 'a>,
    operator: &Operator<'a>,
    place: usize,
    channels: usize,
) -> Checked<Vec<i32>> {
    let found = bias_of(importer, operator, (place, channels), &[Type::INT32])?;
    let Some((_, numbers)) = found else {
        return Ok(vec![0; channels]);
    };
    let number = |number: i64| i32::try_from(number).expect("it was int32");
    Ok(numbers.into_iter().map(number).collect())
}

/// What a layer adds to its sums, and the type of those: int32 of layers of int8; of those of
/// int16, what TFLM's kernel takes, and int64 but where that is int32.
fn layer_bias<'a>(
    importer: &Importer<'_, 'a>,
    operator: &Operator<'a>,
    dtype: DType,
    operands: &LayerOperands,
) -> Checked<(Vec<i64>, Sums)> {
    let (types, sums) = match dtype {
        DType::I16 => (operands.bias_of_int16, Sums::Int64),
        DType::I8 | DType::I32 | DType::Bool => (&[Type::INT32][..], Sums::Int32),
    };
    let place = (operands.bias, operands.channels);
    Ok(match bias_of(importer, operator, place, types)? {
        None => (vec![0; operands.channels], sums),
        Some((Type::INT32, numbers)) => (numbers, Sums::Int32),
        Some((_, numbers)) => (numbers, sums),
    })
}

/// As many numbers of one of these types; none where the operand is left out.
fn bias_of<'a>(
    importer: &Importer<'_, 'a>,
    operator: &Operator<'a>,
    (place, channels): (usize, usize),
    types: &[Type],
) -> Checked<Option<(Type, Vec<i64>)>> {
    if !matches!(operator.inputs.get(place), Some(Some(_))) {
        return Ok(None);
    }
    let (_, tensor) = importer.tensor(operator, place, "bias")?;
    let numbers = bias_numbers(tensor, channels, types, "bias")?;
    Ok(Some((tensor.element, numbers)))
}

/// As many numbers of one of these types, whatever their scale.
pub(super) fn bias_numbers(
    tensor: &Tensor<'_>,
    channels: usize,
    types: &[Type],
    what: &str,
) -> Checked<Vec<i64>> {
    let element = tensor.element;
    if !types.contains(&element) {
        let names: Vec<_> = types.iter().map(|of| of.name()).collect();
        let found = format!("`{}` of {}", tensor.name, element.describe());
        return Err(operand(what, names.join(" or "), found));
    }
    let data = constant(tensor, what)?;
    let width = match element {
        Type::INT16 => 2,
        Type::INT64 => 8,
        _ => 4,
    };
    if channels.checked_mul(width) != Some(data.len()) {
        let expected = format!("{channels} numbers of {width} bytes");
        return Err(operand(what, expected, format!("{} bytes", data.len())));
    }
    Ok(data.chunks_exact(width).map(integer).collect())
}

/// The one zero point of a filter.
fn filter_zero_point(filter: &Tensor<'_>, is_symmetric: bool) -> Checked<i32> {
    let mut zero_points = filter.quantization.zero_points();
    let first = zero_points.next().unwrap_or(0);
    if let Some(other) = zero_points.find(|&other| other != first) {
        let found = format!("{first} and {other}");
        return Err(operand("filter's zero points", "all the same", found));
    }
    let (range, expected) = if is_symmetric {
        (0..=0, "0")
    } else {
        (-128..=127, "in -128..=127")
    };
    i32::try_from(first)
        .ok()
        .filter(|zero_point| range.contains(zero_point))
        .ok_or_else(|| operand("filter's zero point", expected, first.to_string()))
}

/// `(input * weight) / output` in double precision, one a channel.
fn scales(
    filter: &Tensor<'_>,
    input: f32,
    output: f32,
    channels: usize,
    axis: i32,
) -> Checked<Vec<Scale>> {
    let quantization = &filter.quantization;
    let found = quantization.scales.len();
    let is_per_channel = found > 1 && found == channels && quantization.axis == axis;
    if found != 1 && !is_per_channel {
        let expected = format!("quantized with 1 scale, or {channels} along axis {axis}");
        let found = format!("{found} scales along axis {}", quantization.axis);
        return Err(operand("filter", expected, found));
    }
    let scale = |bytes: [u8; 4]| {
        let weight = f32::from_le_bytes(bytes);
        let real = f64::from(input) * f64::from(weight) / f64::from(output);
        quantize_multiplier(real)
            .ok()
            .filter(|_| weight > 0.0)
            .ok_or_else(|| {
                let expected = "positive, and input * filter / output below 2^30";
                operand("filter's scale", expected, format!("{weight} ({real})"))
            })
    };
    let scales: Vec<Scale> = quantization
        .scales
        .elements()
        .map(scale)
        .collect::<Checked<_>>()?;
    match *scales {
        [one] => Ok(vec![one; channels]),
        _ => Ok(scales),
    }
}
