//! Operators of one activation, without weights.

use super::data::Data;
use super::steps::Ends;
use super::{EmitError, elementwise, int16};
use crate::ir::Window2d;
use crate::lower::{LowerError, Steps, Walk, four, padded_four, rows_and_depth, window};
use crate::quantize::graph::{DType, QClamp, QNode};
use crate::quantize::softmax_parameters;
use tiivis_runtime::blob::{
    Lut, Offsets, Op, Pad, Pool2d, Requantize, Softmax, TAKE_AXES, Take, TakeAxis, Transpose,
};
use tiivis_runtime::kernels::table_entry;

pub(super) fn pool(
    ends: &Ends<'_>,
    geometry: &Window2d,
    clamp: QClamp,
) -> Result<Pool2d, EmitError> {
    Ok(Pool2d {
        input: ends.input,
        output: ends.output,
        window: window(ends.node, geometry, &ends.from.shape, &ends.to.shape)?,
        channels: rows_and_depth(ends.node, &ends.from.shape)?.1,
        min: clamp.min,
        max: clamp.max,
        ties_up: false,
    })
}

/// A move that [`Walk`] knows.
pub(super) fn take(data: &mut Data, ends: &Ends<'_>) -> Result<Op, EmitError> {
    let too_large = |_| EmitError::TooLarge;
    let walk = Walk::of(ends.node, ends.from).ok_or(EmitError::TooLarge)?;
    let once = TakeAxis {
        count: 1,
        offsets: Offsets::Stride(0),
    };
    let mut axes = [once; TAKE_AXES];
    let unused = TAKE_AXES.checked_sub(walk.axes.len());
    let unused = unused.ok_or_else(|| LowerError::Axes {
        node: ends.node.name.clone(),
        found: walk.axes.len(),
    })?;
    for (to, axis) in axes[unused..].iter_mut().zip(&walk.axes) {
        to.count = axis.count.try_into().map_err(too_large)?;
        to.offsets = match &axis.offsets {
            Steps::Stride(stride) => Offsets::Stride((*stride).try_into().map_err(too_large)?),
            Steps::Table(table) => {
                let offsets: Result<Vec<i32>, _> =
                    table.iter().map(|&offset| offset.try_into()).collect();
                Offsets::Table(data.int32(offsets.map_err(too_large)?)?)
            }
        };
    }
    Ok(Op::Take(Take {
        input: ends.input,
        output: ends.output,
        run_bytes: walk.run_bytes.try_into().map_err(too_large)?,
        first_byte: walk.first_byte.try_into().map_err(too_large)?,
        axes,
    }))
}

pub(super) fn transpose(ends: &Ends<'_>, perm: &[usize]) -> Result<Op, EmitError> {
    Ok(Op::Transpose(Transpose {
        input: ends.input,
        output: ends.output,
        shape: four(ends.node, &ends.from.shape)?,
        perm: permutation(ends.node, perm)?,
    }))
}

pub(super) fn pad(
    ends: &Ends<'_>,
    [before, after]: [&[usize]; 2],
    value: i16,
) -> Result<Op, EmitError> {
    let [shape, before, after] = padded_four(ends.node, &ends.from.shape, [before, after])?;
    Ok(Op::Pad(Pad {
        input: ends.input,
        output: ends.output,
        shape,
        before,
        after,
        value,
    }))
}

pub(super) fn softmax(data: &mut Data, ends: &Ends<'_>, beta: f32) -> Result<Op, EmitError> {
    let (rows, depth) = rows_and_depth(ends.node, &ends.from.shape)?;
    if ends.to.dtype == DType::I16 {
        return int16::softmax(data, ends, beta);
    }
    Ok(Op::Softmax(Softmax {
        input: ends.input,
        output: ends.output,
        rows,
        depth,
        table: data.int32(softmax_table(
            f64::from(beta) * f64::from(ends.from.params.scale),
        ))?,
    }))
}

pub(super) fn lut(data: &mut Data, ends: &Ends<'_>, table: &[i8]) -> Result<Op, EmitError> {
    Ok(Op::Lut(Lut {
        input: ends.input,
        output: ends.output,
        table: data.int8(table)?,
    }))
}

pub(super) fn requantize(ends: &Ends<'_>) -> Result<Op, EmitError> {
    let rescale = elementwise::rescale(ends.node, ends.from, ends.to)?;
    if (ends.from.dtype, ends.to.dtype) != (DType::I8, DType::I8) {
        return Ok(int16::convert(ends, rescale));
    }
    Ok(Op::Requantize(Requantize {
        input: ends.input,
        output: ends.output,
        rescale,
    }))
}

/// The exponentials of a softmax over inputs of this scale, without the zeros at the end: the
/// kernel counts what is beyond the table as 0.
pub(super) fn softmax_table(scale: f64) -> Vec<i32> {
    let (multiplier, left_shift) = softmax_parameters(scale);
    let entry = |difference| table_entry(difference, multiplier, left_shift);
    let mut table: Vec<i32> = (0..=u8::MAX).map_while(entry).collect();
    let used = table
        .iter()
        .rposition(|&entry| entry != 0)
        .map_or(0, |last| last + 1);
    table.truncate(used);
    table
}

/// The permutation of four axes, those that are added in front staying in front.
fn permutation(node: &QNode, perm: &[usize]) -> Result<[u8; 4], EmitError> {
    let too_many = || LowerError::Rank {
        node: node.name.clone(),
        found: perm.len(),
    };
    let missing = 4usize.checked_sub(perm.len()).ok_or_else(too_many)?;
    let mut four = [0, 1, 2, 3];
    for (to, &from) in four[missing..].iter_mut().zip(perm) {
        *to = u8::try_from(missing.saturating_add(from)).map_err(|_| too_many())?;
    }
    Ok(four)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_softmax_table_ends_where_only_zeros_follow() {
        for (scale, most) in [(1e-4, 256), (0.1, 256), (0.5, 60), (1.0, 33), (30.0, 2)] {
            let table = softmax_table(scale);
            assert!(
                (1..=most).contains(&table.len()),
                "{scale}: {}",
                table.len()
            );
            assert_eq!(table[0], i32::MAX);
            assert!(table.iter().all(|&entry| entry > 0));
            // exp(-0.0001 · 255) is near 1 still; 31 / 2^5 integer bits bound the rest.
            for (difference, &entry) in (0..=u8::MAX).zip(&table) {
                let exact = (-f64::from(difference) * scale).exp();
                let found = f64::from(entry) / 2f64.powi(31);
                assert!(
                    (found - exact).abs() < 1e-5,
                    "{scale}, {difference}: {found}, {exact}"
                );
            }
        }
        assert_eq!(softmax_table(1e-4).len(), 256);
    }

    #[test]
    fn added_axes_stay_in_front() {
        let node = QNode {
            name: "t".to_owned(),
            op: crate::quantize::graph::QOp::L2Normalize,
            inputs: Vec::new(),
            output: crate::ir::ValueId::from_index(0),
        };
        assert_eq!(permutation(&node, &[0, 2, 1]).unwrap(), [0, 1, 3, 2]);
        assert_eq!(permutation(&node, &[0, 3, 1, 2]).unwrap(), [0, 3, 1, 2]);
        assert!(permutation(&node, &[0, 1, 2, 3, 4]).is_err());
    }
}
