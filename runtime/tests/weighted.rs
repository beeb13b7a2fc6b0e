//! Convolution, depthwise convolution and dense against textbook sums in wide integers.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::as_conversions,
    reason = "small numbers, and an oracle that several tests share"
)]

mod oracle;

use oracle::{Layer, NO_ACCUMULATE, NOWHERE, Random, grid, tap, window};
use tiivis_runtime::blob::*;
use tiivis_runtime::kernels;

fn conv2d(p: &Conv2d, input: &[i8], weights: &[i8], layer: &Layer) -> Vec<i8> {
    let w = &p.window;
    let (in_c, out_c) = (p.in_c as usize, p.out_c as usize);
    let (group_in, group_out) = (in_c / p.groups as usize, out_c / p.groups as usize);
    let mut output = Vec::new();
    for (y, x) in grid(w.out_h, w.out_w) {
        for o in 0..out_c {
            let mut sum = 0;
            for (i, j) in grid(w.kernel_h, w.kernel_w) {
                for c in 0..group_in {
                    let value = match tap(w, y, x, i, j) {
                        Some(pixel) => input[pixel * in_c + o / group_out * group_in + c].into(),
                        None => layer.input_zero_point,
                    };
                    let row = (o as u32 * w.kernel_h + i) * w.kernel_w + j;
                    let weight =
                        i32::from(weights[row as usize * group_in + c]) - layer.weights_zero_point;
                    sum += i128::from(value - layer.input_zero_point) * i128::from(weight);
                }
            }
            output.push(layer.finish(o, sum));
        }
    }
    output
}

/// Parameters, input and weights; every other one grouped, with at most so many channels of a group.
fn random_convolution(
    random: &mut Random,
    case: u32,
    [most_in, most_out]: [u32; 2],
) -> (Conv2d, Vec<i8>, Vec<i8>) {
    let window = window(random);
    let groups = if case.is_multiple_of(2) {
        1
    } else {
        random.extent(1, 3)
    };
    let (group_in, group_out) = (random.extent(1, most_in), random.extent(1, most_out));
    let p = Conv2d {
        input: NOWHERE,
        output: NOWHERE,
        weights: NOWHERE,
        window,
        in_c: group_in * groups,
        out_c: group_out * groups,
        groups,
        accumulate: NO_ACCUMULATE,
    };
    let input = random.values(window.in_h * window.in_w * p.in_c);
    let weights = random.values(p.out_c * window.kernel_h * window.kernel_w * group_in);
    (p, input, weights)
}

#[test]
fn convolution_equals_the_definition() {
    let mut random = Random::new(1);
    for case in 0..600 {
        let (p, input, weights) = random_convolution(&mut random, case, [6, 3]);
        let window = p.window;
        let mut layer = Layer::random(&mut random, p.out_c);
        if random.range(0, 2) == 0 {
            layer.weights_zero_point = random.int8().into();
        }
        let mut output = vec![55; (window.out_h * window.out_w * p.out_c) as usize];
        kernels::conv2d(&p, &input, &weights, &layer.channels(), &mut output);
        assert_eq!(output, conv2d(&p, &input, &weights, &layer), "{p:?}");
    }
}

#[test]
fn depthwise_equals_a_grouped_convolution() {
    let mut random = Random::new(2);
    for case in 0..600 {
        let window = window(&mut random);
        let in_c = random.extent(1, 11);
        let multiplier = if case % 2 == 0 {
            1
        } else {
            random.extent(1, 3)
        };
        let out_c = in_c * multiplier;
        let taps = window.kernel_h * window.kernel_w;
        let p = DepthwiseConv2d {
            input: NOWHERE,
            output: NOWHERE,
            weights: NOWHERE,
            window,
            in_c,
            multiplier,
            accumulate: NO_ACCUMULATE,
        };
        let grouped = Conv2d {
            input: NOWHERE,
            output: NOWHERE,
            weights: NOWHERE,
            window,
            in_c,
            out_c,
            groups: in_c,
            accumulate: NO_ACCUMULATE,
        };
        let input = random.values(window.in_h * window.in_w * in_c);
        let weights = random.values(taps * out_c);
        let reordered: Vec<i8> = grid(out_c, taps)
            .map(|(o, t)| weights[(t * out_c + o) as usize])
            .collect();
        let mut layer = Layer::random(&mut random, out_c);
        if random.range(0, 2) == 0 {
            layer.weights_zero_point = random.int8().into();
        }
        let mut output = vec![55; (window.out_h * window.out_w * out_c) as usize];
        kernels::depthwise_conv2d(&p, &input, &weights, &layer.channels(), &mut output);
        assert_eq!(
            output,
            conv2d(&grouped, &input, &reordered, &layer),
            "{p:?}"
        );
    }
}

