//! Convolutions and dense layers.

use super::super::super::failure::{Checked, operand, option};
use super::super::super::importer::elements;
use super::super::super::model::Operator;
use super::super::super::schema::Type;
use super::super::options::{kind, options, required};
use super::super::weighted::{check_multiplier, filter_shape, steps};
use super::super::window::{Slide, map, slide_of};
use super::importer::{Importer, fused};
use crate::ir::{Conv2d, Op, ValueId};

/// `CONV_2D`; filters `[out, rows, columns, in / groups]`.
pub(super) fn conv2d<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = required(operator, kind::CONV_2D)?;
    let input = importer.activation(operator, 0, "input")?;
    let (size, channels) = map(importer.shape_of(operator, 0)?, "input")?;
    let (_, filter) = importer.tensor(operator, 1, "filter")?;
    let &[_, kernel_h, kernel_w, depth] = filter.shape.as_slice() else {
        return Err(filter_shape("[out, rows, columns, in]", filter));
    };
    let steps = steps(options, [2, 1], [5, 4])?;
    let Slide { window, .. } = slide_of(operator, options, size, [kernel_h, kernel_w], steps)?;
    let mut inputs = vec![input, weights(importer, operator, 1)?];
    inputs.extend(bias(importer, operator, 2)?);
    let op = Op::Conv2d(Conv2d {
        window,
        groups: channels.checked_div(depth).unwrap_or(0),
        clamp: fused(Some(options), 3)?,
    });
    importer.push(operator, op, inputs)
}

/// `DEPTHWISE_CONV_2D`; filters `[1, rows, columns, in * multiplier]`: as many groups as channels.
pub(super) fn depthwise<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = required(operator, kind::DEPTHWISE_CONV_2D)?;
    let input = importer.activation(operator, 0, "input")?;
    let (size, channels) = map(importer.shape_of(operator, 0)?, "input")?;
    let (_, filter) = importer.tensor(operator, 1, "filter")?;
    let &[1, kernel_h, kernel_w, out] = filter.shape.as_slice() else {
        return Err(filter_shape("[1, rows, columns, out]", filter));
    };
    check_multiplier(options, channels, out)?;
    let steps = steps(options, [2, 1], [6, 5])?;
    let Slide { window, .. } = slide_of(operator, options, size, [kernel_h, kernel_w], steps)?;
    let stored = weights(importer, operator, 1)?;
    let stored = importer.graph.constant(stored).cloned();
    let stored = stored.expect("`weights` gives constants only");
    let taps = kernel_h.saturating_mul(kernel_w);
    importer.budget.take(stored.len().saturating_mul(4))?;
    let filters = (0..out).flat_map(|channel| (0..taps).map(move |tap| (channel, tap)));
    let filters = filters.map(|(channel, tap)| stored[tap * out + channel]);
    let filters: Vec<f32> = filters.collect();
    let name = importer.name_of(operator);
    let filters = importer.constant(&name, vec![out, kernel_h, kernel_w, 1], filters)?;
    let mut inputs = vec![input, filters];
    inputs.extend(bias(importer, operator, 2)?);
    let op = Op::Conv2d(Conv2d {
        window,
        groups: channels,
        clamp: fused(Some(options), 4)?,
    });
    importer.push(operator, op, inputs)
}

/// `FULLY_CONNECTED`; filters `[out, in]`. The input is taken as rows of `in` numbers, whatever its
/// shape.
pub(super) fn dense<'a>(importer: &mut Importer<'_, 'a>, operator: &Operator<'a>) -> Checked {
    let options = options(operator, kind::FULLY_CONNECTED)?;
    let format = options.map_or(Ok(0), |table| table.i8(1))?;
    if format != 0 {
        return Err(option("weights_format", format.to_string(), "DEFAULT (0)"));
    }
    let input = importer.activation(operator, 0, "input")?;
    let (_, filter) = importer.tensor(operator, 1, "filter")?;
    let &[out, width] = filter.shape.as_slice() else {
        return Err(filter_shape("[out, in]", filter));
    };
    let shape = importer.shape_of(operator, 0)?;
    let numbers = elements(shape).unwrap_or(0);
    let rows = numbers.checked_div(width).unwrap_or(0);
    if rows == 0 || rows.checked_mul(width) != Some(numbers) {
        let expected = format!("rows of {width} numbers");
        return Err(operand("input", expected, format!("shape {shape:?}")));
    }
    let name = importer.name_of(operator);
    let result = importer.result(operator)?;
    // Rows as the result has them, so that it need not be folded.
    let own = importer.graph.shape(input).to_vec();
    let is_kept = own.len() > 1 && own.last() == Some(&width);
    let rows_in = match result.shape[..] {
        [ref outer @ .., last]
            if last == out && !outer.is_empty() && elements(outer) == Some(rows) =>
        {
            [outer, &[width]].concat()
        }
        _ if is_kept => own,
        _ => vec![1, rows, width],
    };
    let rows_in = importer.reshaped(input, rows_in, &name)?;
    let mut inputs = vec![rows_in, weights(importer, operator, 1)?];
    inputs.extend(bias(importer, operator, 2)?);
    let op = Op::Dense {
        clamp: fused(options, 0)?,
    };
    importer.push(operator, op, inputs)
}

/// A constant filter.
pub(super) fn weights<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    place: usize,
) -> Checked<ValueId> {
    let weights = importer.operand(operator, place, "filter", Type::FLOAT32)?;
    if importer.graph.constant(weights).is_none() {
        return Err(operand("filter", "a constant", "an activation"));
    }
    Ok(weights)
}

/// A constant bias, if there is one.
pub(super) fn bias<'a>(
    importer: &mut Importer<'_, 'a>,
    operator: &Operator<'a>,
    place: usize,
) -> Checked<Option<ValueId>> {
    if !Importer::has(operator, place) {
        return Ok(None);
    }
    let bias = importer.operand(operator, place, "bias", Type::FLOAT32)?;
    if importer.graph.constant(bias).is_none() {
        return Err(operand("bias", "a constant", "an activation"));
    }
    Ok(Some(bias))
}
