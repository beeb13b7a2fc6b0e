//! The inner loop of convolutions and fully connected layers.
#![expect(clippy::as_conversions, reason = "a zero point of int8 range")]

/// `sums[n] += sum((x[i] - zero_point) * filters[n * filter_len + i])`, wrapping, over the length of
/// `x`, which is at most `filter_len`.
///
/// `zero_point` is in `-128..=127`, so that a factor fits nine bits and a product 17.
///
/// The difference is taken in 16 bits: a multiplier of 16-bit halves then does the rest (`PMADDWD`
/// on the host, four times as fast; `SMLABB` with DSP, as fast), at the cost of one `SXTH` per
/// value on cores without.
///
/// Not inlined: alone, it has the registers for its sums and pointers.
#[inline(never)]
pub(super) fn dots<const N: usize>(
    x: &[i8],
    filters: &[i8],
    filter_len: usize,
    zero_point: i32,
    sums: &mut [i32; N],
) {
    let zero_point = zero_point as i16;
    let mut rest = filters;
    let filters: [&[i8]; N] = core::array::from_fn(|lane| {
        if lane > 0 {
            rest = &rest[filter_len..];
        }
        &rest[..x.len()]
    });
    let mut totals = *sums;
    let (quads, rest) = x.as_chunks();
    let filter_quads = filters.map(|filter| &filter.as_chunks::<4>().0[..quads.len()]);
    for (i, x) in quads.iter().enumerate() {
        add(
            &mut totals,
            x,
            filter_quads.map(|quads| &quads[i]),
            zero_point,
        );
    }
    let done = x.len() - rest.len();
    for (i, &x) in (done..).zip(rest) {
        add(
            &mut totals,
            &[x],
            filters.map(|filter| core::array::from_ref(&filter[i])),
            zero_point,
        );
    }
    *sums = totals;
}

#[inline]
fn add<const N: usize, const K: usize>(
    totals: &mut [i32; N],
    x: &[i8; K],
    filters: [&[i8; K]; N],
    zero_point: i16,
) {
    let x = x.map(|x| i16::from(x).wrapping_sub(zero_point));
    for (total, filter) in totals.iter_mut().zip(filters) {
        for (x, &w) in x.iter().zip(filter) {
            *total = total.wrapping_add(i32::from(*x) * i32::from(w));
        }
    }
}

/// `accumulator + sum((x[i] - zero_point) * w[i])`, wrapping, over the length of `x`; `w` is at
/// least as long. `zero_point` is in `-128..=127`.
#[must_use]
pub fn dot(x: &[i8], w: &[i8], zero_point: i32, accumulator: i32) -> i32 {
    let mut sums = [accumulator];
    dots(x, w, w.len(), zero_point, &mut sums);
    let [sum] = sums;
    sum
}
