//! From products to outputs.

use super::{BLOCK, PRODUCT_WORDS, TILE};

/// 1/9 modulo 2^32.
const INVERSE_OF_9: i32 = 0x38e3_8e39;

/// Where two tiles and a block of channels lie in an output.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// `[out_h, out_w, out_c]` of the output.
    pub shape: [usize; 3],
    /// First row, inside the output.
    pub top: usize,
    /// First column, inside the output.
    pub left: usize,
    /// First channel, inside the output.
    pub channel: usize,
}

/// Transforms the sums of a block, makes results of them, and writes those that lie in the output:
/// `result(n, 64 · y)` is the result of channel `n` of the block for the sum of products `y`, whose
/// multiple is modulo 2^32.
///
/// # Panics
///
/// If the output is shorter than its shape.
#[inline]
pub fn finish(
    sums: &[i32; PRODUCT_WORDS],
    place: &Place,
    output: &mut [i8],
    result: impl Fn(usize, i32) -> i8,
) {
    let Place {
        shape: [out_h, out_w, out_c],
        top,
        left,
        channel,
    } = *place;
    let rows = (out_h - top).min(TILE);
    for n in 0..BLOCK.min(out_c - channel) {
        for tile in 0..2 {
            let left = left + TILE * tile;
            let columns = out_w.saturating_sub(left).min(TILE);
            if columns == 0 {
                continue;
            }
            let mut columns_of = [[0; 6]; TILE];
            for j in 0..6 {
                let column = back(core::array::from_fn(|i| {
                    sums[(i * 6 + j) * 2 * BLOCK + 2 * n + tile]
                }));
                for (row, value) in columns_of.iter_mut().zip(column) {
                    row[j] = value;
                }
            }
            let mut at = (top * out_w + left) * out_c + channel + n;
            for row in columns_of.into_iter().take(rows) {
                let own = output[at..].iter_mut().step_by(out_c);
                for (output, sum) in own.zip(back(row)).take(columns) {
                    *output = result(n, sum.wrapping_mul(INVERSE_OF_9));
                }
                at += out_w * out_c;
            }
        }
    }
}

/// `24 · Aᵀ` times a column, less the multiples that the rows of the filters' transform have:
/// `(6, -4, -4, 1, 1, 0)`, `(0, -4, 4, 2, -2, 0)`, `(0, -4, -4, 4, 4, 0)`, `(0, -4, 4, 8, -8, 24)`.
#[inline(always)]
fn back(m: [i32; 6]) -> [i32; TILE] {
    let (a, b) = (m[1].wrapping_add(m[2]), m[1].wrapping_sub(m[2]));
    let (c, d) = (m[3].wrapping_add(m[4]), m[3].wrapping_sub(m[4]));
    let six = |m: i32| m.wrapping_add(m << 1) << 1;
    [
        six(m[0]).wrapping_sub(a << 2).wrapping_add(c),
        d.wrapping_sub(b << 1) << 1,
        c.wrapping_sub(a) << 2,
        ((d << 1).wrapping_sub(b).wrapping_add(six(m[5]))) << 2,
    ]
}
