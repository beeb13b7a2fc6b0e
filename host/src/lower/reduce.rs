//! Reductions over any axes as the five that their kernel takes, and what must hold of them.

use super::LowerError;
use super::node::{equal, same_params};
use super::shape::count;
use crate::ir::reduce::reduced_shape;
use crate::ir::{Coordinates, Reduction};
use crate::quantize::graph::{QNode, QValue, QuantParams};
use tiivis_runtime::blob::Resample;

/// A shape as `[kept, reduced, kept, reduced, kept]`, of extent 1 where there is none: neighbours of
/// one kind are one axis, and those of extent 1 are left out.
pub(crate) fn alternating(
    node: &QNode,
    shape: &[usize],
    axes: &[usize],
) -> Result<[u32; 5], LowerError> {
    let mut five = [1; 5];
    // The innermost axes come last, so that what is near in memory is near in the loops.
    let mut slot = five.len() - 1;
    for (axis, &extent) in shape.iter().enumerate().rev() {
        if extent == 1 {
            continue;
        }
        let is_reduced = axes.contains(&axis);
        if is_reduced != (slot % 2 == 1) {
            slot = slot.checked_sub(1).ok_or_else(|| LowerError::Apart {
                node: node.name.clone(),
                axes: axes.to_vec(),
            })?;
        }
        five[slot] *= extent;
    }
    let mut extents = [1; 5];
    for (to, extent) in extents.iter_mut().zip(five) {
        *to = count(node, "an axis", extent)?;
    }
    Ok(extents)
}

/// The shapes of a reduction agree, and an extreme keeps its scale.
pub(super) fn check(
    node: &QNode,
    reduction: Reduction,
    axes: &[usize],
    [input, output]: [&QValue; 2],
) -> Result<(), LowerError> {
    check_axes(node, axes, input, output)?;
    alternating(node, &input.shape, axes)?;
    match reduction {
        Reduction::Max | Reduction::Min => same_params(node, input, output),
        Reduction::Mean | Reduction::Sum => Ok(()),
    }
}

/// The shapes of an index of an extreme agree, and it is an index.
pub(super) fn check_index(
    node: &QNode,
    axis: usize,
    [input, output]: [&QValue; 2],
) -> Result<(), LowerError> {
    check_axes(node, &[axis], input, output)?;
    let itself = QuantParams {
        scale: 1.0,
        zero_point: 0,
    };
    if output.params == itself {
        return Ok(());
    }
    Err(LowerError::PrescribedOutput {
        node: node.name.clone(),
        expected: format!("{itself:?}"),
        found: format!("{:?}", output.params),
    })
}

/// The axes are different ones of the value's.
pub(super) fn check_listed(node: &QNode, axes: &[usize], value: &QValue) -> Result<(), LowerError> {
    for (index, &axis) in axes.iter().enumerate() {
        let is_new = axis < value.shape.len() && !axes[..index].contains(&axis);
        if !is_new {
            return Err(LowerError::Mismatch {
                node: node.name.clone(),
                what: "an axis, each once, below",
                expected: value.shape.len(),
                found: axis,
            });
        }
    }
    Ok(())
}

/// A shape as what is before an axis, the axis, and what is behind it.
pub(crate) fn around(node: &QNode, shape: &[usize], axis: usize) -> Result<[u32; 3], LowerError> {
    let (before, rest) = shape.split_at(axis);
    let (extent, behind) = rest.split_first().unwrap_or((&1, &[]));
    Ok([
        count(node, "the axes before", before.iter().product())?,
        count(node, "an axis", *extent)?,
        count(node, "the axes behind", behind.iter().product())?,
    ])
}

fn check_axes(
    node: &QNode,
    axes: &[usize],
    input: &QValue,
    output: &QValue,
) -> Result<(), LowerError> {
    check_listed(node, axes, input)?;
    let keep = output.shape.len() == input.shape.len();
    let expected = reduced_shape(&input.shape, axes, keep);
    equal(node, "axes", expected.len(), output.shape.len())?;
    for (expected, &found) in expected.into_iter().zip(&output.shape) {
        equal(node, "an axis", expected, found)?;
    }
    Ok(())
}

/// Bits of a position's fraction (TFLite's `1 << 10`).
const POSITION_BITS: u32 = 10;

