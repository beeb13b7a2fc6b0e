//! Reductions, indices of extremes and interpolation against their definitions, normalizations
//! against real arithmetic.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::as_conversions,
    reason = "small numbers, and an oracle that several tests share"
)]

mod oracle;

use oracle::{NOWHERE, Random, requantize};
use tiivis_runtime::blob::*;
use tiivis_runtime::kernels;

fn shape(random: &mut Random) -> [u32; 5] {
    // Wide enough for every way through the lanes.
    [3, 4, 3, 5, 11].map(|most| random.extent(1, most))
}

/// The values over the reduced axes, for each output.
fn reduced(shape: [u32; 5], input: &[i8]) -> Vec<Vec<i8>> {
    let [a, b, c, d, e] = shape.map(|extent| extent as usize);
    let mut outputs = vec![Vec::new(); a * c * e];
    for (index, &value) in input.iter().enumerate() {
        let (k, index) = (index % e, index / e);
        let (_, index) = (index % d, index / d);
        let (j, index) = (index % c, index / c);
        let i = index / b;
        outputs[(i * c + j) * e + k].push(value);
    }
    outputs
}

#[test]
fn sums_and_extremes_over_axes() {
    let mut random = Random::new(11);
    for case in 0..600 {
        let shape = shape(&mut random);
        let input = random.values(shape.iter().product());
        let rescale = Rescale {
            input_zero_point: random.int8().into(),
            output_zero_point: random.int8().into(),
            scale: random.scale(-12, 3),
        };
        let reduction = match case % 3 {
            0 => Reduction::Max,
            1 => Reduction::Min,
            _ => Reduction::Sum(rescale),
        };
        let (a, b) = (random.int8(), random.int8());
        let wide = random.extent(0, 1) == 0;
        let params = Reduce {
            input: NOWHERE,
            output: NOWHERE,
            shape,
            reduction,
            min: if wide { -128 } else { a.min(b).into() },
            max: if wide { 127 } else { a.max(b).into() },
        };
        let expected = reduced(shape, &input).into_iter().map(|values| {
            let values = values.into_iter().map(i128::from);
            let result = match reduction {
                Reduction::Max => values.max().expect("not empty"),
                Reduction::Min => values.min().expect("not empty"),
                Reduction::Sum(Rescale {
                    input_zero_point,
                    output_zero_point,
                    scale,
                }) => {
                    let sum = values.map(|x| x - i128::from(input_zero_point)).sum();
                    requantize(sum, scale.multiplier, scale.shift) + i128::from(output_zero_point)
                }
            };
            result.clamp(params.min.into(), params.max.into()) as i8
        });
        let expected: Vec<i8> = expected.collect();
        let mut output = vec![55; expected.len()];
        kernels::reduce(&params, &input, &mut output);
        assert_eq!(output, expected, "{params:?}");
    }
}

#[test]
fn the_first_or_last_extreme_counts() {
    let mut random = Random::new(12);
    for case in 0..300 {
        let shape = [3, 9, 4].map(|most| random.extent(1, most));
        let [outer, extent, inner] = shape.map(|extent| extent as usize);
        // Few distinct values, so that there are many ties.
        let input: Vec<i8> = (0..outer * extent * inner)
            .map(|_| [-128, -1, 0, 127][random.extent(0, 3) as usize])
            .collect();
        let params = ArgExtreme {
            input: NOWHERE,
            output: NOWHERE,
            shape,
            largest: case % 2 == 0,
            last: case % 4 < 2,
        };
        let mut output = vec![55; outer * inner * 4];
        kernels::arg_extreme(&params, &input, &mut output);
        for (at, bytes) in output.chunks_exact(4).enumerate() {
            let (o, c) = (at / inner, at % inner);
            let along: Vec<i8> = (0..extent)
                .map(|k| input[(o * extent + k) * inner + c])
                .collect();
            let best = if params.largest {
                along.iter().max()
            } else {
                along.iter().min()
            };
            let mut is_best = |x: &i8| Some(x) == best;
            let expected = if params.last {
                along.iter().rposition(&mut is_best)
            } else {
                along.iter().position(&mut is_best)
            };
            let found = i32::from_le_bytes([0, 1, 2, 3].map(|i| bytes[i] as u8));
            assert_eq!(Some(found as usize), expected, "{params:?}");
        }
    }
}

