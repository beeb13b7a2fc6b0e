//! Shape inference: what an operator computes from the shapes of its inputs, or why it cannot.

mod checks;
mod error;
mod product;
mod reduce;
#[cfg(test)]
mod tests;
mod window;

pub use error::InferError;
pub(crate) use product::mat_mul_shape;

use super::{Clamp, Conv2d, IndexMap, Op, Pad, Value, Window2d};
use checks::{
    check_activation, check_bias, check_clamp, check_fused, check_has_channels, check_parameter,
    four,
};

/// Most elements of one tensor: what a 32-bit target can address as bytes.
pub(super) const MAX_ELEMENTS: usize = 1 << 31;

/// The shape of what `op` computes from `inputs`, in the order that [`Op`] defines.
///
/// # Errors
/// [`InferError`] if the operator cannot take inputs of these shapes or its attributes are out of
/// range.
pub fn infer(op: &Op, inputs: &[&Value]) -> Result<Vec<usize>, InferError> {
    check_count(op, inputs.len())?;
    let x = &inputs[0].shape;
    let shape = match op {
        Op::Conv2d(conv) => conv2d(conv, inputs)?,
        Op::ConvTranspose2d(conv) => product::conv_transpose2d(conv, inputs)?,
        Op::MatMul {
            transpose_a,
            transpose_b,
        } => product::mat_mul(*transpose_a, *transpose_b, x, &inputs[1].shape)?,
        Op::Dense { clamp } => dense(*clamp, inputs)?,
        Op::BatchNorm { epsilon } => batch_norm(*epsilon, inputs)?,
        Op::Activation(activation) => {
            check_activation(activation)?;
            x.clone()
        }
        Op::MaxPool2d(pool) => pool2d(&pool.window, pool.clamp, x)?,
        Op::AvgPool2d(pool) => pool2d(&pool.window, pool.clamp, x)?,
        Op::Add { clamp } | Op::Sub { clamp } | Op::Mul { clamp } => {
            check_clamp(*clamp)?;
            elementwise(x, &inputs[1].shape)?
        }
        Op::Binary(_) => elementwise(x, &inputs[1].shape)?,
        Op::Select => elementwise(&elementwise(x, &inputs[1].shape)?, &inputs[2].shape)?,
        Op::Fused(function) => {
            check_fused(function)?;
            x.clone()
        }
        Op::Concat { axis } => concat(*axis, inputs)?,
        Op::Reshape { shape } => reshape(x, shape)?,
        Op::Transpose { perm } => transpose(x, perm)?,
        Op::Take { maps } => take(x, maps)?,
        Op::Pad(parameters) => pad(parameters, x)?,
        Op::Reduce(parameters) => reduce::reduce(parameters, x)?,
        Op::ArgExtreme { axis, keep, .. } => reduce::arg_extreme(*axis, *keep, x)?,
        Op::ResizeBilinear(parameters) => reduce::resize_bilinear(parameters, x)?,
        Op::Softmax | Op::L2Normalize | Op::LogSoftmax => {
            check_has_channels("x", x)?;
            x.clone()
        }
        Op::Identity => x.clone(),
    };
    element_count(&shape)?;
    Ok(shape)
}

/// Number of elements.
///
/// # Errors
/// [`InferError::TooLarge`] beyond [`MAX_ELEMENTS`].
pub(super) fn element_count(shape: &[usize]) -> Result<usize, InferError> {
    shape
        .iter()
        .try_fold(1usize, |count, &size| count.checked_mul(size))
        .filter(|&count| count <= MAX_ELEMENTS)
        .ok_or_else(|| InferError::TooLarge {
            shape: shape.to_vec(),
        })
}

