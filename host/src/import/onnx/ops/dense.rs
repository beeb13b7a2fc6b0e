//! `Gemm`, `MatMul`: products with constant weights.

use super::{binary, mat_mul};
use crate::data::layout::permute;
use crate::import::NodeFault;
use crate::import::onnx::attributes::fault;
use crate::import::onnx::context::{Activation, Context, Tensor};
use crate::import::onnx::node::{Node, floats, operand_fault, shape_fault};
use crate::import::onnx::tensor::{Constant, Data};
use crate::import::onnx::view::View;
use crate::ir::Op;

/// Weights of a dense layer, `[outputs, inputs]`, the inputs in the source model's order.
struct Weights<'c> {
    source: &'c Constant,
    outputs: usize,
    data: Vec<f32>,
}

/// `Y = alpha · A' · B' + beta · C`; alpha and beta are multiplied into the constants in f32.
pub(super) fn gemm(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let attributes = &node.attributes;
    // Since opset 7, C always broadcasts.
    if attributes.flag("broadcast")?.is_some() && node.opset >= 7 {
        let found = "of opset 6 and before".into();
        return Err(fault("broadcast", found, "none since opset 7"));
    }
    let mut x = node.activation(0, "input A")?.clone();
    if x.view.rank() != 2 {
        return Err(shape_fault("input A", "of rank 2", &x.view.shape()));
    }
    if attributes.flag("transA")?.unwrap_or(false) {
        x = x.seen_as(x.view.transposed(&[1, 0]));
    }
    let (source, _) = node.floats(1, "weight B")?;
    let by_output = attributes.flag("transB")?.unwrap_or(false);
    let mut weights = weights(context, source, by_output, &x.view)?;
    let alpha = attributes.float("alpha")?.unwrap_or(1.0);
    for weight in &mut weights.data {
        *weight *= alpha;
    }
    let beta = attributes.float("beta")?.unwrap_or(1.0);
    let Some(c) = node.input(2) else {
        return dense(context, node, &x, weights, None);
    };
    if let Tensor::Constant(row) = c
        && is_per_output(row, weights.outputs)
    {
        let bias = scaled_bias(context, row, beta, weights.outputs)?;
        return dense(context, node, &x, weights, Some((row, bias)));
    }
    let product = dense(context, node, &x, weights, None)?;
    let c = match c {
        Tensor::Constant(c) => scaled(context, c, beta)?.into(),
        Tensor::Activation(c) if beta == 1.0 => c.clone().into(),
        Tensor::Activation(_) => {
            let supported = "1 where C is computed: use Mul for it";
            return Err(fault("beta", beta.to_string(), supported));
        }
    };
    let op = Op::Add { clamp: None };
    binary::apply(context, node, op, &product, &c)
}

/// `beta · C`.
fn scaled(context: &mut Context, c: &Constant, beta: f32) -> Result<Constant, NodeFault> {
    context.reserve_constant(&c.shape)?;
    let data = floats(c, "bias C")?;
    Ok(Constant {
        name: c.name.clone(),
        shape: c.shape.clone(),
        data: Data::F32(data.iter().map(|value| value * beta).collect()),
    })
}

/// A product; that of a computed tensor and a constant matrix is a dense layer.
pub(super) fn mat_mul(context: &mut Context, node: &Node<'_>) -> Result<Tensor, NodeFault> {
    let (Some(Tensor::Activation(x)), Some(Tensor::Constant(source))) =
        (node.input(0), node.input(1))
    else {
        return mat_mul::product(context, node);
    };
    let leading = source.shape.len().saturating_sub(2);
    let is_matrix = source.shape.len() >= 2 && source.shape[..leading].iter().all(|&len| len == 1);
    if x.view.rank() < source.shape.len().max(2) || !is_matrix {
        return mat_mul::product(context, node);
    }
    let weights = weights(context, source, false, &x.view)?;
    dense(context, node, x, weights, None)
}

