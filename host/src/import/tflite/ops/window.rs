//! Windows that slide over rows and columns, and pooling.

use super::super::failure::{Checked, operand, option};
use super::super::flatbuffer::Table;
use super::super::importer::Importer;
use super::super::model::Operator;
use super::options::{fused, kind, positive, required, same_params, shaped};
use crate::import::NodeFault;
use crate::ir::Window2d;
use crate::quantize::graph::QOp;

/// What a pool computes.
#[derive(Clone, Copy)]
pub(super) enum Pool {
    Average,
    Max,
}

/// Rows and columns of `[1, rows, columns, channels]`, and the channels.
pub(super) fn map(shape: &[usize], what: &str) -> Checked<([usize; 2], usize)> {
    match *shape {
        // A file leaves extents open by 0.
        [1, rows, columns, channels] if rows > 0 && columns > 0 && channels > 0 => {
            Ok(([rows, columns], channels))
        }
        _ => Err(operand(
            what,
            "of shape [1, rows, columns, channels], all of them fixed",
            format!("shape {shape:?}"),
        )),
    }
}

/// A window and the rows and columns of its results, over a map of this size.
pub(super) struct Slide {
    pub(super) window: Window2d,
    pub(super) results: [usize; 2],
}

/// Stride and dilation, rows first.
pub(super) struct Steps {
    pub(super) stride: [usize; 2],
    pub(super) dilation: [usize; 2],
}

/// Whether the padding in field 0 of the options is SAME; else it is VALID.
pub(super) fn is_same(options: Table<'_>) -> Checked<bool> {
    match options.i8(0)? {
        0 => Ok(true),
        1 => Ok(false),
        other => Err(option("padding", other.to_string(), "SAME (0), VALID (1)")),
    }
}

/// Resolves the padding in field 0 of the options.
///
/// SAME: `ceil(in / stride)` results, and as much padding as they need, the smaller half before;
/// VALID: those results that need none. TFLite's `ComputeOutSize` and `ComputePaddingWithOffset`
/// (`kernels/padding.h`).
pub(super) fn slide(
    options: Table<'_>,
    input: [usize; 2],
    kernel: [usize; 2],
    steps: Steps,
) -> Checked<Slide> {
    let is_same = is_same(options)?;
    let Steps { stride, dilation } = steps;
    let mut slide = Slide {
        window: Window2d {
            kernel,
            stride,
            dilation,
            pad_before: [0; 2],
            pad_after: [0; 2],
        },
        results: [0; 2],
    };
    for axis in 0..2 {
        let too_large = || {
            operand(
                "window",
                "no larger than the input",
                format!("{kernel:?}, dilation {dilation:?}"),
            )
        };
        let reach = kernel[axis]
            .checked_sub(1)
            .and_then(|taps| taps.checked_mul(dilation[axis])?.checked_add(1))
            .ok_or_else(too_large)?;
        let (extent, stride) = (input[axis], stride[axis]);
        let results = if is_same {
            extent.div_ceil(stride)
        } else {
            (extent.checked_sub(reach).ok_or_else(too_large)?) / stride + 1
        };
        // The last result starts inside the input, so that its start does not overflow.
        let needed = ((results.saturating_sub(1)) * stride)
            .checked_add(reach)
            .ok_or_else(too_large)?;
        let padding = needed.saturating_sub(extent);
        slide.results[axis] = results;
        slide.window.pad_before[axis] = padding / 2;
        slide.window.pad_after[axis] = padding - padding / 2;
    }
    Ok(slide)
}

/// Whether a convolution takes every pixel without padding and its neighbours as taps.
pub(in super::super) fn is_plain(convolution: &Operator<'_>) -> Checked<bool> {
    let (kind, dilations) = match &*convolution.name {
        "CONV_2D" => (kind::CONV_2D, [4, 5]),
        _ => (kind::DEPTHWISE_CONV_2D, [5, 6]),
    };
    let table = required(convolution, kind)?;
    let is_valid = table.i8(0)? == 1;
    let is_dense = table.i32(1, 0)? == 1 && table.i32(2, 0)? == 1;
    let is_undilated = table.i32(dilations[0], 1)? == 1 && table.i32(dilations[1], 1)? == 1;
    Ok(is_valid && is_dense && is_undilated)
}

/// [`slide`], or what blocks around a convolution make of it.
pub(super) fn slide_of(
    operator: &Operator<'_>,
    options: Table<'_>,
    input: [usize; 2],
    kernel: [usize; 2],
    steps: Steps,
) -> Checked<Slide> {
    let Some(dilated) = operator.dilated else {
        return slide(options, input, kernel, steps);
    };
    let window = Window2d {
        kernel,
        stride: [1; 2],
        dilation: dilated.dilation,
        pad_before: dilated.pad_before,
        pad_after: dilated.pad_after,
    };
    let results = window.output_size(input).map_err(NodeFault::Infer)?;
    Ok(Slide { window, results })
}

/// The window of a pool over a map of this size.
pub(super) fn pool_slide(options: Table<'_>, size: [usize; 2]) -> Checked<Slide> {
    let steps = Steps {
        stride: [
            positive(options, 2, 0, "stride_h")?,
            positive(options, 1, 0, "stride_w")?,
        ],
        dilation: [1; 2],
    };
    let kernel = [
        positive(options, 4, 0, "filter_height")?,
        positive(options, 3, 0, "filter_width")?,
    ];
    slide(options, size, kernel, steps)
}

/// `AVERAGE_POOL_2D` and `MAX_POOL_2D`.
pub(super) fn pool<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    pool: Pool,
) -> Checked {
    let options = required(operator, kind::POOL_2D)?;
    let input = importer.integers(operator, 0, "input")?;
    let result = importer.integer_result(operator, importer.value(input).dtype)?;
    let (size, channels) = map(&importer.value(input).shape, "input")?;
    let Slide { window, results } = pool_slide(options, size)?;
    shaped(&result, &[1, results[0], results[1], channels])?;
    same_params(importer.value(input), &result)?;
    let (_, source) = importer.tensor(operator, 0, "input")?;
    let clamp = fused(Some(options), 5, &result)?;
    let op = match pool {
        Pool::Average => QOp::AvgPool2d {
            window,
            clamp,
            ties_up: source.is_unsigned(),
        },
        Pool::Max => QOp::MaxPool2d { window, clamp },
    };
    importer.push(operator, op, vec![input], result)
}
