//! The pieces of the Winograd convolution, put together, against the sums by definition.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::as_conversions,
    reason = "an oracle that several tests share"
)]

mod oracle;

use oracle::Random;
use tiivis_runtime::blob::Rounding;
use tiivis_runtime::kernels::requantize;
use tiivis_runtime::kernels::winograd::{
    BLOCK, PRODUCT_WORDS, Place, TILE, filter_words, finish, gather, lag_bytes, patch_words,
    product, transform, transformed_words,
};

/// In `0..limit`.
fn below(random: &mut Random, limit: usize) -> usize {
    usize::try_from(random.range(0, i64::try_from(limit).expect("small") - 1))
        .expect("not negative")
}

/// At most `limit` in magnitude.
fn int32(random: &mut Random, limit: i32) -> i32 {
    i32::try_from(random.range(-i64::from(limit), limit.into())).expect("asked for")
}

/// All of int8, or its ends alone.
fn int8(random: &mut Random, ends: bool) -> i8 {
    match (ends, random.int8()) {
        (true, ..0) => -128,
        (true, _) => 127,
        (false, value) => value,
    }
}

/// `G g Gᵀ`, the rows of `G` times 4, -6, -6, 24, 24 and 1.
fn filter(g: [[i32; 3]; 3]) -> [[i16; 6]; 6] {
    let rows = [
        [1, 0, 0],
        [1, 1, 1],
        [1, -1, 1],
        [1, 2, 4],
        [1, -2, 4],
        [0, 0, 1],
    ];
    rows.map(|a| {
        rows.map(|b| {
            let sum: i32 = (0..9).map(|k| a[k / 3] * g[k / 3][k % 3] * b[k % 3]).sum();
            i16::try_from(sum).expect("49 times 128 at most")
        })
    })
}

/// The filters `[out_c, 3, 3, in_c]` in blocks of [`filter_words`]; channels that are not there are 0.
fn packed(weights: &[i8], [in_c, out_c]: [usize; 2]) -> Vec<i32> {
    let blocks = out_c.div_ceil(BLOCK);
    let mut words = vec![[0i16; 2]; blocks * filter_words(in_c)];
    for o in 0..out_c {
        for k in 0..in_c {
            let tap = |i: usize, j: usize| i32::from(weights[((o * 3 + i) * 3 + j) * in_c + k]);
            let transformed = filter([0, 1, 2].map(|i| [0, 1, 2].map(|j| tap(i, j))));
            let pair = k / 4 * 2 + k % 2;
            for (position, &value) in transformed.iter().flatten().enumerate() {
                let at = (position * in_c / 2 + pair) * BLOCK + o % BLOCK;
                words[o / BLOCK * filter_words(in_c) + at][k / 2 % 2] = value;
            }
        }
    }
    let word = |[low, high]: [i16; 2]| {
        let ([a, b], [c, d]) = (low.to_le_bytes(), high.to_le_bytes());
        i32::from_le_bytes([a, b, c, d])
    };
    words.into_iter().map(word).collect()
}

