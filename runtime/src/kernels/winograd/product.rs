//! Transformed inputs times transformed filters, summed over channels.

#[cfg(all(target_arch = "arm", feature = "dsp"))]
mod dsp;

use super::{BLOCK, POSITIONS, PRODUCT_WORDS, filter_words, transformed_words};

/// The sums over all input channels of the products at every position, for two tiles and a block of
/// four output channels, modulo 2^32.
///
/// # Panics
///
/// If `tiles` is shorter than [`transformed_words`] or `filters` than [`filter_words`].
pub fn product(tiles: &[i32], filters: &[i32], in_c: usize, sums: &mut [i32; PRODUCT_WORDS]) {
    let tiles = &tiles[..transformed_words(in_c)];
    let filters = &filters[..filter_words(in_c)];
    #[cfg(all(target_arch = "arm", feature = "dsp"))]
    dsp::product(tiles, filters, sums);
    #[cfg(not(all(target_arch = "arm", feature = "dsp")))]
    portable(tiles, filters, sums);
}

/// The definition.
#[cfg_attr(
    all(target_arch = "arm", feature = "dsp"),
    expect(dead_code, reason = "its twin in assembly runs here")
)]
fn portable(tiles: &[i32], filters: &[i32], sums: &mut [i32; PRODUCT_WORDS]) {
    let (tiles, _) = tiles.as_chunks::<2>();
    let pairs = tiles.len() / POSITIONS;
    let (sums, _) = sums.as_chunks_mut::<{ 2 * BLOCK }>();
    let positions = filters.chunks_exact(BLOCK * pairs).zip(sums);
    for (position, (filters, sums)) in positions.enumerate() {
        *sums = [0; 2 * BLOCK];
        let (filters, _) = filters.as_chunks::<BLOCK>();
        let tiles = tiles.iter().skip(position).step_by(POSITIONS);
        for (tiles, filters) in tiles.zip(filters) {
            for (channel, &filter) in filters.iter().enumerate() {
                for (tile, &values) in tiles.iter().enumerate() {
                    let sum = &mut sums[2 * channel + tile];
                    *sum = sum.wrapping_add(dual_product(values, filter));
                }
            }
        }
    }
}

/// `a.low * b.low + a.high * b.high` of halves of 16 bits: `SMUAD`, which wraps.
fn dual_product(a: i32, b: i32) -> i32 {
    let halves = |word: i32| {
        let [a, b, c, d] = word.to_le_bytes();
        [i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d])].map(i32::from)
    };
    let ([a, b], [c, d]) = (halves(a), halves(b));
    (a * c).wrapping_add(b * d)
}
