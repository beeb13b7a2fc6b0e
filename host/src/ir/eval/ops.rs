//! The operators on tensors whose first axis is any number of samples.

use super::conv::conv2d;
use super::conv_transpose::conv_transpose2d;
use super::pad::PadConstant;
use super::pointwise::{FusedPointwise, Pairwise, Pointwise, Selection};
use super::pool::{Pool, Reduction};
use super::reduce::{self, ArgExtreme, Resize};
use crate::ir::{Activation, Binary, Clamp, Class, IndexMap, Op};
use candle_core::{D, Result, Shape, Tensor};

/// Applies an operator to its inputs, in the order that [`Op`] defines; the result is contiguous.
///
/// Inputs are contiguous and fit the operator but for the number of samples.
pub(super) fn apply(op: &Op, inputs: &[&Tensor]) -> Result<Tensor> {
    let x = inputs[0];
    match op {
        Op::Conv2d(conv) => {
            let sums = conv2d(conv, x, inputs[1])?;
            clamped(biased(sums, inputs.get(2))?, conv.clamp)
        }
        Op::ConvTranspose2d(conv) => {
            let sums = conv_transpose2d(conv, x, inputs[1])?;
            clamped(biased(sums, inputs.get(2))?, conv.clamp)
        }
        Op::MatMul {
            transpose_a,
            transpose_b,
        } => {
            let a = swapped(x, *transpose_a)?;
            mat_mul(&a, &swapped(inputs[1], *transpose_b)?)
        }
        Op::Dense { clamp } => clamped(biased(dense(x, inputs[1])?, inputs.get(2))?, *clamp),
        Op::BatchNorm { epsilon } => batch_norm(inputs, f64::from(*epsilon)),
        Op::Activation(activation) => x.apply_op1(Pointwise(*activation)),
        Op::MaxPool2d(pool) => {
            let window = pool.window.clone();
            let reduction = Reduction::Max;
            clamped(x.apply_op1(Pool { window, reduction })?, pool.clamp)
        }
        Op::AvgPool2d(pool) => {
            let window = pool.window.clone();
            let reduction = if pool.count_include_pad {
                Reduction::PaddedMean
            } else {
                Reduction::Mean
            };
            clamped(x.apply_op1(Pool { window, reduction })?, pool.clamp)
        }
        Op::Add { clamp } => clamped(x.broadcast_add(inputs[1])?, *clamp),
        Op::Sub { clamp } => clamped(x.broadcast_sub(inputs[1])?, *clamp),
        Op::Mul { clamp } => clamped(x.broadcast_mul(inputs[1])?, *clamp),
        Op::Binary(function) => binary(*function, x, inputs[1]),
        Op::Select => select(inputs),
        Op::Fused(function) => x.apply_op1(FusedPointwise(function.clone())),
        Op::Concat { axis } => Tensor::cat(inputs, *axis)?.contiguous(),
        Op::Reshape { shape } => x.reshape(reshaped(x, shape)),
        Op::Transpose { perm } => x.permute(&perm[..])?.contiguous(),
        Op::Take { maps } => take(x, maps),
        Op::Pad(pad) => x.apply_op1(PadConstant(pad.clone())),
        Op::Softmax => softmax(x),
        Op::Reduce(parameters) => reduce::reduce(x, parameters),
        &Op::ArgExtreme {
            axis,
            largest,
            last,
            keep,
        } => {
            let indices = x.apply_op1(ArgExtreme {
                axis,
                largest,
                last,
            })?;
            if keep {
                indices.unsqueeze(axis)
            } else {
                Ok(indices)
            }
        }
        Op::ResizeBilinear(parameters) => x.apply_op1(Resize(parameters.clone())),
        Op::L2Normalize => reduce::l2_normalize(x),
        Op::LogSoftmax => reduce::log_softmax(x),
        Op::Identity => Ok(x.clone()),
    }
}

/// An input with samples, as [`apply`] takes it. Broadcasting aligns shapes at their last axes:
/// one with fewer axes than the result gets them after the samples.
pub(super) fn batched_operand(op: &Op, tensor: &Tensor, rank: usize) -> Result<Tensor> {
    let missing = rank.saturating_sub(tensor.rank());
    if !is_broadcasting(op) || missing == 0 {
        return Ok(tensor.clone());
    }
    let (samples, rest) = tensor.dims().split_at(1);
    tensor.reshape([samples, &vec![1; missing], rest].concat())
}

/// An input that is the same for all samples, as [`apply`] takes it.
pub(super) fn fixed_operand(op: &Op, tensor: &Tensor, samples: usize) -> Result<Tensor> {
    // Parameters have no samples, broadcasting repeats them. Other operators have one input, and are
    // fixed if it is.
    if op.class() == Class::Join {
        return repeat(tensor, samples);
    }
    Ok(tensor.clone())
}

