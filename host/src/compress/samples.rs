//! Drawing samples from a data set.

/// `count` different indices below `len`, or all, in ascending order; the same for the same seed.
///
/// A partial Fisher-Yates shuffle over SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
pub(super) fn draw(len: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut indices: Vec<_> = (0..len).collect();
    if count >= len {
        return indices;
    }
    let mut state = seed;
    for at in 0..count {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let left = u64::try_from(len - at).expect("usize is at most 64 bits");
        let offset = usize::try_from(z % left).expect("less than a usize");
        indices.swap(at, at + offset);
    }
    indices.truncate(count);
    indices.sort_unstable();
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_a_set_of_its_size_and_depends_on_the_seed_alone() {
        let drawn = draw(100, 10, 7);
        assert_eq!(drawn.len(), 10);
        assert!(drawn.is_sorted() && drawn.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(drawn.iter().all(|&index| index < 100));
        assert_eq!(drawn, draw(100, 10, 7));
        assert_ne!(drawn, draw(100, 10, 8));
        assert_eq!(draw(3, 10, 7), [0, 1, 2]);
    }
}