fn check_count(op: &Op, found: usize) -> Result<(), InferError> {
    let (range, expected) = match op {
        Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::Dense { .. } => (2..=3, "2 or 3"),
        Op::BatchNorm { .. } => (5..=5, "5"),
        Op::Add { .. } | Op::Sub { .. } | Op::Mul { .. } | Op::MatMul { .. } | Op::Binary(_) => {
            (2..=2, "2")
        }
        Op::Select => (3..=3, "3"),
        Op::Concat { .. } => (1..=usize::MAX, "1 or more"),
        Op::Activation(_)
        | Op::Fused(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Take { .. }
        | Op::Pad(_)
        | Op::Softmax
        | Op::Reduce(_)
        | Op::ArgExtreme { .. }
        | Op::ResizeBilinear(_)
        | Op::L2Normalize
        | Op::LogSoftmax
        | Op::Identity => (1..=1, "1"),
    };
    if range.contains(&found) {
        Ok(())
    } else {
        Err(InferError::InputCount { expected, found })
    }
}

fn conv2d(conv: &Conv2d, inputs: &[&Value]) -> Result<Vec<usize>, InferError> {
    check_clamp(conv.clamp)?;
    let [batch, rows, columns, channels] = four("x", &inputs[0].shape)?;
    let filters = filters(inputs, channels, conv.groups, conv.window.kernel)?;
    let [rows, columns] = conv.window.output_size([rows, columns])?;
    Ok(vec![batch, rows, columns, filters])
}

/// Number of filters of a convolution, whose weights and bias must fit so many channels and groups,
/// and this kernel.
fn filters(
    inputs: &[&Value],
    channels: usize,
    groups: usize,
    kernel: [usize; 2],
) -> Result<usize, InferError> {
    let weights = &inputs[1].shape;
    let [filters, kernel_rows, kernel_columns, group_channels] = four("weights", weights)?;
    if groups == 0 || !channels.is_multiple_of(groups) || !filters.is_multiple_of(groups) {
        return Err(InferError::Groups {
            groups,
            input: channels,
            output: filters,
        });
    }
    if channels / groups != group_channels {
        return Err(InferError::Channels {
            weights: weights.clone(),
            expected: group_channels.saturating_mul(groups),
            found: channels,
        });
    }
    if kernel != [kernel_rows, kernel_columns] {
        return Err(InferError::Kernel {
            expected: kernel,
            found: [kernel_rows, kernel_columns],
        });
    }
    check_bias(inputs, filters)?;
    Ok(filters)
}

fn dense(clamp: Option<Clamp>, inputs: &[&Value]) -> Result<Vec<usize>, InferError> {
    check_clamp(clamp)?;
    let x = &inputs[0].shape;
    let channels = check_has_channels("x", x)?;
    let weights = &inputs[1].shape;
    let &[outputs, expected] = &weights[..] else {
        return Err(InferError::Rank {
            input: "weights",
            expected: "2",
            found: weights.clone(),
        });
    };
    if channels != expected {
        return Err(InferError::Channels {
            weights: weights.clone(),
            expected,
            found: channels,
        });
    }
    check_bias(inputs, outputs)?;
    let mut shape = x[..x.len() - 1].to_vec();
    shape.push(outputs);
    Ok(shape)
}

fn batch_norm(epsilon: f32, inputs: &[&Value]) -> Result<Vec<usize>, InferError> {
    if !(epsilon >= 0.0 && epsilon.is_finite()) {
        return Err(InferError::Number {
            parameter: "epsilon",
            expected: "finite and at least 0",
            found: epsilon,
        });
    }
    let x = &inputs[0].shape;
    let channels = check_has_channels("x", x)?;
    let names = ["scale", "bias", "mean", "variance"];
    for (input, value) in names.into_iter().zip(&inputs[1..]) {
        check_parameter(input, &value.shape, channels)?;
    }
    Ok(x.clone())
}

fn pool2d(window: &Window2d, clamp: Option<Clamp>, x: &[usize]) -> Result<Vec<usize>, InferError> {
    check_clamp(clamp)?;
    let [batch, rows, columns, channels] = four("x", x)?;
    let output = window.output_size([rows, columns])?;
    window.check_covers([rows, columns], output)?;
    Ok(vec![batch, output[0], output[1], channels])
}

/// The shape that both are stretched to: aligned at their last axes, sizes are equal or one of them
/// is 1; none if they do not fit.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], axis: usize| {
        let missing = rank - shape.len();
        axis.checked_sub(missing).map_or(1, |axis| shape[axis])
    };
    let stretched = |axis: usize| match (size(a, axis), size(b, axis)) {
        (a, b) if a == b => Some(a),
        (1, size) | (size, 1) => Some(size),
        (_, _) => None,
    };
    (0..rank).map(stretched).collect()
}

