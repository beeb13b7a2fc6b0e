//! `ConvTranspose`, one- and two-dimensional.

use super::conv::{bias, map_view};
use super::window::{self, extents};
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, operand_fault, shape_fault};
use crate::ir::{ConvTranspose2d, Op, TransposedWindow2d};

/// A transposed convolution with constant weights `[C, M / group, …]`; in one dimension, one of
/// height 1.
pub(super) fn conv_transpose(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input X")?;
    let (weights, data) = node.floats(1, "weight W")?;
    let spatial = window::spatial_axes(&x.view)?;
    let shape = x.view.shape();
    let channels = shape[1];
    let rank = shape.len();
    if weights.shape.len() != rank || weights.shape.contains(&0) || weights.shape[0] != channels {
        let expected = format!("of rank {rank}, not empty, its first axis the {channels} channels");
        return Err(shape_fault("weight W", &expected, &weights.shape));
    }
    let groups = node.attributes.int("group")?.unwrap_or(1);
    let groups = usize::try_from(groups)
        .ok()
        .filter(|&groups| groups > 0 && channels.is_multiple_of(groups))
        .ok_or_else(|| {
            let supported = format!("divisors of the {channels} input channels");
            fault("group", groups.to_string(), &supported)
        })?;
    let group_out = weights.shape[1];
    let filters = group_out.saturating_mul(groups);
    let kernel = &weights.shape[2..];
    super::conv::check_kernel_shape(node, kernel)?;
    let window = geometry(node, kernel, &shape[2..])?;

    context.reserve_constant(&weights.shape)?;
    let taps: usize = kernel.iter().product();
    let group_in = channels / groups;
    // From [group, in, out, tap] to [group, out, tap, in].
    let from = |at: usize| {
        let (i, rest) = (at % group_in, at / group_in);
        let (tap, filter) = (rest % taps, rest / taps);
        let (group, o) = (filter / group_out, filter % group_out);
        data[((group * group_in + i) * group_out + o) * taps + tap]
    };
    let reordered: Vec<f32> = (0..data.len()).map(from).collect();
    let [rows, columns] = window.kernel;
    let ohwi = vec![filters, rows, columns, group_in];
    let value = window::arrange(context, &node.name, x, spatial)?;
    let mut operands = vec![value, context.add_constant(&weights.name, ohwi, reordered)?];
    if node.input(2).is_some() {
        operands.push(bias(context, node, filters)?);
    }
    let op = Op::ConvTranspose2d(ConvTranspose2d {
        window,
        groups,
        clamp: None,
    });
    let value = context.emit(node, op, operands)?;
    Ok(Tensor::computed(
        value,
        map_view(context.graph.shape(value), rank),
    ))
}

/// `output = stride · (input - 1) + output_padding + (kernel - 1) · dilation + 1 - pads`; with
/// `output_shape` the pads follow from it, and with a SAME `auto_pad` the output is `input · stride`
/// (ONNX, `ConvTranspose`).
fn geometry(
    node: &Node<'_>,
    kernel: &[usize],
    input: &[usize],
) -> Result<TransposedWindow2d, NodeFault> {
    let rank = kernel.len();
    let strides = extents(node, "strides", rank, 1)?;
    let dilations = extents(node, "dilations", rank, 1)?;
    let output_padding = extents(node, "output_padding", rank, 0)?;
    let pads = extents(node, "pads", 2 * rank, 0)?;
    let auto_pad = node.attributes.text("auto_pad")?.unwrap_or("NOTSET");
    let upper = auto_pad == "SAME_UPPER";
    let given = match (node.attributes.ints("output_shape")?, auto_pad) {
        (Some(_), _) => Some(extents(node, "output_shape", rank, 1)?),
        (None, "NOTSET" | "" | "VALID") => None,
        (None, "SAME_UPPER" | "SAME_LOWER") => Some(
            input
                .iter()
                .zip(&strides)
                .map(|(len, stride)| len.saturating_mul(*stride))
                .collect(),
        ),
        (None, other) => {
            let supported = "NOTSET, SAME_UPPER, SAME_LOWER, VALID";
            return Err(fault("auto_pad", other.into(), supported));
        }
    };
    let (mut before, mut output) = (vec![0; rank], vec![0; rank]);
    for axis in 0..rank {
        let reach = (kernel[axis] - 1).saturating_mul(dilations[axis]) + 1;
        let full = (input[axis] - 1)
            .saturating_mul(strides[axis])
            .saturating_add(output_padding[axis])
            .saturating_add(reach);
        if let Some(given) = &given {
            output[axis] = given[axis];
            let total = full.saturating_sub(given[axis]);
            // An odd row or column goes in front, or behind if `upper`.
            before[axis] = if upper { total / 2 } else { total.div_ceil(2) };
        } else {
            let dropped = pads[axis].saturating_add(pads[rank + axis]);
            before[axis] = pads[axis];
            output[axis] = full
                .checked_sub(dropped)
                .filter(|&len| len > 0)
                .ok_or_else(|| {
                    let found = format!("{dropped} of {full} along spatial axis {axis}");
                    operand_fault("pads", "fewer than the output has without them", &found)
                })?;
        }
    }
    Ok(TransposedWindow2d {
        kernel: window::two(kernel, 1),
        stride: window::two(&strides, 1),
        dilation: window::two(&dilations, 1),
        pad_before: window::two(&before, 0),
        output: window::two(&output, 1),
    })
}
