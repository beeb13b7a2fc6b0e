//! The pieces of the Winograd convolution, put together, against the sums by definition.

use tiivis_runtime::kernels::winograd::{
    BLOCK, PRODUCT_WORDS, Place, TILE, filter_words, finish, gather, patch_words, product,
    transform, transformed_words,
};

/// xorshift32.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap() % limit
    }

    /// All of int8, or its ends alone.
    fn int8(&mut self, ends: bool) -> i8 {
        let value = i8::from_le_bytes([self.next().to_le_bytes()[1]]);
        match (ends, value < 0) {
            (true, true) => -128,
            (true, false) => 127,
            (false, _) => value,
        }
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
            i16::try_from(sum).unwrap()
        })
    })
}

/// The filters `[out_c, 3, 3, in_c]` in blocks of [`filter_words`]; channels that are not there are 0.
fn packed(weights: &[i8], [in_c, out_c]: [usize; 2]) -> Vec<u32> {
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
        u32::from_le_bytes([a, b, c, d])
    };
    words.into_iter().map(word).collect()
}

#[test]
fn sums_are_exact_for_every_shape() {
    let mut random = Random(0x1234_5677);
    for round in 0..300 {
        let ends = round % 3 == 0;
        let [in_h, in_w] = [1 + random.below(11), 1 + random.below(13)];
        let [in_c, out_c] = [4 * (1 + random.below(5)), 1 + random.below(9)];
        let pads = [(); 4].map(|()| random.below(3));
        let [pad_top, pad_left, pad_bottom, pad_right] = pads;
        let out = |len: usize, pads: usize| (len + pads).checked_sub(2).filter(|&len| len > 0);
        let (Some(out_h), Some(out_w)) = (
            out(in_h, pad_top + pad_bottom),
            out(in_w, pad_left + pad_right),
        ) else {
            continue;
        };
        let input: Vec<i8> = (0..in_h * in_w * in_c).map(|_| random.int8(ends)).collect();
        let weights: Vec<i8> = (0..out_c * 9 * in_c).map(|_| random.int8(ends)).collect();
        let zero_point = random.int8(ends);

        let filters = packed(&weights, [in_c, out_c]);
        let mut patch = vec![0x5555_5555; patch_words(in_c)];
        let mut tiles = vec![0x5555_5555; transformed_words(in_c)];
        let mut sums = [0x5555_5555; PRODUCT_WORDS];
        let found = std::cell::RefCell::new(vec![None; out_h * out_w * out_c]);
        for top in (0..out_h).step_by(TILE) {
            for left in (0..out_w).step_by(2 * TILE) {
                let corner = |at: usize, pad: usize| {
                    isize::try_from(at).unwrap() - isize::try_from(pad).unwrap()
                };
                let corner = [corner(top, pad_top), corner(left, pad_left)];
                gather(&input, [in_h, in_w, in_c], corner, zero_point, &mut patch);
                transform(&patch, in_c, &mut tiles);
                for channel in (0..out_c).step_by(BLOCK) {
                    let block = &filters[channel / BLOCK * filter_words(in_c)..];
                    product(&tiles, block, in_c, &mut sums);
                    let place = Place {
                        shape: [out_h, out_w, out_c],
                        top,
                        left,
                        channel,
                    };
                    let seen = std::cell::RefCell::new(Vec::new());
                    let mut output = vec![0i8; out_h * out_w * out_c];
                    finish(&sums, &place, &mut output, |n, sum| {
                        seen.borrow_mut().push((n, sum));
                        1
                    });
                    // Results come channel by channel, tile by tile, row by row.
                    let mut seen = seen.into_inner().into_iter();
                    for n in 0..BLOCK.min(out_c - channel) {
                        for tile in 0..2 {
                            for y in top..out_h.min(top + TILE) {
                                let first = left + TILE * tile;
                                for x in first..out_w.min(first + TILE) {
                                    let at = (y * out_w + x) * out_c + channel + n;
                                    let (own, sum) = seen.next().unwrap();
                                    assert_eq!((own, output[at]), (n, 1));
                                    output[at] = 0;
                                    assert_eq!(found.borrow_mut()[at].replace(sum), None);
                                }
                            }
                        }
                    }
                    assert!(seen.next().is_none() && output.iter().all(|&x| x == 0));
                }
            }
        }
        for (at, found) in found.into_inner().into_iter().enumerate() {
            let (y, x, o) = (at / out_c / out_w, at / out_c % out_w, at % out_c);
            let mut sum = 0;
            for tap in 0..9 {
                let row = (y + tap / 3).checked_sub(pad_top).filter(|&row| row < in_h);
                let column = (x + tap % 3).checked_sub(pad_left);
                let column = column.filter(|&column| column < in_w);
                for k in 0..in_c {
                    let value = match (row, column) {
                        (Some(row), Some(column)) => input[(row * in_w + column) * in_c + k],
                        _ => zero_point,
                    };
                    // Inputs enter plus 128.
                    let weight = i32::from(weights[(o * 9 + tap) * in_c + k]);
                    sum += (i32::from(value) + 128) * weight;
                }
            }
            assert_eq!(found, Some(64 * sum), "round {round}, output {y} {x} {o}");
        }
    }
}
