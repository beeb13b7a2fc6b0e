//! The inner loop of every layer with weights.
#![expect(clippy::as_conversions, reason = "a zero point of int8 range")]

/// `accumulator + sum((x[i] - zero_point) * w[i])`, wrapping, over the shorter length.
///
/// `zero_point` is in `-128..=127`, so that a factor fits nine bits and a product 17.
///
/// The difference is taken in 16 bits: a multiplier of 16-bit halves then does the rest (`PMADDWD`
/// on the host, four times as fast; `SMLABB` with DSP, as fast), at the cost of one `SXTH` per
/// product on cores without.
#[inline]
#[must_use]
pub fn dot(x: &[i8], w: &[i8], zero_point: i32, accumulator: i32) -> i32 {
    let zero_point = zero_point as i16;
    x.iter().zip(w).fold(accumulator, |sum, (&x, &w)| {
        let x = i16::from(x).wrapping_sub(zero_point);
        sum.wrapping_add(i32::from(x) * i32::from(w))
    })
}
