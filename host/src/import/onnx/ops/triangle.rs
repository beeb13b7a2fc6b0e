//! What is made with triangles of ones: Trilu and `CumSum`.

use super::compose::{self, MUL, numbers};
use super::fold::named_result;
use super::generate::grid;
use crate::import::NodeFault;
use crate::import::onnx::context::{Context, Tensor};
use crate::import::onnx::node::{Node, axis_index, operand_fault, shape_fault};
use crate::import::onnx::tensor::Data;
use std::sync::Arc;

/// Most weights of a running sum.
const MAX_WEIGHTS: usize = 1 << 24;

/// The upper or lower triangle of matrices, the rest 0.
pub(super) fn trilu(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.required(0, "input")?;
    let shape = x.shape();
    let [.., rows, columns] = shape[..] else {
        return Err(shape_fault("input", "of rank 2 or more", &shape));
    };
    let upper = node.attributes.flag("upper")?.unwrap_or(true);
    let diagonal = match node.input(1) {
        Some(_) => node.ints(1, "input k")?.first().copied().unwrap_or(0),
        None => 0,
    };
    context.reserve_constant(&[rows, columns])?;
    let keeps: Vec<bool> = grid(rows, columns)
        .map(|(row, column)| {
            let above = column.saturating_sub(row);
            if upper {
                above >= diagonal
            } else {
                above <= diagonal
            }
        })
        .collect();
    match x {
        Tensor::Activation(x) => {
            let mask = keeps
                .iter()
                .map(|&keep| f32::from(u8::from(keep)))
                .collect();
            let mask = numbers(node, "mask", vec![rows, columns], mask);
            Ok(compose::binary(context, node, MUL, x, &mask)?.into())
        }
        Tensor::Constant(constant) => {
            context.reserve_constant(&shape)?;
            let data = masked(&constant.data, &keeps);
            Ok(named_result(node, shape, data))
        }
    }
}

/// The elements where these places, again and again, are kept, else 0.
fn masked(data: &Data, keeps: &[bool]) -> Data {
    fn mask<T: Copy + Default>(data: &[T], keeps: &[bool]) -> Arc<[T]> {
        let pairs = data.iter().zip(keeps.iter().cycle());
        pairs
            .map(|(&x, &keep)| if keep { x } else { T::default() })
            .collect()
    }
    match data {
        Data::F32(data) => Data::F32(mask(data, keeps)),
        Data::I64(data) => Data::I64(mask(data, keeps)),
        Data::Bool(data) => Data::Bool(mask(data, keeps)),
        Data::I8(data) => Data::I8(mask(data, keeps)),
        Data::U8(data) => Data::U8(mask(data, keeps)),
    }
}

/// Sums of everything up to each element along an axis, or before it (`exclusive`), from the other
/// end (`reverse`): a product with a triangle of ones.
pub(super) fn running_sum(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let x = node.activation(0, "input x")?;
    let axis = match *node.ints(1, "input axis")? {
        [axis] => axis_index(axis, x.view.rank())?,
        ref other => {
            return Err(operand_fault(
                "input axis",
                "one axis",
                &format!("{other:?}"),
            ));
        }
    };
    let exclusive = node.attributes.flag("exclusive")?.unwrap_or(false);
    let reverse = node.attributes.flag("reverse")?.unwrap_or(false);
    let len = x.view.axis_len(axis);
    if len.saturating_mul(len) > MAX_WEIGHTS {
        let expected = "4096 elements along the axis at most";
        return Err(operand_fault("input x", expected, &len.to_string()));
    }
    let counts = |(row, column): (i64, i64)| {
        let distance = if reverse { column - row } else { row - column };
        let counts = distance > 0 || distance == 0 && !exclusive;
        f32::from(u8::from(counts))
    };
    let weights = grid(len, len).map(counts).collect();
    Ok(compose::weighted(context, node, x, axis, weights, None)?.into())
}
