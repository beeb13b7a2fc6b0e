//! Shapes as kernels take them: u32, four axes.

use super::LowerError;
use crate::ir::Window2d;
use crate::quantize::graph::{DType, QNode, QValue};
use tiivis_runtime::blob;

/// Bytes of a tensor, at least 1.
pub(super) fn bytes(value: &QValue) -> Result<u32, LowerError> {
    if value.shape.contains(&0) {
        return Err(LowerError::Empty {
            value: value.name.clone(),
            shape: value.shape.clone(),
        });
    }
    let product = value
        .shape
        .iter()
        .try_fold(1usize, |product, &axis| product.checked_mul(axis));
    let elements = product.and_then(|elements| u32::try_from(elements).ok());
    let bytes = elements.and_then(|elements| elements.checked_mul(value.dtype.bytes()));
    bytes.ok_or_else(|| LowerError::TooLarge {
        name: value.name.clone(),
        what: "its length in bytes",
    })
}

/// A count of a node as u32.
pub(crate) fn count(node: &QNode, what: &'static str, count: usize) -> Result<u32, LowerError> {
    u32::try_from(count).map_err(|_| LowerError::TooLarge {
        name: node.name.clone(),
        what,
    })
}

/// The shape with leading ones to four axes.
pub(crate) fn four(node: &QNode, shape: &[usize]) -> Result<[u32; 4], LowerError> {
    aligned_rank(node, shape, 1)
}

/// One number per axis as four, `fill` for the axes that are added in front.
fn aligned_rank(node: &QNode, axes: &[usize], fill: u32) -> Result<[u32; 4], LowerError> {
    let Some(missing) = 4usize.checked_sub(axes.len()) else {
        return Err(LowerError::Rank {
            node: node.name.clone(),
            found: axes.len(),
        });
    };
    let mut four = [fill; 4];
    for (to, &axis) in four[missing..].iter_mut().zip(axes) {
        *to = count(node, "an axis", axis)?;
    }
    Ok(four)
}

/// Shape, bytes before and bytes after of a padded tensor, on four axes: an axis that is not padded
/// is one with the axis before it, and so are the bytes of an element.
pub(crate) fn padded_four(
    node: &QNode,
    value: &QValue,
    [before, after]: [&[usize]; 2],
) -> Result<[[u32; 4]; 3], LowerError> {
    let mut axes: Vec<[usize; 3]> = Vec::new();
    // int16 has a kernel of its own, which pads with elements.
    let element_bytes = match value.dtype {
        DType::I16 => 1,
        DType::I8 | DType::I32 | DType::Bool => index(value.dtype.bytes()),
    };
    let shape = value.shape.iter().chain([&element_bytes]);
    let [before, after] = [before, after].map(|ends| ends.iter().chain([&0]));
    for ((&extent, &before), &after) in shape.zip(before).zip(after) {
        match axes.last_mut() {
            Some(outer) if before == 0 && after == 0 => {
                for size in outer {
                    *size = size.saturating_mul(extent);
                }
            }
            Some(outer) if *outer == [1, 0, 0] => *outer = [extent, before, after],
            Some(_) | None => axes.push([extent, before, after]),
        }
    }
    let part = |index: usize, fill| {
        let sizes: Vec<usize> = axes.iter().map(|axis| axis[index]).collect();
        aligned_rank(node, &sizes, fill)
    };
    Ok([part(0, 1)?, part(1, 0)?, part(2, 0)?])
}

/// A tensor as vectors of its last axis: their number and length.
pub(crate) fn rows_and_depth(node: &QNode, shape: &[usize]) -> Result<(u32, u32), LowerError> {
    let (&depth, outer) = shape.split_last().unwrap_or((&1, &[]));
    let rows = outer
        .iter()
        .try_fold(1usize, |product, &axis| product.checked_mul(axis))
        .unwrap_or(usize::MAX);
    Ok((
        count(node, "the number of vectors", rows)?,
        count(node, "the length of a vector", depth)?,
    ))
}

/// The geometry of a node with a window, from input `[1, h, w, _]` to output `[1, h, w, _]`.
pub(crate) fn window(
    node: &QNode,
    window: &Window2d,
    input: &[usize],
    output: &[usize],
) -> Result<blob::Window2d, LowerError> {
    let input = nhwc(node, input)?;
    let output = nhwc(node, output)?;
    for axis in 0..2 {
        check_axis(node, window, axis, input[axis], output[axis])?;
    }
    let Window2d {
        kernel,
        stride,
        dilation,
        pad_before,
        pad_after: _,
    } = *window;
    blob_window(
        node,
        [input, output],
        [kernel, stride, dilation, pad_before],
    )
}

/// A geometry as kernels take it: the sizes of input and output; kernel, stride, dilation and the
/// padding in front.
pub(super) fn blob_window(
    node: &QNode,
    [input, output]: [[usize; 2]; 2],
    [kernel, stride, dilation, padding]: [[usize; 2]; 4],
) -> Result<blob::Window2d, LowerError> {
    let both = |what, values: [usize; 2]| -> Result<[u32; 2], LowerError> {
        Ok([count(node, what, values[0])?, count(node, what, values[1])?])
    };
    let [in_h, in_w] = both("the input", input)?;
    let [out_h, out_w] = both("the output", output)?;
    let [kernel_h, kernel_w] = both("the kernel", kernel)?;
    let [stride_h, stride_w] = both("the stride", stride)?;
    let [dilation_h, dilation_w] = both("the dilation", dilation)?;
    let [pad_top, pad_left] = both("the padding", padding)?;
    Ok(blob::Window2d {
        in_h,
        in_w,
        out_h,
        out_w,
        kernel_h,
        kernel_w,
        stride_h,
        stride_w,
        dilation_h,
        dilation_w,
        pad_top,
        pad_left,
    })
}

/// Rows and columns of a tensor of four axes.
fn nhwc(node: &QNode, shape: &[usize]) -> Result<[usize; 2], LowerError> {
    match *shape {
        [1, h, w, _] => Ok([h, w]),
        _ => Err(LowerError::Mismatch {
            node: node.name.clone(),
            what: "a tensor with batch 1 and axes",
            expected: 4,
            found: shape.len(),
        }),
    }
}

/// The output is as long as the windows that fit:
/// `(in + pads - dilation · (kernel - 1) - 1) / stride + 1`, rounded down.
fn check_axis(
    node: &QNode,
    window: &Window2d,
    axis: usize,
    input: usize,
    output: usize,
) -> Result<(), LowerError> {
    let reach = window.kernel[axis]
        .checked_sub(1)
        .and_then(|taps| taps.checked_mul(window.dilation[axis]))
        .and_then(|reach| reach.checked_add(1));
    let padded = input
        .checked_add(window.pad_before[axis])
        .and_then(|padded| padded.checked_add(window.pad_after[axis]));
    let room = padded
        .zip(reach)
        .and_then(|(padded, reach)| padded.checked_sub(reach));
    let expected = room
        .and_then(|room| room.checked_div(window.stride[axis]))
        .map_or(0, |steps| steps + 1);
    if expected == output && expected > 0 {
        Ok(())
    } else {
        Err(LowerError::Mismatch {
            node: node.name.clone(),
            what: ["output rows", "output columns"][axis],
            expected,
            found: output,
        })
    }
}

/// A u32 as an index.
pub(super) fn index(value: u32) -> usize {
    usize::try_from(value).expect("usize holds 32 bits on every host")
}
