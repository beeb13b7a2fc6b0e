//! `DepthToSpace` and `SpaceToDepth`: only the axes are seen otherwise; elements move where an
//! operator needs them elsewhere.

use super::shape::reshaped_to;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, shape_fault};

/// The block's extent and the input's shape.
fn block(node: &Node<'_>) -> Result<(usize, [usize; 4]), NodeFault> {
    let given = node.attributes.int("blocksize")?.unwrap_or(0);
    let block = usize::try_from(given)
        .ok()
        .filter(|block| (1..1 << 16).contains(block));
    let block = block.ok_or_else(|| fault("blocksize", given.to_string(), "1 to 65535"))?;
    let shape = node.required(0, "input")?.shape();
    match *shape {
        [n, c, h, w] => Ok((block, [n, c, h, w])),
        _ => Err(shape_fault("input", "of rank 4 [N, C, H, W]", &shape)),
    }
}

/// Whether the block's place comes first in the channels (`DCR`), or the channel does (`CRD`).
fn block_first(node: &Node<'_>) -> Result<bool, NodeFault> {
    match node.attributes.text("mode")?.unwrap_or("DCR") {
        "DCR" => Ok(true),
        "CRD" => Ok(false),
        other => Err(fault("mode", other.into(), "DCR, CRD")),
    }
}

/// Channels become blocks of pixels.
pub(super) fn depth_to_space(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let (block, [n, c, h, w]) = block(node)?;
    if !c.is_multiple_of(block * block) {
        let expected = format!("of a multiple of {} channels", block * block);
        return Err(shape_fault("input", &expected, &[n, c, h, w]));
    }
    let rest = c / (block * block);
    let (cut, perm) = if block_first(node)? {
        ([n, block, block, rest, h, w], [0, 3, 4, 1, 5, 2])
    } else {
        ([n, rest, block, block, h, w], [0, 1, 4, 2, 5, 3])
    };
    moved(
        context,
        node,
        &cut,
        &perm,
        vec![n, rest, h * block, w * block],
    )
}

/// Blocks of pixels become channels.
pub(super) fn space_to_depth(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let (block, [n, c, h, w]) = block(node)?;
    if !h.is_multiple_of(block) || !w.is_multiple_of(block) {
        let expected = format!("of rows and columns in multiples of {block}");
        return Err(shape_fault("input", &expected, &[n, c, h, w]));
    }
    let cut = [n, c, h / block, block, w / block, block];
    let perm = if block_first(node)? {
        [0, 3, 5, 1, 2, 4]
    } else {
        [0, 1, 3, 5, 2, 4]
    };
    let shape = vec![n, c * block * block, h / block, w / block];
    moved(context, node, &cut, &perm, shape)
}

/// The input in the shape `cut`, its axes permuted, in another shape.
fn moved(
    context: &mut Context,
    node: &Node<'_>,
    cut: &[usize],
    perm: &[usize],
    shape: Vec<usize>,
) -> Result<Tensor, NodeFault> {
    let x = node.required(0, "input")?;
    let cut = reshaped_to(context, node, x, cut.to_vec())?;
    let turned = super::shape::transposed(context, node, &cut, perm)?;
    reshaped_to(context, node, &turned, shape)
}