fn elementwise(a: &[usize], b: &[usize]) -> Result<Vec<usize>, InferError> {
    broadcast(a, b).ok_or_else(|| InferError::Broadcast {
        a: a.to_vec(),
        b: b.to_vec(),
    })
}

fn concat(axis: usize, inputs: &[&Value]) -> Result<Vec<usize>, InferError> {
    let first = &inputs[0].shape;
    if axis == 0 || axis >= first.len() {
        return Err(InferError::Axis {
            axis,
            rank: first.len(),
        });
    }
    let mut shape = first.clone();
    for (input, value) in inputs.iter().enumerate().skip(1) {
        let found = &value.shape;
        let fits = found.len() == first.len()
            && (0..found.len()).all(|other| other == axis || found[other] == first[other]);
        if !fits {
            return Err(InferError::Concat {
                input,
                axis,
                expected: first.clone(),
                found: found.clone(),
            });
        }
        shape[axis] = shape[axis].saturating_add(found[axis]);
    }
    Ok(shape)
}

fn reshape(x: &[usize], shape: &[usize]) -> Result<Vec<usize>, InferError> {
    if shape.first() != Some(&1) {
        return Err(InferError::Batch {
            found: shape.to_vec(),
        });
    }
    if element_count(x)? != element_count(shape)? {
        return Err(InferError::ElementCount {
            from: x.to_vec(),
            to: shape.to_vec(),
        });
    }
    Ok(shape.to_vec())
}

fn transpose(x: &[usize], perm: &[usize]) -> Result<Vec<usize>, InferError> {
    if perm.first() != Some(&0) || !is_permutation(perm, x.len()) {
        return Err(InferError::Permutation {
            perm: perm.to_vec(),
            rank: x.len(),
        });
    }
    Ok(perm.iter().map(|&axis| x[axis]).collect())
}

fn take(x: &[usize], maps: &[IndexMap]) -> Result<Vec<usize>, InferError> {
    let takes_batch = x.first().zip(maps.first());
    let takes_batch = takes_batch.is_some_and(|(&batch, map)| map.is_all(batch));
    let fits = |(map, &extent): (&IndexMap, &usize)| map.fits(extent);
    if !takes_batch || maps.len() != x.len() || !maps.iter().zip(x).all(fits) {
        return Err(InferError::Take {
            maps: maps.to_vec(),
            shape: x.to_vec(),
        });
    }
    Ok(maps.iter().map(IndexMap::count).collect())
}

/// Whether `axes` names each of `rank` axes once.
pub(super) fn is_permutation(axes: &[usize], rank: usize) -> bool {
    axes.len() == rank && (0..rank).all(|axis| axes.contains(&axis))
}

fn pad(parameters: &Pad, x: &[usize]) -> Result<Vec<usize>, InferError> {
    let Pad {
        before,
        after,
        value,
    } = parameters;
    let rank = x.len();
    let names_axes = |sizes: &[usize]| sizes.len() == rank && sizes.first() == Some(&0);
    if !names_axes(before) || !names_axes(after) {
        return Err(InferError::Padding {
            before: before.clone(),
            after: after.clone(),
            rank,
        });
    }
    if !value.is_finite() {
        return Err(InferError::Number {
            parameter: "padding value",
            expected: "finite",
            found: *value,
        });
    }
    let padded = x.iter().zip(before).zip(after);
    Ok(padded
        .map(|((&size, &before), &after)| size.saturating_add(before).saturating_add(after))
        .collect())
}