/// Checks a weight matrix, `[outputs, inputs]` if `by_output`, else `[inputs, outputs]`. Leading
/// axes of extent 1 are ignored where the input has them too.
fn weights<'c>(
    context: &mut Context,
    source: &'c Constant,
    by_output: bool,
    x: &View,
) -> Result<Weights<'c>, NodeFault> {
    let inputs = x.axis_len(x.rank() - 1);
    let leading = source.shape.len().saturating_sub(2);
    let matrix = &source.shape[leading..];
    let plain =
        source.shape.len() <= x.rank() && source.shape[..leading].iter().all(|&len| len == 1);
    let fitting = match *matrix {
        [rows, columns] if plain => {
            let (outputs, columns) = if by_output {
                (rows, columns)
            } else {
                (columns, rows)
            };
            (columns == inputs && outputs > 0).then_some(outputs)
        }
        _ => None,
    };
    let Some(outputs) = fitting else {
        let expected = if by_output {
            format!("of shape [outputs, {inputs}]")
        } else {
            format!("of shape [{inputs}, outputs]")
        };
        let found = format!(
            "`{}` of shape {:?} for an input of shape {:?}",
            source.name,
            source.shape,
            x.shape()
        );
        return Err(operand_fault("weight", &expected, &found));
    };
    context.reserve_constant(&source.shape)?;
    let data = floats(source, "weight")?;
    let data = if by_output {
        data.to_vec()
    } else {
        permute(data, &[inputs, outputs], &[1, 0])
    };
    Ok(Weights {
        source,
        outputs,
        data,
    })
}

/// Whether C is a number or a row of one number per output.
fn is_per_output(c: &Constant, outputs: usize) -> bool {
    let len: usize = c.shape.iter().product();
    c.shape
        .last()
        .is_none_or(|&last| last == outputs || last == 1)
        && c.shape.len() <= 2
        && (len == outputs || len == 1)
        && (c.shape.len() < 2 || c.shape[0] == 1)
}

/// `beta · C` as a vector of the outputs.
fn scaled_bias(
    context: &mut Context,
    c: &Constant,
    beta: f32,
    outputs: usize,
) -> Result<Vec<f32>, NodeFault> {
    let data = floats(c, "bias C")?;
    context.reserve_constant(&[outputs])?;
    Ok((0..outputs)
        .map(|index| data[index % data.len()] * beta)
        .collect())
}

fn dense(
    context: &mut Context,
    node: &Node<'_>,
    x: &Activation,
    weights: Weights<'_>,
    bias: Option<(&Constant, Vec<f32>)>,
) -> Result<Tensor, NodeFault> {
    let last = x.view.rank() - 1;
    let x = context.trailing(&node.name, x, &[last])?;
    let inputs = x.view.axis_len(last);
    let mut shape = vec![1];
    shape.extend(
        x.view
            .atoms()
            .iter()
            .copied()
            .take(x.view.atoms().len() - x.view.axes()[last].len()),
    );
    shape.retain({
        let mut first = true;
        move |&len| std::mem::take(&mut first) || len != 1
    });
    shape.push(inputs);
    let value = context.reshape(&node.name, x.value, shape)?;
    let data = x.view.absorb(last, &weights.data);
    let mut operands = vec![
        value,
        context.add_constant(&weights.source.name, vec![weights.outputs, inputs], data)?,
    ];
    if let Some((source, data)) = bias {
        operands.push(context.add_constant(&source.name, vec![weights.outputs], data)?);
    }
    let value = context.emit(node, Op::Dense { clamp: None }, operands)?;
    Ok(Tensor::computed(value, with_last(&x.view, weights.outputs)))
}

/// The view with its last axis, which lies innermost, replaced by one of this extent.
fn with_last(view: &View, len: usize) -> View {
    let (last, kept) = view.axes().split_last().expect("the input has an axis");
    let outer = view.atoms().len() - last.len();
    let atoms = view.atoms()[..outer].iter().copied().chain([len]).collect();
    let axes = kept.iter().cloned().chain([vec![outer]]).collect();
    View::new(atoms, axes).with_batch(view.batch())
}
