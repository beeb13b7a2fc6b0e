//! The inner loop of convolutions and fully connected layers.
#![expect(clippy::as_conversions, reason = "a zero point of int8 range")]

/// Values that are multiplied with the filters at a time.
pub(super) const PATCH: usize = 64;

/// Filters that are multiplied at a time, so that a value is loaded once for all of them: their
/// sums are what fits a Cortex-M's registers.
const LANES: usize = 4;

/// The values less their zero point, which is in `-128..=127`: nine bits.
pub(super) fn center(x: &[i8], zero_point: i32, centered: &mut [i16]) {
    for (centered, &x) in centered.iter_mut().zip(x) {
        *centered = i16::from(x).wrapping_sub(zero_point as i16);
    }
}

/// `sums[n] = start[n] + sum(x[i] * filters[n * filter_len + i])`, wrapping, over the length of `x`,
/// which is at most `filter_len`. Without `start`, what is in `sums` is added to. `x` is from
/// [`center`]: a product fits 17 bits.
///
/// Values of 16 bits let a multiplier of 16-bit halves do the rest (`PMADDWD` on the host, four
/// times as fast; `SMLABB` with DSP).
///
/// Not inlined: alone, it has the registers for its sums.
#[inline(never)]
pub(super) fn products(
    x: &[i16],
    filters: &[i8],
    filter_len: usize,
    start: Option<&[i32]>,
    sums: &mut [i32],
) {
    let filter = |n: usize| &filters[n * filter_len..][..x.len()];
    let mut n = 0;
    let (blocks, rest) = sums.as_chunks_mut::<LANES>();
    for sums in blocks {
        if let Some(start) = start {
            sums.copy_from_slice(&start[n..][..LANES]);
        }
        lanes(x, core::array::from_fn(|lane| filter(n + lane)), sums);
        n += LANES;
    }
    for sum in rest {
        let start = start.map_or(*sum, |start| start[n]);
        *sum = x.iter().zip(filter(n)).fold(start, |sum, (&x, &w)| {
            sum.wrapping_add(i32::from(x) * i32::from(w))
        });
        n += 1;
    }
}

/// Adds the products of `x` with each of the filters, which are as long.
#[inline]
fn lanes(x: &[i16], filters: [&[i8]; LANES], sums: &mut [i32; LANES]) {
    let mut totals = *sums;
    let (quads, rest) = x.as_chunks();
    let filter_quads = filters.map(|filter| &filter.as_chunks().0[..quads.len()]);
    for (i, x) in quads.iter().enumerate() {
        multiply::<4>(x, filter_quads.map(|quads| &quads[i]), &mut totals);
    }
    let done = x.len() - rest.len();
    for (i, x) in (done..).zip(rest) {
        let values = filters.map(|filter| core::array::from_ref(&filter[i]));
        multiply(core::array::from_ref(x), values, &mut totals);
    }
    *sums = totals;
}

#[inline]
fn multiply<const K: usize>(x: &[i16; K], filters: [&[i8; K]; LANES], totals: &mut [i32; LANES]) {
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