/// The one sample of a tensor as often as asked.
pub(super) fn repeat(tensor: &Tensor, samples: usize) -> Result<Tensor> {
    let shape = super::batched(tensor.dims(), samples);
    tensor.broadcast_as(shape)?.contiguous()
}

fn is_broadcasting(op: &Op) -> bool {
    matches!(op.class(), Class::Combination | Class::Product)
}

/// The shape of one sample for as many as there are; without a batch, the shape itself.
fn reshaped(x: &Tensor, shape: &[usize]) -> Vec<usize> {
    let values: usize = shape.iter().product();
    super::batched(shape, x.elem_count() / values)
}

/// The tensor with its last two axes swapped, if asked.
fn swapped(x: &Tensor, swap: bool) -> Result<Tensor> {
    if swap {
        x.transpose(D::Minus2, D::Minus1)?.contiguous()
    } else {
        Ok(x.clone())
    }
}

/// All samples are taken, however many there are.
fn take(x: &Tensor, maps: &[IndexMap]) -> Result<Tensor> {
    let mut taken = x.clone();
    for (axis, map) in maps.iter().enumerate().skip(1) {
        if map.is_all(taken.dim(axis)?) {
            continue;
        }
        let indices: std::result::Result<Vec<u32>, _> = map.indices().map(u32::try_from).collect();
        let Ok(indices) = indices else {
            candle_core::bail!("an index of {map} does not fit 32 bits");
        };
        let indices = Tensor::new(indices, x.device())?;
        taken = taken.index_select(&indices, axis)?;
    }
    taken.contiguous()
}

/// Products of matrices over axes in front, which broadcast. candle's own product cannot
/// repeat an axis between two others, so those in front are one.
fn mat_mul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (rows, columns) = (a.dim(D::Minus2)?, b.dim(D::Minus1)?);
    let inner = a.dim(D::Minus1)?;
    let front = |x: &Tensor| Shape::from(&x.dims()[..x.rank() - 2]);
    let shape = front(a).broadcast_shape_binary_op(&front(b), "matmul")?;
    let spread = |x: &Tensor, matrix: [usize; 2]| {
        let spread = x.broadcast_as([shape.dims(), &matrix].concat())?;
        spread.contiguous()?.reshape(((), matrix[0], matrix[1]))
    };
    let products = spread(a, [rows, inner])?.matmul(&spread(b, [inner, columns])?)?;
    products.reshape([shape.dims(), &[rows, columns]].concat())
}

fn dense(x: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let (outputs, channels) = weights.dims2()?;
    let rows = x.reshape(((), channels))?.matmul(&weights.t()?)?;
    let mut shape = x.dims().to_vec();
    shape.pop();
    shape.push(outputs);
    rows.reshape(shape)
}

fn batch_norm(inputs: &[&Tensor], epsilon: f64) -> Result<Tensor> {
    let [x, scale, bias, mean, variance] = inputs else {
        candle_core::bail!("batch normalization takes 5 inputs");
    };
    let factor = scale.div(&variance.affine(1.0, epsilon)?.sqrt()?)?;
    x.broadcast_sub(mean)?
        .broadcast_mul(&factor)?
        .broadcast_add(bias)
}

fn softmax(x: &Tensor) -> Result<Tensor> {
    // Subtracting the largest leaves the quotients as they are and keeps exp from overflowing.
    let exponentials = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?.exp()?;
    exponentials.broadcast_div(&exponentials.sum_keepdim(D::Minus1)?)
}

/// Operands that are repeated until they have one shape.
fn spread(operands: &[&Tensor]) -> Result<Vec<Tensor>> {
    let rank = operands.iter().map(|x| x.rank()).max().unwrap_or(0);
    let mut shape = vec![1; rank];
    for operand in operands {
        let dims = operand.dims();
        for (axis, &dim) in shape[rank - dims.len()..].iter_mut().zip(dims) {
            *axis = dim.max(*axis);
        }
    }
    let repeated = operands
        .iter()
        .map(|x| x.broadcast_as(&shape[..])?.contiguous());
    repeated.collect()
}

fn binary(function: Binary, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    match &spread(&[a, b])?[..] {
        [a, b] => a.apply_op2_no_bwd(b, &Pairwise(function)),
        _ => candle_core::bail!("{} takes 2 inputs", function.name()),
    }
}

fn select(inputs: &[&Tensor]) -> Result<Tensor> {
    match &spread(inputs)?[..] {
        [condition, a, b] => condition.apply_op3_no_bwd(a, b, &Selection),
        _ => candle_core::bail!("a choice takes 3 inputs"),
    }
}

fn biased(sums: Tensor, bias: Option<&&Tensor>) -> Result<Tensor> {
    match bias {
        Some(bias) => sums.broadcast_add(bias),
        None => Ok(sums),
    }
}

fn clamped(x: Tensor, clamp: Option<Clamp>) -> Result<Tensor> {
    match clamp {
        Some(clamp) => x.apply_op1(Pointwise(Activation::Clamp(clamp))),
        None => Ok(x),
    }
}
