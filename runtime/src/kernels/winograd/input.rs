//! From inputs to transformed tiles.

#[cfg(all(target_arch = "arm", feature = "dsp"))]
mod dsp;

use super::{PATCH, PATCH_COLUMNS, PATCH_ROWS, POSITIONS, patch_words, transformed_words};

/// All signs of four bytes changed: int8 plus 128.
const SIGNS: i32 = i32::from_le_bytes([0x80; 4]);

/// Copies the patch whose first row and column are `top` and `left` (negative in the padding above
/// and left of the input) from an input `[in_h, in_w, in_c]`, `in_c` a multiple of 4, as `x + 128`.
/// Outside the input it is `fill`, the zero point.
///
/// # Panics
///
/// If `patch` is shorter than [`patch_words`] or `input` than its shape.
#[inline(never)]
pub fn gather(
    input: &[i8],
    [in_h, in_w, in_c]: [usize; 3],
    [top, left]: [isize; 2],
    fill: i8,
    patch: &mut [i32],
) {
    let (patch, _) = patch[..patch_words(in_c)].as_chunks_mut::<PATCH>();
    // Rows and columns of the patch that lie in the input: so many from the first on.
    let within = |from: isize, len: usize, most: usize| {
        let before = from.min(0).unsigned_abs().min(most);
        let first = usize::try_from(from).unwrap_or(0);
        let count = len.saturating_sub(first).min(most - before);
        (before, first, count)
    };
    let (above, first_row, rows) = within(top, in_h, PATCH_ROWS);
    let (before, first_column, columns) = within(left, in_w, PATCH_COLUMNS);
    if rows < PATCH_ROWS || columns < PATCH_COLUMNS {
        let fill = i32::from_le_bytes([fill.cast_unsigned(); 4]) ^ SIGNS;
        patch.fill([fill; PATCH]);
    }
    for row in 0..rows {
        let start = ((first_row + row) * in_w + first_column) * in_c;
        let pixels = input[start..][..columns * in_c].chunks_exact(in_c);
        for (at, pixel) in ((above + row) * PATCH_COLUMNS + before..).zip(pixels) {
            let (pixel, _) = pixel.as_chunks::<4>();
            for (patch, &four) in patch.iter_mut().zip(pixel) {
                patch[at] = i32::from_le_bytes(four.map(i8::cast_unsigned)) ^ SIGNS;
            }
        }
    }
}

/// `Bᵀ d B` of both tiles of a patch, for all channels, in the layout of [`transformed_words`].
///
/// # Panics
///
/// If `patch` is shorter than [`patch_words`] or `tiles` than [`transformed_words`].
pub fn transform(patch: &[i32], in_c: usize, tiles: &mut [i32]) {
    let (patch, _) = patch[..patch_words(in_c)].as_chunks();
    let (tiles, _) = tiles[..transformed_words(in_c)].as_chunks_mut();
    for (patch, tiles) in patch.iter().zip(tiles) {
        #[cfg(all(target_arch = "arm", feature = "dsp"))]
        dsp::four_channels(patch, tiles);
        #[cfg(not(all(target_arch = "arm", feature = "dsp")))]
        four_channels(patch, tiles);
    }
}

/// The definition, for four channels.
///
/// A word holds the numbers of two channels, the upper one times 2^16 plus the lower one, both of
/// either sign, so that sums, differences and products with small numbers are made of both at once;
/// only in the end does the lower one get its own 16 bits. Inputs in `0..=255` give numbers of at most
/// 25 500 in magnitude.
#[cfg_attr(
    all(target_arch = "arm", feature = "dsp"),
    expect(dead_code, reason = "its twin in assembly runs here")
)]
fn four_channels(patch: &[i32; PATCH], tiles: &mut [i32; 4 * POSITIONS]) {
    for (half, tile) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let mut columns = [[0; 6]; 6];
        for (j, column) in columns.iter_mut().enumerate() {
            *column = line(core::array::from_fn(|i| {
                let four = patch[i * PATCH_COLUMNS + tile * 4 + j];
                (four >> (8 * half)) & 0x00ff_00ff
            }));
        }
        for i in 0..6 {
            let row = line(core::array::from_fn(|j| columns[j][i]));
            for (j, pair) in row.into_iter().enumerate() {
                // What a negative lower number borrowed goes back to the upper one.
                let pair = pair.wrapping_add((pair & 0x8000) << 1);
                tiles[(half * POSITIONS + i * 6 + j) * 2 + tile] = pair;
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
