//! 3×3 convolution of stride 1 by Winograd's F(4×4, 3×3), exact in integers.
//!
//! `Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A` (Winograd 1980; Lavin & Gray 2016, arXiv 1509.09308) makes 4×4
//! outputs of a channel from 6×6 inputs with 36 multiplications instead of 144. The rows of `G` are
//! taken 4, -6, -6, 24, 24 and 1 times, which makes filters integers of 16 bits (`|U| ≤ 6223`); the
//! transformed inputs fit 16 bits too. The output transform multiplies by 24 over these, twice, and
//! so gets `576 · Y` modulo 2^32. With the inverse of 9 modulo 2^32 that is `64 · Y` modulo 2^32:
//! exact where `|Y| < 2^25`, whatever overflows on the way.
//!
//! Two tiles side by side are made at a time: 6 rows × 10 columns of input, 4 × 8 of output.

mod input;
mod output;
mod product;

pub use input::{gather, transform};
pub use output::{Channel, Place, finish};
pub use product::product;

/// Outputs of a tile along each axis.
pub const TILE: usize = 4;
/// Rows of a patch.
pub const PATCH_ROWS: usize = 6;
/// Columns of a patch, which two tiles share.
pub const PATCH_COLUMNS: usize = 10;
/// Inputs of a patch.
const PATCH: usize = PATCH_ROWS * PATCH_COLUMNS;
/// Values of a transformed tile.
pub const POSITIONS: usize = 36;
/// Output channels that are made at a time.
pub const BLOCK: usize = 4;

/// Words of a patch: `[four channels][row][column]`, inputs of int8.
#[must_use]
pub const fn patch_words(in_c: usize) -> usize {
    PATCH * in_c / 4
}

/// Words of two transformed tiles: `[pair of channels][position][tile]`, two int16 a word. Of each
/// four channels the first and third make a pair, and the second and fourth.
#[must_use]
pub const fn transformed_words(in_c: usize) -> usize {
    POSITIONS * in_c
}

/// Words of the products of a block of output channels: `[position][channel][tile]`, int32.
pub const PRODUCT_WORDS: usize = POSITIONS * BLOCK * 2;

/// Words that a convolution needs beside input and output: a patch, two tiles and the products of a
/// block.
#[must_use]
pub const fn scratch_words(in_c: usize) -> usize {
    patch_words(in_c) + transformed_words(in_c) + PRODUCT_WORDS
}

/// How many bytes after the start of the output the input must start, at least, if they overlap: then
/// nothing is overwritten that is still to be read. `input` and `output` are `[height, width,
/// channels]`, `pad` the rows and columns above and left of the input.
#[must_use]
pub fn lag_bytes(input: [usize; 3], output: [usize; 3], pad: [usize; 2]) -> usize {
    let [in_h, in_w, in_c] = input;
    let [out_h, out_w, out_c] = output;
    let mut lag = 0;
    for top in (0..out_h).step_by(TILE) {
        let row = |top: usize| top.saturating_sub(pad[0]).min(in_h) * in_w;
        let last_row = (top + TILE).min(out_h) - 1;
        for left in (0..out_w).step_by(2 * TILE) {
            let end = left + 2 * TILE;
            let written = last_row * out_w + end.min(out_w);
            // The first of all that is read later: in this row of tiles, or the next, which begins no
            // lower where both begin in the padding.
            let beside = row(top) + end.saturating_sub(pad[1]).min(in_w);
            let below = row(top + TILE);
            let read = match (end < out_w, top + TILE < out_h) {
                (true, true) => beside.min(below),
                (true, false) => beside,
                (false, true) => below,
                // Nothing: these are the last.
                (false, false) => continue,
            };
            lag = lag.max((written * out_c).saturating_sub(read * in_c));
        }
    }
    lag
}

/// Words of a block's transformed filters: `[position][pair of channels][output channel]`, two int16 a
/// word, paired as the inputs.
#[must_use]
pub const fn filter_words(in_c: usize) -> usize {
    POSITIONS * in_c / 2 * BLOCK
}