#[test]
fn results_are_exact_for_every_shape() {
    let mut random = Random::new(1);
    for round in 0..300 {
        let ends = round % 3 == 0;
        let [in_h, in_w] = [1 + below(&mut random, 11), 1 + below(&mut random, 13)];
        let [in_c, out_c] = [4 * (1 + below(&mut random, 5)), 1 + below(&mut random, 9)];
        let pads = [(); 4].map(|()| below(&mut random, 3));
        let [pad_top, pad_left, pad_bottom, pad_right] = pads;
        let out = |len: usize, pads: usize| (len + pads).checked_sub(2).filter(|&len| len > 0);
        let (Some(out_h), Some(out_w)) = (
            out(in_h, pad_top + pad_bottom),
            out(in_w, pad_left + pad_right),
        ) else {
            continue;
        };
        let input: Vec<i8> = (0..in_h * in_w * in_c)
            .map(|_| int8(&mut random, ends))
            .collect();
        let weights: Vec<i8> = (0..out_c * 9 * in_c)
            .map(|_| int8(&mut random, ends))
            .collect();
        let zero_point = int8(&mut random, ends);

        // What is added to the sums: also what the zero point and 128 more of each input make of them.
        let shifted = |o: usize| {
            let own = &weights[o * 9 * in_c..][..9 * in_c];
            let sum: i32 = own.iter().map(|&weight| i32::from(weight)).sum();
            sum * (128 + i32::from(zero_point))
        };
        let biases: Vec<i32> = (0..out_c).map(|_| int32(&mut random, 20_000)).collect();
        let rounding = [Rounding::Twin, Rounding::Double][round % 2];
        let out_zero_point = int32(&mut random, 128);
        let multipliers: Vec<i32> = (0..out_c)
            .map(|_| (1 << 30) + int32(&mut random, 1 << 29))
            .collect();
        let shifts: Vec<i32> = (0..out_c).map(|_| 8 + int32(&mut random, 4)).collect();
        let clamp = match below(&mut random, 3) {
            0 => [-100, 90],
            _ => [-128, 127],
        };
        let channel = |o: usize| {
            let o = o.min(out_c - 1);
            [
                shifts[o],
                64 * (biases[o] - shifted(o)),
                multipliers[o],
                (1 << (shifts[o] - 1)) + (out_zero_point << shifts[o]),
            ]
        };

        let filters = packed(&weights, [in_c, out_c]);
        let mut patch = vec![0x5555_5555; patch_words(in_c)];
        let mut tiles = vec![0x5555_5555; transformed_words(in_c)];
        let mut sums = [0x5555_5555; PRODUCT_WORDS];
        let mut found = vec![0x55; out_h * out_w * out_c];
        for top in (0..out_h).step_by(TILE) {
            for left in (0..out_w).step_by(2 * TILE) {
                let corner = |at: usize, pad: usize| {
                    isize::try_from(at).unwrap() - isize::try_from(pad).unwrap()
                };
                let corner = [corner(top, pad_top), corner(left, pad_left)];
                gather(&input, [in_h, in_w, in_c], corner, zero_point, &mut patch);
                transform(&patch, in_c, &mut tiles);
                for first in (0..out_c).step_by(BLOCK) {
                    let block = &filters[first / BLOCK * filter_words(in_c)..];
                    product(&tiles, block, in_c, &mut sums);
                    let place = Place {
                        shape: [out_h, out_w, out_c],
                        top,
                        left,
                        channel: first,
                    };
                    let channels = [0, 1, 2, 3].map(|n| channel(first + n));
                    finish(&sums, &channels, rounding, clamp, &place, &mut found);
                }
            }
        }
        for (at, found) in found.into_iter().enumerate() {
            let (y, x, o) = (at / out_c / out_w, at / out_c % out_w, at % out_c);
            let mut sum = biases[o];
            for tap in 0..9 {
                let row = (y + tap / 3).checked_sub(pad_top).filter(|&row| row < in_h);
                let column = (x + tap % 3).checked_sub(pad_left);
                let column = column.filter(|&column| column < in_w);
                let (Some(row), Some(column)) = (row, column) else {
                    continue;
                };
                for k in 0..in_c {
                    let value = input[(row * in_w + column) * in_c + k];
                    let weight = i32::from(weights[(o * 9 + tap) * in_c + k]);
                    sum += (i32::from(value) - i32::from(zero_point)) * weight;
                }
            }
            let expected = match rounding {
                Rounding::Double => {
                    let shift = i8::try_from(-shifts[o]).unwrap();
                    requantize(sum, multipliers[o], shift) + out_zero_point
                }
                Rounding::Twin => {
                    let product = 64 * i128::from(sum) * i128::from(multipliers[o]);
                    let high = product.div_euclid(1 << 32) + i128::from(channel(o)[3]);
                    i32::try_from(high.div_euclid(1 << shifts[o])).unwrap()
                }
            };
            let [min, max] = clamp.map(i32::from);
            let expected = expected.clamp(min, max);
            assert_eq!(
                i32::from(found),
                expected,
                "round {round}, output {y} {x} {o}"
            );
        }
    }
}

/// Which bytes of an input the tiles from one on read, and where all outputs before it were written.
#[test]
fn the_lag_leaves_everything_that_is_still_to_be_read() {
    let mut random = Random::new(2);
    for _ in 0..2000 {
        let input = [
            1 + below(&mut random, 14),
            1 + below(&mut random, 20),
            4 * (1 + below(&mut random, 3)),
        ];
        let pad = [below(&mut random, 7), below(&mut random, 7)];
        let output = [
            1 + below(&mut random, 14),
            1 + below(&mut random, 20),
            1 + below(&mut random, 14),
        ];
        let tiles: Vec<[usize; 2]> = (0..output[0])
            .step_by(TILE)
            .flat_map(|top| {
                (0..output[1])
                    .step_by(2 * TILE)
                    .map(move |left| [top, left])
            })
            .collect();
        let lag = lag_bytes(input, output, pad);
        // Of every tile: the first byte that it reads, and the end of what it writes.
        let first_read = |&[top, left]: &[usize; 2]| {
            let pixels = (top..top + 6).flat_map(|y| (left..left + 10).map(move |x| (y, x)));
            let inside = pixels.filter_map(|(y, x)| {
                let (y, x) = (y.checked_sub(pad[0])?, x.checked_sub(pad[1])?);
                (y < input[0] && x < input[1]).then_some((y * input[1] + x) * input[2])
            });
            inside.min()
        };
        let end = |&[top, left]: &[usize; 2]| {
            let last = (top + TILE).min(output[0]) - 1;
            (last * output[1] + (left + 2 * TILE).min(output[1])) * output[2]
        };
        for (at, tile) in tiles.iter().enumerate() {
            let later = tiles[at + 1..].iter().filter_map(first_read).min();
            // Input byte `i` lies at `lag + i` or higher.
            if let Some(read) = later {
                assert!(
                    end(tile) <= lag + read,
                    "{input:?} {output:?} {pad:?} {tile:?}"
                );
            }
        }
    }
}
