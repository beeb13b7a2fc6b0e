//! The inner loop of convolutions and fully connected layers.
#![expect(clippy::as_conversions, reason = "a zero point of int8 range")]

/// Filters that are multiplied at a time: each value is loaded and freed of its zero point once for
/// all of them. Their sums are what fits a Cortex-M's registers.
const LANES: usize = 4;

/// `sums[n] += sum((x[i] - zero_point) * filters[n * filter_len + i])`, wrapping, over the length of
/// `x`, which is at most `filter_len`.
///
/// `zero_point` is in `-128..=127`, so that a factor fits nine bits and a product 17.
///
/// The difference is taken in 16 bits: a multiplier of 16-bit halves then does the rest (`PMADDWD`
/// on the host, four times as fast; `SMLABB` with DSP, as fast), at the cost of one `SXTH` per
/// value on cores without.
///
/// Not inlined: alone, it has the registers for its sums.
#[inline(never)]
pub(super) fn products(
    x: &[i8],
    filters: &[i8],
    filter_len: usize,
    zero_point: i32,
    sums: &mut [i32],
) {
    let mut filters = filters;
    let (blocks, rest) = sums.as_chunks_mut::<LANES>();
    for sums in blocks {
        let lanes: [&[i8]; LANES] = core::array::from_fn(|_| {
            let filter = &filters[..x.len()];
            filters = filters.get(filter_len..).unwrap_or_default();
            filter
        });
        dots(x, lanes, zero_point as i16, sums);
    }
    for sum in rest {
        *sum = dot(x, filters, zero_point, *sum);
        filters = filters.get(filter_len..).unwrap_or_default();
    }
}

/// Adds the products of `x` with each of the filters, which are as long.
#[inline]
fn dots(x: &[i8], filters: [&[i8]; LANES], zero_point: i16, sums: &mut [i32; LANES]) {
    let mut totals = *sums;
    let (quads, rest) = x.as_chunks();
    let filter_quads = filters.map(|filter| &filter.as_chunks().0[..quads.len()]);
    for (i, x) in quads.iter().enumerate() {
        multiply::<4>(
            x,
            filter_quads.map(|quads| &quads[i]),
            zero_point,
            &mut totals,
        );
    }
    let done = x.len() - rest.len();
    for (i, x) in (done..).zip(rest) {
        let values = filters.map(|filter| core::array::from_ref(&filter[i]));
        multiply(core::array::from_ref(x), values, zero_point, &mut totals);
    }
    *sums = totals;
}

#[inline]
fn multiply<const K: usize>(
    x: &[i8; K],
    filters: [&[i8; K]; LANES],
    zero_point: i16,
    totals: &mut [i32; LANES],
) {
    let x = x.map(|x| i16::from(x).wrapping_sub(zero_point));
    for (total, filter) in totals.iter_mut().zip(filters) {
        for (&x, &w) in x.iter().zip(filter) {
            *total = total.wrapping_add(i32::from(x) * i32::from(w));
        }
    }
}

/// `accumulator + sum((x[i] - zero_point) * w[i])`, wrapping, over the shorter length; see
/// [`products`].
#[inline]
#[must_use]
pub fn dot(x: &[i8], w: &[i8], zero_point: i32, accumulator: i32) -> i32 {
    let zero_point = zero_point as i16;
    x.iter().zip(w).fold(accumulator, |sum, (&x, &w)| {
        let x = i16::from(x).wrapping_sub(zero_point);
        sum.wrapping_add(i32::from(x) * i32::from(w))
    })
}
