//! The inner loop of every layer with weights.
#![expect(clippy::as_conversions, reason = "a zero point of int8 range")]

/// Output channels that are summed at a time, so that each value is loaded and freed of its zero
/// point once for all of them. Their sums and filters are what fits a Cortex-M's registers.
pub(super) const LANES: usize = 4;

/// `sums[n] += sum((x[i] - zero_point) * filters[n][i])`, wrapping, over the length of `x`; the
/// filters are at least as long.
///
/// `zero_point` is in `-128..=127`, so that a factor fits nine bits and a product 17.
///
/// The difference is taken in 16 bits: a multiplier of 16-bit halves then does the rest (`PMADDWD`
/// on the host, four times as fast; `SMLABB` with DSP, as fast), at the cost of one `SXTH` per
/// value on cores without.
#[inline]
pub(super) fn dots<const N: usize>(
    x: &[i8],
    filters: [&[i8]; N],
    zero_point: i32,
    sums: &mut [i32; N],
) {
    let zero_point = zero_point as i16;
    let filters = filters.map(|filter| &filter[..x.len()]);
    for (i, &x) in x.iter().enumerate() {
        let x = i16::from(x).wrapping_sub(zero_point);
        for (sum, filter) in sums.iter_mut().zip(filters) {
            *sum = sum.wrapping_add(i32::from(x) * i32::from(filter[i]));
        }
    }
}

/// `N` filters of `filter_len` values one after the other, each from its value `from` on.
#[inline]
pub(super) fn lanes<const N: usize>(
    mut filters: &[i8],
    filter_len: usize,
    from: usize,
) -> [&[i8]; N] {
    filters = &filters[from..];
    core::array::from_fn(|lane| {
        let filter = filters;
        if lane + 1 < N {
            filters = &filters[filter_len..];
        }
        filter
    })
}

/// `accumulator + sum((x[i] - zero_point) * w[i])`, wrapping, over the length of `x`; `w` is at
/// least as long. `zero_point` is in `-128..=127`.
#[inline]
#[must_use]
pub fn dot(x: &[i8], w: &[i8], zero_point: i32, accumulator: i32) -> i32 {
    let mut sums = [accumulator];
    dots(x, [w], zero_point, &mut sums);
    let [sum] = sums;
    sum
}