#[test]
fn interpolation_weighs_by_nearness() {
    let mut random = Random::new(13);
    for _ in 0..300 {
        let mut axis = || Resample {
            inputs: random.extent(1, 6),
            outputs: random.extent(1, 9),
            step: random.range(0, 2100) as i32,
            first: random.range(-512, 600) as i32,
        };
        let (rows, columns) = (axis(), axis());
        let channels = random.extent(1, 3);
        let params = ResizeBilinear {
            input: NOWHERE,
            output: NOWHERE,
            rows,
            columns,
            channels,
        };
        let input = random.values(rows.inputs * columns.inputs * channels);
        let mut output = vec![55; (rows.outputs * columns.outputs * channels) as usize];
        kernels::resize_bilinear(&params, &input, &mut output);
        for (at, &found) in output.iter().enumerate() {
            let at = at as u32;
            let (c, x, y) = (
                at % channels,
                at / channels % columns.outputs,
                at / channels / columns.outputs,
            );
            let position = |axis: &Resample, i: u32| {
                let at = i64::from(i) * i64::from(axis.step) + i64::from(axis.first);
                at.clamp(0, i64::from(axis.inputs - 1) * 1024) as f64 / 1024.0
            };
            let (y, x) = (position(&rows, y), position(&columns, x));
            let mut sum = 0.0;
            for (i, &value) in input.iter().enumerate() {
                let i = i as u32;
                let (of, j, k) = (
                    i % channels,
                    i / channels % columns.inputs,
                    i / channels / columns.inputs,
                );
                let near = |a: f64, b: u32| (1.0 - (a - f64::from(b)).abs()).max(0.0);
                if of == c {
                    // Exact: products of 10-bit fractions.
                    sum += f64::from(value) * near(y, k) * near(x, j);
                }
            }
            assert_eq!(f64::from(found), sum.round(), "{params:?}");
        }
    }
}

#[test]
fn normalized_vectors_are_near_the_real_ones() {
    let mut random = Random::new(14);
    for _ in 0..2000 {
        let (depth, zero_point) = (random.extent(1, 40), i32::from(random.int8()));
        let input = random.values(depth);
        let mut output = input.clone();
        kernels::l2_normalize(zero_point, depth as usize, &mut output);
        let real: Vec<f64> = input
            .iter()
            .map(|&x| f64::from(i32::from(x) - zero_point))
            .collect();
        let length = real.iter().map(|x| x * x).sum::<f64>().sqrt();
        for (&found, x) in output.iter().zip(&real) {
            let expected = if length == 0.0 {
                0.0
            } else {
                x / length * 128.0
            };
            let expected = expected.clamp(-128.0, 127.0);
            // Rounded twice, the first time to a half at the finest.
            assert!(
                (f64::from(found) - expected).abs() < 0.76,
                "{found} {expected}"
            );
        }
    }
}

#[test]
fn logarithms_of_softmax_are_near_the_real_ones() {
    let mut random = Random::new(15);
    for _ in 0..2000 {
        let depth = random.extent(1, 60);
        let input = random.values(depth);
        // A scale of 2^-6 to 2^-2, as TFLite prepares it.
        let fraction = random.range(1 << 30, i32::MAX.into()) as i32;
        let left = random.extent(20, 24);
        let scale = f64::from(fraction) / 2f64.powi(31) * 2f64.powi(left as i32 - 26);
        let table: Vec<i32> = (0..=u8::MAX)
            .map_while(|d| kernels::table_entry(d, fraction, left))
            .collect();
        let inverse = 2f64.powi(31 - left as i32) / f64::from(fraction);
        let shift = inverse.log2().floor() as i8 + 1;
        let params = LogSoftmax {
            input: NOWHERE,
            output: NOWHERE,
            rows: 1,
            depth,
            table: NOWHERE,
            scale: Scale {
                multiplier: fraction,
                shift: left as i8,
            },
            inverse: Scale {
                multiplier: (inverse * 2f64.powi(31 - i32::from(shift))) as i32,
                shift,
            },
            least: -((31 << 26) >> left),
        };
        let mut output = input.clone();
        kernels::log_softmax(&params, &table, depth as usize, &mut output);
        let largest = f64::from(*input.iter().max().expect("not empty"));
        let exp = |x: &i8| ((f64::from(*x) - largest) * scale).exp();
        let log_sum = input.iter().map(exp).sum::<f64>().ln();
        for (&found, &x) in output.iter().zip(&input) {
            let log = (f64::from(x) - largest) * scale - log_sum;
            let expected = (log * 16.0 + 127.0).max(-128.0);
            assert!(
                (f64::from(found) - expected).abs() < 0.7,
                "{found} {expected}"
            );
        }
    }
}

#[test]
fn no_sum_of_exponentials_overflows_the_logarithm() {
    // One entry of the table, as often as it takes to reach every size of the sum.
    let params = LogSoftmax {
        input: NOWHERE,
        output: NOWHERE,
        rows: 1,
        depth: 1,
        table: NOWHERE,
        scale: Scale {
            multiplier: 1 << 30,
            shift: 23,
        },
        inverse: Scale {
            multiplier: 1 << 30,
            shift: -21,
        },
        least: -248,
    };
    for depth in (1..6000).step_by(7) {
        let mut values = vec![3; depth];
        kernels::log_softmax(&params, &[i32::MAX], depth, &mut values);
        let expected = 127.0 - 16.0 * (depth.min(4096) as f64).ln();
        assert!(
            (f64::from(values[0]) - expected.max(-128.0)).abs() < 0.7,
            "{depth}"
        );
    }
}
