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

/// `sums[n] = start[n] + sum(x[i] * filters[n * filter_len + at + i])`, wrapping, over the length of
/// `x`; `at` and that length are at most `filter_len`. Without `start`, what is in `sums` is added
/// to. `x` is from [`center`]: a product fits 17 bits.
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
    at: usize,
    start: Option<&[i32]>,
    sums: &mut [i32],
) {
    let mut filters = filters;
    let mut next = || {
        let (filter, after) = filters.split_at(filter_len);
        filters = after;
        &filter[at..][..x.len()]
    };
    let mut n = 0;
    let (blocks, rest) = sums.as_chunks_mut::<LANES>();
    for sums in blocks {
        let start = start.and_then(|start| start[n..].first_chunk());
        let filters = [next(), next(), next(), next()];
        *sums = lanes(x, filters, start.unwrap_or(sums));
        n += LANES;
    }
    for sum in rest {
        let start = start.map_or(*sum, |start| start[n]);
        *sum = x
            .iter()
            .zip(next())
            .fold(start, |sum, (&x, &w)| multiply(sum, x, w));
        n += 1;
    }
}

/// Takes `sum(x[i]) * zero_point` from every sum: what the zero point of the weights adds to the
/// [`products`] with `x`.
#[inline(never)]
pub(super) fn subtract_zero_point(x: &[i16], zero_point: i32, sums: &mut [i32]) {
    let sum = x.iter().fold(0, |sum: i32, &x| sum.wrapping_add(x.into()));
    let excess = sum.wrapping_mul(zero_point);
    for sum in sums {
        *sum = sum.wrapping_sub(excess);
    }
}

/// The sums of `start` and of the products of `x` with each of the filters, which are as long.
///
/// Written out, because lanes in an array are not always kept in registers.
#[inline(always)]
fn lanes(x: &[i16], [a, b, c, d]: [&[i8]; LANES], start: &[i32; LANES]) -> [i32; LANES] {
    let [mut sum_a, mut sum_b, mut sum_c, mut sum_d] = *start;
    let (x, x_rest) = x.as_chunks::<4>();
    let (a, a_rest) = a.as_chunks::<4>();
    let (b, b_rest) = b.as_chunks::<4>();
    let (c, c_rest) = c.as_chunks::<4>();
    let (d, d_rest) = d.as_chunks::<4>();
    for ((&x, (&a, &b)), (&c, &d)) in x.iter().zip(a.iter().zip(b)).zip(c.iter().zip(d)) {
        sum_a = multiply_quad(sum_a, x, a);
        sum_b = multiply_quad(sum_b, x, b);
        sum_c = multiply_quad(sum_c, x, c);
        sum_d = multiply_quad(sum_d, x, d);
    }
    let rest = x_rest
        .iter()
        .zip(a_rest.iter().zip(b_rest))
        .zip(c_rest.iter().zip(d_rest));
    for ((&x, (&a, &b)), (&c, &d)) in rest {
        sum_a = multiply(sum_a, x, a);
        sum_b = multiply(sum_b, x, b);
        sum_c = multiply(sum_c, x, c);
        sum_d = multiply(sum_d, x, d);
    }
    [sum_a, sum_b, sum_c, sum_d]
}

#[inline(always)]
fn multiply_quad(sum: i32, [x0, x1, x2, x3]: [i16; 4], [w0, w1, w2, w3]: [i8; 4]) -> i32 {
    let sum = multiply(multiply(sum, x0, w0), x1, w1);
    multiply(multiply(sum, x2, w2), x3, w3)
}

#[inline(always)]
fn multiply(sum: i32, x: i16, w: i8) -> i32 {
    sum.wrapping_add(i32::from(x) * i32::from(w))
}

/// `accumulator + sum((x[i] - zero_point) * w[i])`, wrapping, over the shorter length; see
/// `products`.
#[inline]
#[must_use]
pub fn dot(x: &[i8], w: &[i8], zero_point: i32, accumulator: i32) -> i32 {
    let zero_point = zero_point as i16;
    x.iter().zip(w).fold(accumulator, |sum, (&x, &w)| {
        let x = i16::from(x).wrapping_sub(zero_point);
        sum.wrapping_add(i32::from(x) * i32::from(w))
    })
}
