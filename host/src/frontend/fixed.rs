//! Real numbers as fixed-point ones.
#![expect(
    clippy::as_conversions,
    reason = "float to integer saturates, which the callers' ranges rule out or want"
)]

use std::f64::consts::TAU;

/// `x * 2^bits`, rounded half away from zero, saturated.
pub(super) fn fixed(x: f64, bits: i32) -> i32 {
    (x * f64::from(bits).exp2()).round() as i32
}

/// `floor(x + 0.5)`, saturated to int16.
pub(super) fn round16(x: f64) -> i16 {
    (x + 0.5).floor() as i16
}

/// `x` as the reference's `float` becomes an integer: cut.
pub(super) fn truncate(x: f32) -> u32 {
    x as u32
}

/// A count as a float; exact below 2⁵³.
pub(super) fn real(count: usize) -> f64 {
    count as f64
}

/// The nearest `float`.
pub(super) fn narrow(x: f64) -> f32 {
    x as f32
}

/// `sin(2 pi k / points)` of a quarter of the circle, `points / 4 + 1` values.
pub(super) fn quarter(points: u32) -> impl Iterator<Item = f64> {
    (0..=points / 4).map(move |k| (TAU * f64::from(k) / f64::from(points)).sin())
}
