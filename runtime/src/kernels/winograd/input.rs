//! From inputs to transformed tiles.
#![expect(
    unsafe_code,
    reason = "indices that the one check at the beginning proves"
)]
#![expect(clippy::as_conversions, reason = "halves of words")]

use super::{PATCH_COLUMNS, PATCH_ROWS, patch_words, transformed_words};

/// All signs of four bytes changed: int8 plus 128.
const SIGNS: u32 = 0x8080_8080;

/// Copies the patch whose first row and column are `top` and `left` (negative in the padding above
/// and left of the input) from an input `[in_h, in_w, in_c]`, `in_c` a multiple of 4, as `x + 128`.
/// Outside the input it is `fill`, the zero point.
///
/// # Panics
///
/// If `patch` is shorter than [`patch_words`] or `input` than its shape.
pub fn gather(
    input: &[i8],
    [in_h, in_w, in_c]: [usize; 3],
    [top, left]: [isize; 2],
    fill: i8,
    patch: &mut [u32],
) {
    let fill = u32::from_le_bytes([fill.cast_unsigned(); 4]) ^ SIGNS;
    let words = in_c / 4;
    let inside = |at: isize, len: usize| usize::try_from(at).ok().filter(|&at| at < len);
    // Columns of the patch that lie in the input: from `before` on, `columns` of them.
    let before = left.min(0).unsigned_abs().min(PATCH_COLUMNS);
    let first = usize::try_from(left).unwrap_or(0);
    let columns = in_w.saturating_sub(first).min(PATCH_COLUMNS - before);
    let rows = patch
        .chunks_exact_mut(PATCH_COLUMNS * words)
        .take(PATCH_ROWS);
    for (row, y) in rows.zip(top..) {
        let Some(y) = inside(y, in_h).filter(|_| columns > 0) else {
            row.fill(fill);
            continue;
        };
        let (outside, rest) = row.split_at_mut(before * words);
        outside.fill(fill);
        let (own, outside) = rest.split_at_mut(columns * words);
        outside.fill(fill);
        let from = &input[(y * in_w + first) * in_c..][..columns * in_c];
        let (from, _) = from.as_chunks::<4>();
        for (to, from) in own.iter_mut().zip(from) {
            *to = u32::from_le_bytes(from.map(i8::cast_unsigned)) ^ SIGNS;
        }
    }
}

/// `Bᵀ d B` of both tiles of a patch, for all channels, in the layout of [`transformed_words`].
///
/// A word holds the numbers of two channels, the upper one times 2^16 plus the lower one, both of
/// either sign, so that sums, differences and products with small numbers are made of both at once;
/// only in the end does the lower one get its own 16 bits. Inputs in `0..=255` give numbers of at most
/// 17 340 in magnitude.
///
/// # Panics
///
/// If `patch` is shorter than [`patch_words`] or `tiles` than [`transformed_words`].
pub fn transform(patch: &[u32], in_c: usize, tiles: &mut [u32]) {
    let words = in_c / 4;
    assert!(
        in_c % 4 == 0 && patch.len() >= patch_words(in_c) && tiles.len() >= transformed_words(in_c),
        "the patch and its transform have these channels"
    );
    for word in 0..words {
        for half in 0..2 {
            for tile in 0..2 {
                let mut columns = [[0; 6]; 6];
                for (j, column) in columns.iter_mut().enumerate() {
                    *column = line(core::array::from_fn(|i| {
                        let at = (i * PATCH_COLUMNS + tile * 4 + j) * words + word;
                        // SAFETY: i < 6, j < 6, tile < 2 and word < words, so that `at` is at most
                        // (5 · 10 + 4 + 5) · words + words - 1 < 60 · words = `patch_words`, which
                        // the patch has, as was checked above.
                        let four = unsafe { *patch.get_unchecked(at) };
                        ((four >> (8 * half)) & 0x00ff_00ff) as i32
                    }));
                }
                for i in 0..6 {
                    let row = line(core::array::from_fn(|j| columns[j][i]));
                    for (j, pair) in row.into_iter().enumerate() {
                        let pair = pair as u32;
                        // What a negative lower number borrowed goes back to the upper one.
                        let pair = pair.wrapping_add((pair & 0x8000) << 1);
                        let at = (i * 6 + j) * in_c + word * 4 + half * 2 + tile;
                        // SAFETY: `at` is at most 35 · in_c + in_c - 1 < 36 · in_c =
                        // `transformed_words`, which the tiles have, as was checked above.
                        unsafe { *tiles.get_unchecked_mut(at) = pair };
                    }
                }
            }
        }
    }
}

/// `Bᵀ` times a column: `(4, 0, -5, 0, 1, 0)`, `(0, -4, -4, 1, 1, 0)`, `(0, 4, -4, -1, 1, 0)`,
/// `(0, -2, -1, 2, 1, 0)`, `(0, 2, -1, -2, 1, 0)`, `(0, 4, 0, -5, 0, 1)`.
#[inline(always)]
fn line(d: [i32; 6]) -> [i32; 6] {
    let (a, b) = (d[4] - (d[2] << 2), d[3] - (d[1] << 2));
    let (c, e) = (d[4] - d[2], d[3] - d[1]);
    [
        c + ((d[0] - d[2]) << 2),
        a + b,
        a - b,
        c + (e << 1),
        c - (e << 1),
        (d[5] - d[3]) - (e << 2),
    ]
}
