//! The inner loop of every layer with weights.

/// `accumulator + sum((x[i] - zero_point) * w[i])`, wrapping, over the shorter length.
///
/// `zero_point` is in `-128..=127`, so that a factor fits nine bits and a product 17.
#[inline]
#[must_use]
pub fn dot(x: &[i8], w: &[i8], zero_point: i32, accumulator: i32) -> i32 {
    x.iter().zip(w).fold(accumulator, |sum, (&x, &w)| {
        sum.wrapping_add((i32::from(x) - zero_point) * i32::from(w))
    })
}