#[test]
fn dense_equals_a_convolution_of_one_pixel() {
    let mut random = Random::new(3);
    for _ in 0..300 {
        let (rows, in_features, out_features) = (
            random.extent(1, 3),
            random.extent(1, 70),
            random.extent(1, 9),
        );
        let p = Dense {
            input: NOWHERE,
            output: NOWHERE,
            weights: NOWHERE,
            rows,
            in_features,
            out_features,
            accumulate: NO_ACCUMULATE,
        };
        let pixels = Conv2d {
            input: NOWHERE,
            output: NOWHERE,
            weights: NOWHERE,
            window: Window2d {
                in_h: rows,
                out_h: rows,
                in_w: 1,
                out_w: 1,
                kernel_h: 1,
                kernel_w: 1,
                stride_h: 1,
                stride_w: 1,
                dilation_h: 1,
                dilation_w: 1,
                pad_top: 0,
                pad_left: 0,
            },
            in_c: in_features,
            out_c: out_features,
            groups: 1,
            accumulate: NO_ACCUMULATE,
        };
        let input = random.values(rows * in_features);
        let weights = random.values(out_features * in_features);
        let mut layer = Layer::random(&mut random, out_features);
        if random.range(0, 2) == 0 {
            layer.weights_zero_point = random.int8().into();
        }
        let mut output = vec![55; (rows * out_features) as usize];
        kernels::dense(&p, &input, &weights, &layer.channels(), &mut output);
        assert_eq!(output, conv2d(&pixels, &input, &weights, &layer), "{p:?}");
    }
}

/// Scatters every input value, as TFLite does.
fn transpose_conv2d(p: &Conv2d, input: &[i8], weights: &[i8], layer: &Layer) -> Vec<i8> {
    let w = &p.window;
    let (in_c, out_c) = (p.in_c as usize, p.out_c as usize);
    let (group_in, group_out) = (in_c / p.groups as usize, out_c / p.groups as usize);
    let mut sums = vec![0i128; (w.out_h * w.out_w) as usize * out_c];
    for ((y, x), (i, j)) in grid(w.in_h, w.in_w)
        .flat_map(|pixel| grid(w.kernel_h, w.kernel_w).map(move |tap| (pixel, tap)))
    {
        let place = |at: u32, stride: u32, tap: u32, dilation: u32, pad: u32, extent: u32| {
            let to = i64::from(at * stride + tap * dilation) - i64::from(pad);
            (0..i64::from(extent)).contains(&to).then_some(to as usize)
        };
        let row = place(y, w.stride_h, i, w.dilation_h, w.pad_top, w.out_h);
        let column = place(x, w.stride_w, j, w.dilation_w, w.pad_left, w.out_w);
        let (Some(row), Some(column)) = (row, column) else {
            continue;
        };
        for o in 0..out_c {
            for c in 0..group_in {
                let from = (y * w.in_w + x) as usize * in_c + o / group_out * group_in + c;
                let tap = (o as u32 * w.kernel_h + i) * w.kernel_w + j;
                let value = i32::from(input[from]) - layer.input_zero_point;
                let product = value * i32::from(weights[tap as usize * group_in + c]);
                sums[(row * w.out_w as usize + column) * out_c + o] += i128::from(product);
            }
        }
    }
    let finish = |(at, &sum): (usize, &i128)| layer.finish(at % out_c, sum);
    sums.iter().enumerate().map(finish).collect()
}