/// Where the samples of an axis lie, in 1024ths; none if a position does not fit int32, or lies so
/// far behind the last input that TFLite would read beyond it.
///
/// TFLite's `ResizeBilinearInteger` and `ComputeInterpolationValuesInteger`
/// (`reference/resize_bilinear.h`): steps are rounded half up.
pub(crate) fn resample(
    coordinates: Coordinates,
    inputs: usize,
    outputs: usize,
) -> Option<Resample> {
    let one = 1i64 << POSITION_BITS;
    let (extent, count) = (i64::try_from(inputs).ok()?, i64::try_from(outputs).ok()?);
    let (extent, parts) = match coordinates {
        Coordinates::AlignCorners if count > 1 => (extent - 1, count - 1),
        Coordinates::AlignCorners | Coordinates::Asymmetric | Coordinates::HalfPixel => {
            (extent, count)
        }
    };
    let step = extent
        .checked_mul(one)?
        .checked_add(parts / 2)?
        .checked_div(parts)?;
    let first = match coordinates {
        Coordinates::HalfPixel => step / 2 - one / 2,
        Coordinates::AlignCorners | Coordinates::Asymmetric => 0,
    };
    let last = step.checked_mul(count - 1)?.checked_add(first)?;
    let end = i64::try_from(inputs).ok()? * one;
    if last >= end || i32::try_from(end).is_err() {
        return None;
    }
    Some(Resample {
        inputs: u32::try_from(inputs).ok()?,
        outputs: u32::try_from(outputs).ok()?,
        step: i32::try_from(step).ok()?,
        first: i32::try_from(first).ok()?,
    })
}

/// Rows and columns of the output, as the kernel takes them.
pub(crate) fn resamples(
    node: &QNode,
    coordinates: [Coordinates; 2],
    [input, output]: [&QValue; 2],
) -> Result<[Resample; 2], LowerError> {
    let axis = |axis: usize| {
        let extents = input.shape.get(1 + axis).zip(output.shape.get(1 + axis));
        let resample =
            extents.and_then(|(&inputs, &outputs)| resample(coordinates[axis], inputs, outputs));
        resample.ok_or_else(|| LowerError::Resize {
            node: node.name.clone(),
            from: input.shape.clone(),
            to: output.shape.clone(),
        })
    };
    Ok([axis(0)?, axis(1)?])
}

/// Batch and channels stay, and so does the scale.
pub(super) fn check_resize(
    node: &QNode,
    coordinates: [Coordinates; 2],
    [input, output]: [&QValue; 2],
) -> Result<(), LowerError> {
    equal(node, "axes", 4, input.shape.len())?;
    equal(node, "axes", 4, output.shape.len())?;
    equal(node, "a batch", 1, input.shape[0])?;
    equal(node, "a batch", 1, output.shape[0])?;
    equal(node, "channels", input.shape[3], output.shape[3])?;
    resamples(node, coordinates, [input, output])?;
    same_params(node, input, output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::ValueId;
    use crate::quantize::graph::QOp;

    fn node() -> QNode {
        QNode {
            name: "t".to_owned(),
            op: QOp::L2Normalize,
            inputs: Vec::new(),
            output: ValueId::from_index(0),
        }
    }

    #[test]
    fn neighbours_are_one_axis() {
        let five = |shape: &[usize], axes: &[usize]| alternating(&node(), shape, axes);
        assert_eq!(five(&[1, 7, 6, 5], &[1, 2]), Ok([1, 1, 1, 42, 5]));
        assert_eq!(five(&[1, 7, 6, 5], &[3]), Ok([1, 1, 42, 5, 1]));
        assert_eq!(five(&[1, 7, 6, 5], &[1, 3]), Ok([1, 7, 6, 5, 1]));
        assert_eq!(five(&[1, 7, 6, 5], &[2]), Ok([1, 1, 7, 6, 5]));
        assert_eq!(five(&[2, 7, 1, 6, 5], &[1, 2, 4]), Ok([2, 7, 6, 5, 1]));
        assert_eq!(five(&[2, 7, 3, 6, 5], &[1, 3]), Ok([2, 7, 3, 6, 5]));
        assert_eq!(five(&[1, 1, 4], &[0, 1]), Ok([1, 1, 1, 1, 4]));
        assert!(matches!(
            five(&[2, 7, 3, 6, 5], &[0, 2, 4]),
            Err(LowerError::Apart { .. })
        ));
    }

    #[test]
    fn positions_lie_on_the_input() {
        use Coordinates::{AlignCorners, Asymmetric, HalfPixel};
        for coordinates in [Asymmetric, HalfPixel, AlignCorners] {
            for inputs in 1..20 {
                for outputs in 1..20 {
                    let axis = resample(coordinates, inputs, outputs).unwrap();
                    for output in 0..outputs {
                        let at = i64::from(axis.step) * i64::try_from(output).unwrap()
                            + i64::from(axis.first);
                        let at = i32::try_from(at).unwrap().max(0);
                        let found = f64::from(at) / 1024.0;
                        let found = found.min(f64::from(axis.inputs - 1));
                        let expected = coordinates.position(output, inputs, outputs);
                        // Half a 1024th a step.
                        assert!((found - expected).abs() < 0.011, "{found} {expected}");
                    }
                }
            }
        }
        // 64 steps of 31.5, rounded up to 32, end on the row behind the last.
        assert_eq!(resample(Asymmetric, 2, 65), None);
    }
}
