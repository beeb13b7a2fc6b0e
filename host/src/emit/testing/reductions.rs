//! Reductions, interpolations and normalizations from their definitions, as in `reference`.
#![expect(clippy::as_conversions, reason = "small numbers of random graphs")]

use super::reference::{Tensor, at, clamped, each_element, fixed, flat, scaled, zero_point};
use crate::ir::{Coordinates, Reduction};
use crate::quantize::graph::{QClamp, QOp, QValue};

pub(super) fn reduce(
    (from, x): (&QValue, &Tensor),
    output: &QValue,
    reduction: Reduction,
    (axes, clamp): (&[usize], &QClamp),
) -> Tensor {
    let count = axes.iter().map(|&axis| from.shape[axis]).product::<usize>() as i64;
    let (mut multiplier, mut shift) =
        fixed(f64::from(from.params.scale) / f64::from(output.params.scale));
    if reduction == Reduction::Mean {
        // As many bits as the count's highest, then the rest of the count.
        let bits = (0..).take_while(|&bits| 2i64 << bits <= count).count() as u32;
        multiplier = (multiplier << bits) / count;
        shift -= bits as i32;
    }
    each_element(output, |index| {
        let mut fixed = index.to_vec();
        if output.shape.len() < from.shape.len() {
            let mut sorted = axes.to_vec();
            sorted.sort_unstable();
            for axis in sorted {
                fixed.insert(axis, 0);
            }
        }
        let mut values = Vec::new();
        each_element(from, |at| {
            if (0..at.len()).all(|axis| axes.contains(&axis) || at[axis] == fixed[axis]) {
                1
            } else {
                0
            }
        })
        .iter()
        .zip(x)
        .filter(|(inside, _)| **inside == 1)
        .for_each(|(_, &x)| values.push(x));
        let result = match reduction {
            Reduction::Max => *values.iter().max().unwrap(),
            Reduction::Min => *values.iter().min().unwrap(),
            Reduction::Mean | Reduction::Sum => {
                let sum = values.iter().map(|x| x - zero_point(from)).sum();
                scaled(sum, multiplier, shift) + zero_point(output)
            }
        };
        clamped(result, clamp)
    })
}

/// Where the largest or smallest number along an axis is: the last of them, or the first.
pub(super) fn index_of_extreme(
    (from, x): (&QValue, &Tensor),
    output: &QValue,
    axis: usize,
    [largest, last]: [bool; 2],
) -> Tensor {
    each_element(output, |index| {
        let mut index = index.to_vec();
        if output.shape.len() < from.shape.len() {
            index.insert(axis, 0);
        }
        let place = |at: usize| {
            let index: Vec<usize> = [&index[..axis], &[at], &index[axis + 1..]].concat();
            let x = x[flat(&from.shape, &index)];
            let at = at as i64;
            // Pairs in the order of preference.
            (if largest { x } else { -x }, if last { at } else { -at })
        };
        let best = (0..from.shape[axis]).map(place).max().unwrap();
        best.1.abs()
    })
}

/// One output, from the weights of all inputs in 1024ths.
pub(super) fn resized(
    from: &QValue,
    x: &Tensor,
    output: &QValue,
    coordinates: [Coordinates; 2],
    index: &[usize],
) -> i64 {
    let weights = |axis: usize| -> Vec<i64> {
        let (inputs, outputs) = (from.shape[1 + axis] as i64, output.shape[1 + axis] as i64);
        let rounded = |a: i64, b: i64| (1024 * a + b / 2) / b;
        let position = match coordinates[axis] {
            Coordinates::AlignCorners if outputs > 1 => {
                index[1 + axis] as i64 * rounded(inputs - 1, outputs - 1)
            }
            Coordinates::AlignCorners => 0,
            Coordinates::Asymmetric => index[1 + axis] as i64 * rounded(inputs, outputs),
            Coordinates::HalfPixel => {
                let step = rounded(inputs, outputs);
                index[1 + axis] as i64 * step + step / 2 - 512
            }
        };
        let position = position.clamp(0, 1024 * (inputs - 1));
        (0..inputs)
            .map(|i| (1024 - (position - 1024 * i).abs()).max(0))
            .collect()
    };
    let (rows, columns) = (weights(0), weights(1));
    let mut sum = 0;
    for (y, row) in rows.iter().enumerate() {
        for (x_at, column) in columns.iter().enumerate() {
            sum += row * column * x[at(from, y, x_at, index[3])];
        }
    }
    sum.signum() * ((sum.abs() + (1 << 19)) >> 20)
}

pub(super) fn l2_normalize(from: &QValue, x: &Tensor) -> Tensor {
    let depth = *from.shape.last().unwrap();
    let real = |x: &i64| f64::from(i32::try_from(x - zero_point(from)).unwrap());
    let rows = x.chunks(depth).flat_map(|row| {
        let length = row.iter().map(|x| real(x) * real(x)).sum::<f64>().sqrt();
        row.iter().map(move |x| {
            (real(x) / length.max(1.0) * 128.0)
                .round()
                .clamp(-128.0, 127.0) as i64
        })
    });
    rows.collect()
}

pub(super) fn log_softmax(from: &QValue, x: &Tensor) -> Tensor {
    let depth = *from.shape.last().unwrap();
    let scale = f64::from(from.params.scale);
    let rows = x.chunks(depth).flat_map(|row| {
        let largest = *row.iter().max().unwrap();
        let real = move |x: &i64| f64::from(i32::try_from(x - largest).unwrap()) * scale;
        let log_sum = row.iter().map(|x| real(x).exp()).sum::<f64>().ln();
        row.iter().map(move |x| {
            (16.0 * (real(x) - log_sum) + 127.0)
                .round()
                .clamp(-128.0, 127.0) as i64
        })
    });
    rows.collect()
}

/// Whether the reference of an operator is real arithmetic, from which its kernel may be off by one.
pub(crate) fn is_real(op: &QOp) -> bool {
    matches!(op, QOp::Softmax { .. } | QOp::LogSoftmax | QOp::L2Normalize)
}