#[test]
fn transposed_convolution_equals_scattering() {
    let mut random = Random::new(4);
    for case in 0..600 {
        let (p, input, weights) = random_convolution(&mut random, case, [80, 7]);
        let window = p.window;
        let layer = Layer::random(&mut random, p.out_c);
        let mut output = vec![55; (window.out_h * window.out_w * p.out_c) as usize];
        kernels::transpose_conv2d(&p, &input, &weights, &layer.channels(), &mut output);
        let expected = transpose_conv2d(&p, &input, &weights, &layer);
        assert_eq!(output, expected, "{p:?}");
    }
}

#[test]
fn matrix_products_equal_the_definition() {
    let mut random = Random::new(5);
    for _ in 0..600 {
        let (matrices, rows) = (random.extent(1, 3), random.extent(1, 4));
        let (depth, columns) = (random.extent(1, 150), random.extent(1, 20));
        let factor = |random: &mut Random| Factor {
            source: Source::Arena(NOWHERE),
            matrices: if random.range(0, 1) == 0 { 1 } else { matrices },
            transposed: random.range(0, 1) == 0,
            zero_point: random.int8().into(),
        };
        let (a, b) = (factor(&mut random), factor(&mut random));
        let bounds = (random.int8(), random.int8());
        let p = MatMul {
            a,
            b,
            output: NOWHERE,
            matrices,
            rows,
            depth,
            columns,
            output_scale: random.scale(-12, 3),
            output_zero_point: random.int8().into(),
            min: bounds.0.min(bounds.1).into(),
            max: bounds.0.max(bounds.1).into(),
        };
        let a_values = random.values(a.matrices * rows * depth);
        let b_values = random.values(b.matrices * depth * columns);
        let mut output = vec![55; (matrices * rows * columns) as usize];
        kernels::mat_mul(
            &p,
            kernels::Matrices::new(&a, &a_values, !a.transposed, rows, depth),
            kernels::Matrices::new(&b, &b_values, b.transposed, columns, depth),
            &mut output,
        );
        // `[major, minor]` of a matrix, whose axes are swapped if it is transposed.
        let at = |f: &Factor, values: &[i8], m: u32, [i, j]: [u32; 2], [h, w]: [u32; 2]| {
            let m = if f.matrices == 1 { 0 } else { m };
            let at = if f.transposed { j * h + i } else { i * w + j };
            i32::from(values[(m * h * w + at) as usize]) - f.zero_point
        };
        let mut expected = Vec::new();
        for m in 0..matrices {
            for (i, j) in grid(rows, columns) {
                let sum: i128 = (0..depth)
                    .map(|k| {
                        let x = at(&a, &a_values, m, [i, k], [rows, depth]);
                        let y = at(&b, &b_values, m, [k, j], [depth, columns]);
                        i128::from(x * y)
                    })
                    .sum();
                let Scale { multiplier, shift } = p.output_scale;
                let scaled = oracle::requantize(sum, multiplier, shift);
                let shifted = scaled + i128::from(p.output_zero_point);
                expected.push(shifted.clamp(p.min.into(), p.max.into()) as i8);
            }
        }
        assert_eq!(output, expected, "{p:?}");
    }
}

#[test]
fn the_longest_safe_accumulation_is_exact() {
    // 2^15 products of the largest size, which the compiler's bound allows.
    let x = vec![-128; 1 << 15];
    let w = vec![-128; 1 << 15];
    assert_eq!(kernels::dot(&x, &w, 127, 0), (255 * 128) << 15);
    // And an accumulator that overflows wraps instead of trapping.
    let x = vec![-128; 1 << 17];
    let w = vec![-128; 1 << 17];
    assert_eq!(
        kernels::dot(&x, &w, 127, 5),
        ((255i64 * 128) << 17) as i32 + 5
    );
}
